"""What was found of a merge, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from lineage_audit.comparison.merging.members import Members
from lineage_audit.comparison.merging.recipe import runs
from lineage_audit.results import LayerSource, MergeMethod, Share

METHOD_WORDS: dict[str, str] = {
    "linear": "a linear merge",
    "slerp": "a SLERP merge",
    "task-arithmetic": "a merge by task arithmetic",
    "ties": "a TIES merge",
    "dare-linear": "a DARE merge (deltas added)",
    "dare-ties": "a DARE-TIES merge",
    "magnitude-pruned": "a merge of deltas pruned by size",
    "breadcrumbs": "a breadcrumbs merge (the largest and smallest elements dropped)",
    "breadcrumbs-ties": "a breadcrumbs merge (the largest and smallest elements dropped, signs elected)",
}

STRANGERS = "no relation to the named parents was found"
STRANGERS_CAVEATS = (
    "Models were held against each other in place; one whose units or channels were moved is found by compare.",
)

_WORTH_SAYING = 0.02
_MOST_RUNS = 6


def summary(members: Members, method: MergeMethod, weights: Sequence[Share], unexplained: float) -> str:
    """One sentence on a mixture."""
    named = ", ".join(
        f"{share.value:.3f} of {parent.ref}" for share, parent in zip(weights, members.parents, strict=False)
    )
    if method == "unknown":
        return f"the named parents leave {unexplained:.0%} unexplained; the nearest mixture is {named}"
    return f"{METHOD_WORDS[method]}: {named}"


def stacked_summary(members: Members, sources: Sequence[LayerSource]) -> str:
    """One sentence on layers taken whole."""
    found = runs(sources)
    if len({layer.source for layer in sources}) == 1 and len(found) == 1:
        return f"every layer is that of {members.sources[sources[0].source].ref}"
    pieces = [
        f"{_range(first.layer, count)} of {members.sources[first.source].ref}" for first, count in found[:_MOST_RUNS]
    ]
    more = len(found) - len(pieces)
    return "layers stacked whole: " + ", then ".join(pieces) + (f" and {more} runs more" if more else "")


def caveats(
    members: Members,
    method: MergeMethod,
    unexplained: float,
    covered: float,
    collinear: Sequence[tuple[int, int, float]],
) -> tuple[str, ...]:
    """What to know before quoting the weights."""
    found = [
        f"What {members.parents[first].ref} and {members.parents[second].ref} added correlates at {correlation:.2f}: "
        "their weights can hardly be told apart."
        for first, second, correlation in collinear
    ]
    if method != "passthrough" and unexplained > _WORTH_SAYING:
        found.append(
            f"{unexplained:.0%} of what there was to explain is left: a parent that was not named, or training after "
            "the merge."
        )
    if members.base is None and method != "passthrough":
        found.append(
            "Without --base only linear and SLERP merges and stacked layers are told apart, and weights sum to one."
        )
    if covered < 1 - _WORTH_SAYING:
        found.append(f"{1 - covered:.0%} of the child's parameters have no counterpart of one shape in all models.")
    if method.startswith("dare"):
        found.append("DARE drops elements at random: the recipe gives another draw of the merge, not the same bits.")
    return tuple(found)


def recipe_caveats(left: float, gives: bool) -> tuple[str, ...]:
    """Why no recipe is printed; nothing where it gives the child."""
    if gives:
        return ()
    return (f"No recipe is printed: carried out, it leaves {left:.0%} of what there was to explain.",)


def _range(first: int, count: int) -> str:
    return f"layer {first}" if count == 1 else f"layers {first} to {first + count - 1}"
