"""Every pair of models compared by fingerprints, as matrices."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from lineage_audit.comparison.progress import Progress
from lineage_audit.comparison.verdict.thresholds import RELATION, TREES
from lineage_audit.library.fingerprint import Fingerprint, compare_fingerprints
from lineage_audit.library.trees.order import disorder
from lineage_audit.results import RELATED, OperationKind, Report

DoubleArray = npt.NDArray[np.float64]


_FORM: frozenset[OperationKind] = frozenset(
    {
        *("units-permuted", "units-rescaled", "signs-flipped", "heads-permuted", "channels-permuted"),
        *("residual-rotated", "norms-folded", "renamed-tensors", "fused-tensors"),
    }
)
"""Operations that change a model's form and not its function."""

_STRUCTURE: frozenset[OperationKind] = frozenset(
    {
        *("layers-removed", "layers-duplicated", "layers-replaced", "width-pruned", "experts-upcycled"),
        *("vocabulary-extended", "vocabulary-replaced"),
    }
)
"""Operations that change a model's shape or swap parts of it."""


class _ComparedPair(Struct, frozen=True, eq=False):
    """One comparison: the report, and the positions of its model A and its model B."""

    report: Report
    a: int
    b: int


class Pairs(Struct, frozen=True, eq=False):
    """What is known of every pair of models, each matrix ``[models, models]`` and symmetric.

    Attributes:
        compared: by pair of positions, the smaller first.
        distance: size of the difference over that of the weights; infinite where no relation was found.
        forms: operations between the two that change the form alone.
        structures: operations between the two that change the shape.
        disorder: how little the two agree number by number, whatever is found after aligning them.
        undecided: pairs that could not be compared with enough power.
    """

    compared: Mapping[tuple[int, int], _ComparedPair]
    distance: DoubleArray
    forms: DoubleArray
    structures: DoubleArray
    disorder: DoubleArray
    undecided: int

    def between(self, one: int, other: int) -> _ComparedPair:
        """The comparison of two models."""
        return self.compared[min(one, other), max(one, other)]


def compare_all(fingerprints: Sequence[Fingerprint], progress: Progress) -> Pairs:
    """Compare every pair; the p-value that relates two is corrected for the number of pairs."""
    count = len(fingerprints)
    total = count * (count - 1) // 2
    progress.begin(total, "comparing fingerprints")
    compared: dict[tuple[int, int], _ComparedPair] = {}
    distance = np.full((count, count), np.inf)
    forms, structures = np.zeros((count, count)), np.zeros((count, count))
    np.fill_diagonal(distance, 0.0)
    undecided = 0
    for one, other in combinations(range(count), 2):
        found = compared[one, other] = _compared(fingerprints, one, other, total)
        progress.advance(1, "")
        if not is_related(found.report, total):
            undecided += found.report.verdict.relation != "independent"
            continue
        kinds = [operation.kind for operation in found.report.verdict.operations]
        distance[one, other] = distance[other, one] = _distance(found.report)
        forms[one, other] = forms[other, one] = sum(kind in _FORM for kind in kinds)
        structures[one, other] = structures[other, one] = sum(kind in _STRUCTURE for kind in kinds)
    return Pairs(compared, distance, forms, structures, disorder(fingerprints), undecided)


def _compared(fingerprints: Sequence[Fingerprint], one: int, other: int, pairs: int) -> _ComparedPair:
    """Two models in the order in which one explains more of the other.

    What was cut from a model is explained by it, and not the other way round; so the larger one is asked first.
    """
    a, b = sorted((one, other), key=lambda number: -fingerprints[number].identity.parameters)
    report = compare_fingerprints(fingerprints[a], fingerprints[b])
    if not is_related(report, pairs) or _distance(report) <= TREES.at_no_distance:
        return _ComparedPair(report, a, b)
    swapped = compare_fingerprints(fingerprints[b], fingerprints[a])
    if is_related(swapped, pairs) and _distance(swapped) < _distance(report):
        return _ComparedPair(swapped, b, a)
    return _ComparedPair(report, a, b)


def is_related(report: Report, pairs: int) -> bool:
    """Tell whether a relation stands after Bonferroni for every pair; calibrated ones have no p-value to correct."""
    verdict = report.verdict
    if verdict.relation not in RELATED:
        return False
    if verdict.relation == "identical" or verdict.grade == "calibrated":
        return True
    return verdict.log10_p is not None and verdict.log10_p + math.log10(max(1, pairs)) <= RELATION.related_log10_p


def _distance(report: Report) -> float:
    """What one leaves unexplained of the other, as a length."""
    if report.verdict.relation == "identical":
        return 0.0
    left = report.parameters.get("residual_share")
    return math.sqrt(max(0.0, left)) if isinstance(left, float) else 1.0
