"""Pruned: elements of one side are zero that the other side holds, all over the matrices or so many in every group.

Zeros are looked for before grids: a half-empty matrix has few values, and nobody rounded it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lineage_audit.comparison.operations.delta.difference import Difference
from lineage_audit.comparison.operations.directed import DirectedOperation, directed
from lineage_audit.comparison.verdict.thresholds import PRUNED
from lineage_audit.results import Direction, OperationKind
from lineage_audit.sizes import plural

FloatArray = npt.NDArray[np.float32]
_Side = tuple[FloatArray, FloatArray, float]
"""Rows of the one side, the same rows of the other, and the coarser one's rounding."""


_LOOKED_AT = 64

_PATTERNS = ((2, 4), (4, 8))


def find_pruning(difference: Difference) -> DirectedOperation | None:
    """Name the share and the pattern of zeros that one side alone has."""
    sides = [(pair.rows_a, pair.rows_b, pair.rounding) for pair in difference.matrices]
    swapped = [(b, a, rounding) for a, b, rounding in sides]
    return _pruned(sides, "B", "a->b") or _pruned(swapped, "A", "b->a")


def _pruned(sides: Sequence[_Side], name: str, shows: Direction) -> DirectedOperation | None:
    """The operation where the second of each two matrices has zeros that the first lacks."""
    zeros = [_new_zeros(rows, other) for other, rows, _ in sides]
    others = [_new_zeros(other, rows) for other, rows, _ in sides]
    if not sides or not _are_pruned(zeros, others) or any(_is_rounded(rows) for _, rows, _ in sides):
        return None
    kept = all(_keeps(rows, other, rounding) for other, rows, rounding in sides)
    pattern = _pattern([rows for _, rows, _ in sides])
    detail = f"{float(np.mean(zeros)):.0%} of the elements are zero in {name} alone"
    if pattern:
        detail += f", at least {pattern[1] - pattern[0]} of every {pattern[1]} in a row"
    evidence = f"in {plural(len(sides), 'matrix')}" + (", the others equal up to rounding" if kept else "")
    kind: OperationKind = "pruned-n:m" if pattern else "pruned-unstructured"
    return directed(kind, detail, evidence, shows if kept else "undetermined", leaves_more=not kept)


def _new_zeros(rows: FloatArray, other: FloatArray) -> float:
    """Share of elements that are zero, and not in the other side."""
    return float(np.mean((rows == 0) & (other != 0)))


def _is_rounded(rows: FloatArray) -> bool:
    """Whether the values that are left repeat: rounding to few values makes small ones zero, and nobody pruned them."""
    few = np.sort(rows[:, :_LOOKED_AT], axis=1)
    steps = np.diff(few, axis=1, prepend=np.float32(np.nan)) != 0
    left = few != 0
    return bool(left.any()) and float(np.count_nonzero(steps & left)) < PRUNED.distinct * float(np.count_nonzero(left))


def _are_pruned(zeros: Sequence[float], others: Sequence[float]) -> bool:
    fits = [
        mine >= PRUNED.fewest_zeros and theirs <= PRUNED.others_zeros
        for mine, theirs in zip(zeros, others, strict=True)
    ]
    return float(np.mean(fits)) >= PRUNED.fitting


def _keeps(rows: FloatArray, other: FloatArray, rounding: float) -> bool:
    """Whether what was not set to zero is the other side's, up to rounding."""
    kept = rows != 0
    allowed = PRUNED.kept_rounding * rounding * np.maximum(np.abs(rows), np.abs(other))
    return bool((np.abs(rows - other)[kept] <= allowed[kept]).mean() >= 1 - PRUNED.others_zeros) if kept.any() else True


def _pattern(matrices: Sequence[FloatArray]) -> tuple[int, int] | None:
    """At most n of every m neighbours in a row are kept, in nearly every group of every matrix."""
    for kept, of in _PATTERNS:
        if all(rows.shape[1] % of == 0 and _keeps_to(rows, kept, of) for rows in matrices):
            return kept, of
    return None


def _keeps_to(rows: FloatArray, kept: int, of: int) -> bool:
    return float(np.mean(np.count_nonzero(rows.reshape(-1, of), axis=1) <= kept)) >= PRUNED.fitting
