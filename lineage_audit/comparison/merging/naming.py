"""Two models with the parents of one of them named: is it a merge of them, made from the other?

A merge is only named where two parents at least carry it. A fine-tune of one parent holds that parent's delta whole,
and something else that may look a little like another parent's: it is not a merge.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.role_table import DUTIES, Axis
from lineage_audit.comparison.merging import algebra
from lineage_audit.comparison.merging.choosing import explain, unexplained
from lineage_audit.comparison.merging.explanations import Explanation, Material, gather
from lineage_audit.comparison.merging.members import CommonPlace, Members, shared_places
from lineage_audit.comparison.merging.sparse import SparseExplanation
from lineage_audit.comparison.merging.streaming import measure_grams
from lineage_audit.comparison.merging.wording import METHOD_WORDS
from lineage_audit.comparison.operations.directed import DirectedOperation, directed
from lineage_audit.comparison.verdict.thresholds import MERGE_METHODS, MERGES
from lineage_audit.results import Direction, Share


class Ancestors(Struct, frozen=True):
    """Models that are named beside A and B.

    Attributes:
        parents: models that one of the two may be a merge of.
        base: what all of them were made from; None where nobody named it, and A or B is tried.
    """

    parents: tuple[Checkpoint, ...] = ()
    base: Checkpoint | None = None


def find_merge(a: Checkpoint, b: Checkpoint, ancestors: Ancestors) -> DirectedOperation | None:
    """Name the merge that B is of A and the parents, or A of B and them; None for neither.

    Without a base that is named, the other model is taken for it; A's merge is then to be explained nearly whole.
    """
    if not ancestors.parents:
        return None
    if ancestors.base is None:
        of_b, of_a = Members(b, ancestors.parents, a), Members(a, ancestors.parents, b)
        found = (
            _named(of_b, "a->b", "B - A", MERGES.least_explained),
            _named(of_a, "b->a", "A - B", MERGES.nearly_all),
        )
    else:
        of_b, of_a = (
            Members(b, (a, *ancestors.parents), ancestors.base),
            Members(a, (b, *ancestors.parents), ancestors.base),
        )
        found = (
            _named(of_b, "a->b", "B - base", MERGES.least_explained),
            _named(of_a, "b->a", "A - base", MERGES.nearly_all),
        )
    return next((operation for operation in found if operation is not None), None)


def _named(members: Members, shows: Direction, difference: str, least: float) -> DirectedOperation | None:
    places = tuple(place for place in shared_places(members) if _is_compared(place))
    if not places:
        return None
    material = gather(places, measure_grams(members, places), has_base=True)
    alone = max(_alone(material, parent) for parent in range(len(members.parents)))
    if not material.to_explain.sum() > material.rounding.sum():
        return None
    explanation = explain(members, material)
    explained = 1.0 - unexplained(explanation, material)
    weights = explanation.weights_in(np.ones(len(places), dtype=bool))
    if explained < least or not _is_merge(explanation, weights, explained, alone):
        return None
    shares = ", ".join(
        f"{weight.value:.2f} ({weight.low:.2f} to {weight.high:.2f}) of {parent.ref}"
        for weight, parent in zip(weights, members.parents, strict=True)
    )
    evidence = (
        f"{METHOD_WORDS[explanation.method]}: the parents explain {explained:.1%} of {difference}, "
        f"the best of them alone {alone:.1%}"
    )
    # Convex weights: a parent made from the merge and the other parent would need weights beyond them.
    is_convex = (
        all(0 < weight.value < 1 for weight in weights) and sum(weight.value for weight in weights) < MERGES.convex
    )
    is_proof = is_convex or isinstance(explanation, SparseExplanation)
    return directed("merged", shares, evidence + _collinearity(material), shows if is_proof else "undetermined")


def _is_merge(explanation: Explanation, weights: Sequence[Share], explained: float, alone: float) -> bool:
    """Tell whether two parents at least carry the child, and neither is merely held whole."""
    carrying = [share for share in weights if share.value >= MERGES.least_weight and share.low > 0]
    if len(carrying) < 2:
        return False
    if isinstance(explanation, SparseExplanation):
        return True
    together_better = explained - alone >= MERGES.least_gain or 1 - explained <= MERGE_METHODS.far_less * (1 - alone)
    held_whole = any(MERGES.held_whole[0] <= share.value <= MERGES.held_whole[1] for share in weights)
    return together_better and (explained >= MERGES.nearly_all or not held_whole)


def _alone(material: Material, parent: int) -> float:
    """What one parent explains of the child by itself."""
    chosen = [0, 1 + parent, material.totals.shape[-1] - 1]
    return algebra.fit_to_base(material.totals.sum(axis=0)[np.ix_(chosen, chosen)]).explained


def _is_compared(place: CommonPlace) -> bool:
    """Matrices of the layers; token rows are left out, since vocabularies change for reasons of their own."""
    role = place.child.role
    return role in DUTIES and Axis.TOKEN not in DUTIES[role].axes and len(place.child.shape) == 2


def _collinearity(material: Material) -> str:
    """A warning where two parents added nearly the same."""
    pairs = algebra.collinear_pairs(material.totals.sum(axis=0), has_base=True)
    largest = max((abs(correlation) for *_, correlation in pairs), default=0.0)
    return f"; two parents' deltas correlate at {largest:.2f}: their weights are uncertain" if pairs else ""
