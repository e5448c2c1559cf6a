"""The words and numbers of an unmixing that the formats for people share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lineage_audit.report.numbers import MISSING, coefficient, share
from lineage_audit.results import LayerSource, MergedPart, MergeMethod, Share, Unmixing

METHOD_WORDS: Mapping[MergeMethod, str] = {
    "linear": "LINEAR",
    "slerp": "SLERP",
    "task-arithmetic": "TASK ARITHMETIC",
    "ties": "TIES",
    "dare-linear": "DARE",
    "dare-ties": "DARE-TIES",
    "magnitude-pruned": "PRUNED BY SIZE",
    "breadcrumbs": "BREADCRUMBS",
    "breadcrumbs-ties": "BREADCRUMBS-TIES",
    "passthrough": "LAYERS STACKED",
    "unknown": "NOT EXPLAINED",
}

METHOD_MEANINGS: Mapping[MergeMethod, str] = {
    "linear": "a weighted sum of the parents",
    "slerp": "a point on the arc between two parents",
    "task-arithmetic": "the base and a weighted sum of what the parents added",
    "ties": "the largest elements of what the parents added, signs elected",
    "dare-linear": "what the parents added, dropped at random and scaled up",
    "dare-ties": "what the parents added, dropped at random, scaled up, signs elected",
    "magnitude-pruned": "the largest elements of what the parents added",
    "breadcrumbs": "what the parents added, without its largest and smallest elements",
    "breadcrumbs-ties": "what the parents added, without its largest and smallest elements, signs elected",
    "passthrough": "each layer is one source's",
    "unknown": "the named parents leave too much",
}


def weight(found: Share) -> str:
    """A weight with its interval: ``0.600 (0.599 to 0.601)``; a counted one has none."""
    if found.low == found.high:
        return share(found.value)
    return f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})"


def _short_weight(found: Share) -> str:
    """A weight for a narrow table."""
    return share(found.value) if found.low == found.high else f"{found.value:.3f}"


def method_facts(unmixing: Unmixing) -> Iterator[tuple[str, str]]:
    """What the method was told beside weights, and what it leaves."""
    if unmixing.method == "slerp":
        yield "Share of the angle", f"t = {unmixing.weights[1].value:.3f} from the first parent to the second"
    if unmixing.densities:
        yield "Densities", ", ".join(f"{density:.2f}" for density in unmixing.densities)
    if unmixing.normalized is not None:
        yield "Weights", "divided by the sum of those kept" if unmixing.normalized else "not normalised"
    if unmixing.lambda_ is not None and abs(unmixing.lambda_ - 1) > 0.01:
        yield "Lambda", f"{unmixing.lambda_:.3f}"
    if unmixing.weights:
        yield "Left unexplained", f"{share(unmixing.unexplained)} of what there was to explain"
        yield "Residual", f"{coefficient(unmixing.residual)} of the child's size"
    yield "Compared", f"{share(unmixing.compared_share)} of the child's parameters"


def source_words(source: LayerSource | None, references: tuple[str, ...]) -> str:
    """The layer that a layer was taken from: ``layer 3 of org/model``."""
    return MISSING if source is None else f"layer {source.layer} of {references[source.source]}"


def source_references(unmixing: Unmixing) -> tuple[str, ...]:
    """References of the sources in the order in which `LayerSource` numbers them."""
    models = unmixing.parents if unmixing.base is None else (*unmixing.parents, unmixing.base)
    return tuple(model.ref for model in models)


def part_weights(part: MergedPart, parents: int) -> tuple[str, ...]:
    """One cell a parent; dashes where the parents do not differ."""
    return tuple(map(_short_weight, part.weights)) if part.weights else (MISSING,) * parents
