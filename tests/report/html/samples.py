"""Reports with everything that a page draws: spreads, pairs of layers, roles by layer, stages, spectra."""

from __future__ import annotations

from dataclasses import replace

from lineage_audit.results import (
    Asked,
    Behaviour,
    CertificateLink,
    ControlLean,
    DeltaSpectrum,
    Evidence,
    ExplainedStage,
    FamilyTree,
    Identification,
    LayerPairs,
    LayerRow,
    LayerSource,
    MergedPart,
    NullSpread,
    Operation,
    Relative,
    Report,
    RoleLayer,
    Share,
    TreeEdge,
    TreeModel,
    UnknownAncestor,
    Unmixing,
    WeightsBeside,
)
from tests.report.samples import DERIVED, FINE_TUNE, INCONCLUSIVE, INDEPENDENT, PARENT, RENAMED, UPSCALED

ROLES = ("q", "k", "v", "o", "gate", "up", "down")


def _spread(test: Evidence) -> Evidence:
    """A measured test with the spread that its statistic and p-value imply."""
    if test.statistic is None or test.log10_p is None:
        return test
    if "fixed" in test.test_id:
        return replace(test, spread=NullSpread("fixed-points", 32.0))
    return replace(test, spread=NullSpread("sign-sum", test.statistic / max(0.3, (-4.605 * test.log10_p) ** 0.5)))


def _cells(layers: int, correlation: float) -> tuple[RoleLayer, ...]:
    return tuple(
        RoleLayer(role, layer, correlation - 0.001 * layer - 0.01 * number)
        for layer in range(layers)
        for number, role in enumerate(ROLES)
    )


def _pairs(sources: list[int], of_a: int, cosine: float) -> LayerPairs:
    rows = tuple(tuple(cosine if a == source else 0.004 for a in range(of_a)) for source in sources)
    return LayerPairs(tuple(range(of_a)), tuple(range(len(sources))), rows)


SPECTRA = tuple(
    DeltaSpectrum(role, 3, (*(0.05 / (n + 1) for n in range(8)), *(2e-5 - 1e-7 * n for n in range(14))), 4e-5, 8)
    for role in ("q", "v")
)

TUNED = replace(
    DERIVED,
    certificate=CertificateLink(
        "ab.json shows that the two are not independent (log10 p ≤ -90.1, rule values-in-place/1); verify it with them",
        "ab.json",
        "0123456789abcdef" * 4,
        "values-in-place/1",
        "exact",
        -90.1,
        "auditor@example.org",
    ),
    evidence=tuple(map(_spread, DERIVED.evidence)),
    weights=replace(
        DERIVED.weights,
        cells=_cells(8, 0.99),
        layer_pairs=_pairs(list(range(8)), 8, 0.98),
        stages=(ExplainedStage("in-place", 1.0, 0.412), ExplainedStage("moved", 1.0, 0.986)),
    ),
    verdict=replace(
        DERIVED.verdict,
        operations=(
            *DERIVED.verdict.operations,
            Operation("lora-merged", "rank 8 on q and v", "64 of 64 deltas have rank 8 with a cliff", SPECTRA),
        ),
    ),
)
GROWN_SOURCES = [*range(24), *range(8, 32)]
GROWN = replace(
    UPSCALED,
    evidence=tuple(map(_spread, UPSCALED.evidence)),
    weights=replace(
        UPSCALED.weights,
        layers=tuple(LayerRow(b, a, 0.98, -50.0, 0.04, 0.0) for b, a in enumerate(GROWN_SOURCES)),
        cells=_cells(48, 0.98),
        layer_pairs=_pairs(GROWN_SOURCES, 32, 0.97),
        stages=(ExplainedStage("in-place", 0.55, 0.5), ExplainedStage("moved", 1.0, 0.97)),
    ),
)
APART = replace(
    INDEPENDENT,
    evidence=tuple(map(_spread, INDEPENDENT.evidence)),
    weights=replace(INDEPENDENT.weights, cells=_cells(6, 0.06), layer_pairs=_pairs(list(range(6)), 6, 0.01)),
)

RICH: dict[str, Report] = {"tuned": TUNED, "grown": GROWN, "apart": APART, "unclear": INCONCLUSIVE}


def _part(name: str, layer: int | None, first: float, source: LayerSource | None = None) -> MergedPart:
    weights = tuple(Share(value, value - 0.01, value + 0.01) for value in (first, 1 - first))
    return MergedPart(name, layer, 4_194_304, weights, 0.002, 0.0004, source)


MERGED = Unmixing(
    tool_version="0.1.0",
    child=RENAMED,
    parents=(FINE_TUNE, replace(FINE_TUNE, ref="orchard/prairie-7b-code")),
    base=PARENT,
    method="linear",
    summary="a linear merge: 0.600 of orchard/prairie-7b-chat, 0.400 of orchard/prairie-7b-code",
    weights=(Share(0.6, 0.59, 0.61), Share(0.4, 0.39, 0.41)),
    densities=(),
    lambda_=None,
    normalized=None,
    residual=0.0021,
    unexplained=0.0004,
    parts=(_part("attention", None, 0.61), _part("ffn", None, 0.6)),
    layers=(*(_part(f"layer {n}", n, 0.6) for n in range(3)), _part("layer 3", 3, 0.5, LayerSource(1, 7))),
    collinear=(),
    compared_share=1.0,
    recipe="merge_method: linear\nmodels:\n  - model: orchard/prairie-7b-chat\n    parameters: {weight: 0.6}\n",
    caveats=("Weights are those of the named parents.",),
    seconds=4.2,
)
SHELVED = Identification(
    tool_version="0.1.0",
    subject=FINE_TUNE,
    library="shelf.db",
    models=4812,
    compared=31,
    outcome="found",
    summary="the nearest of 4,812 models is meadow-ai/prairie-7b: derived",
    relatives=(
        Relative(
            name="meadow-ai/prairie-7b",
            ref=PARENT.ref,
            revision=PARENT.revision,
            digest=PARENT.digest,
            family="prairie",
            license="llama2",
            architecture="LlamaForCausalLM",
            parameters=PARENT.parameters,
            relation="derived",
            direction="a->b",
            grade="exact",
            log10_p=-612.4,
            corrected_log10_p=-608.7,
            distance=0.12,
            explained_variance=0.98,
            derived_share=0.99,
            operations=(Operation("fine-tuned", "the delta is 12% of the weights' size", "fingerprints"),),
            finding="2,064 FFN units agree at a mean cosine of 0.990; chance gives 0",
        ),
    ),
    undecided=("hill-labs/ridge-7b",),
    detection_limit=0.042,
    prefilter_limit=0.2,
    parameters={"candidates": 31},
    seconds=0.8,
    caveats=(),
)

_ASKED = Asked("meadow-ai/prairie-7b", "4" * 40, "5" * 64, "transformers", "6" * 64, 0.998, 0.0)
LEANING = Behaviour(
    tool_version="0.1.0",
    a=_ASKED,
    b=replace(_ASKED, model="https://api.example.org/v1#closed-1", revision=None, digest=None, unseen=0.04),
    outcome="leans",
    summary="answers lean to A: partial correlation 0.71 (0.68 to 0.74), of 6 controls none above 0.12; p ≤ 1/7",
    effect=0.71,
    low=0.68,
    high=0.74,
    p_value=1 / 7,
    least_p=1 / 7,
    detection_limit=0.5,
    controls=tuple(
        ControlLean(replace(_ASKED, model=f"hill-labs/ridge-{n}b"), 0.02 * n, 0.12 - 0.02 * n) for n in range(6)
    ),
    prompts="1-1cb78e28d158a2d4",
    manner="text",
    stops=2465,
    weights=WeightsBeside("inconclusive", "an endpoint shows no weights"),
    parameters={"least_effect": 0.5},
    caveats=("A lean does not say who learned from whom.",),
    seconds=0.4,
)


def _edge(source: str, target: str, *, directed: bool, operations: tuple[Operation, ...] = ()) -> TreeEdge:
    return TreeEdge(source, target, directed, "descent", "derived", -300.0, 0.1, operations)


TREE = FamilyTree(
    tool_version="0.1.0",
    models=tuple(
        TreeModel(f"m{n}", f"org/model-{n}", PARENT.digest, "LlamaForCausalLM", 6_738_415_616, 2 if n == 6 else 1)
        for n in range(1, 7)
    ),
    unknown=(UnknownAncestor("u1", 1, "two models of one start"),),
    edges=(
        _edge("m1", "m2", directed=True, operations=(Operation("quantized", "8 bits", "grid"),)),
        _edge("m2", "m3", directed=False),
        TreeEdge("m1", "m4", True, "merge", "derived", -300.0, 0.2, (), 0.6),
        TreeEdge("m3", "m4", True, "merge", "derived", -300.0, 0.2, (), 0.4),
        TreeEdge("u1", "m1", True, "origin", "shared-origin", -30.0, 0.9, ()),
        TreeEdge("u1", "m5", True, "origin", "shared-origin", -30.0, 0.9, ()),
    ),
    groups=(("m1", "m2", "m3", "m4", "m5"), ("m6",)),
    roots=("u1", "m6"),
    comparisons=15,
    undecided=0,
    detection_limit=0.04,
    caveats=("Fingerprints see less than full files.",),
    seconds=1.5,
)
