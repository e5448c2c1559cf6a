"""Reports with everything that a page draws: spreads, pairs of layers, roles by layer, stages, spectra."""

from __future__ import annotations

from dataclasses import replace

from lineage_audit.results import (
    DeltaSpectrum,
    Evidence,
    ExplainedStage,
    LayerPairs,
    LayerRow,
    NullSpread,
    Operation,
    Report,
    RoleLayer,
)
from tests.report.samples import DERIVED, INCONCLUSIVE, INDEPENDENT, UPSCALED

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
