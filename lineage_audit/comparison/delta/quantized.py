"""Quantised and stored back as floats: values on a grid in each row or group, where the other side's are not.

A grid shows in one of two ways. Few distinct values: at most 2^bits in a group much larger than that. Or multiples of
one step: the largest size of the group over 2^(bits-1) - 1, as symmetric round-to-nearest places them. Values of
coarse types are blurred by their own rounding, so only small multiples are asked there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from lineage_audit.comparison.delta.matrices import MatrixPair
from lineage_audit.comparison.directed import DirectedOperation, directed
from lineage_audit.results import Direction

FloatArray = npt.NDArray[np.float32]
Grouping = int | Literal["row"]

_BITS = (4, 8)
_GROUPINGS: tuple[Grouping, ...] = ("row", 128, 64, 32, 16)
_FITTING = 0.95
"""Share of groups of a matrix, and of matrices, that must be on a grid."""

_OFF_GRID = 0.08
"""Distance from a multiple of the step, in steps, that still counts as on the grid; chance gives .16."""

_HALF_STEP = 0.51
_NEAR = 0.98

_OTHER_OFF_GRID = 0.5
"""Share of the other side's values that may lie on the grid by chance."""


@dataclass(frozen=True, slots=True)
class _Grid:
    """A matrix found on a grid: its grouping, and whether the other side is within half a step of it."""

    grouping: Grouping
    is_near: bool


def find_quantization(pairs: Sequence[MatrixPair]) -> DirectedOperation | None:
    """Name bits and grouping where one side lies on a grid and the other does not.

    Where the other side is further away than half a step, something else was done before rounding.
    """
    for bits in _BITS:
        if on_b := _on_grid((_grid(pair.rows_b, pair.rows_a, bits, pair.rounding) for pair in pairs), len(pairs)):
            return _operation("B is {}rounded to " + _scheme(bits, on_b), "A ", on_b, "a->b")
        if on_a := _on_grid((_grid(pair.rows_a, pair.rows_b, bits, pair.rounding) for pair in pairs), len(pairs)):
            return _operation("A is {}rounded to " + _scheme(bits, on_a), "B ", on_a, "b->a")
    return None


def _on_grid(looked_at: Iterable[_Grid | None], count: int) -> list[_Grid | None]:
    """The grids of all matrices where nearly all have one, else nothing; ends as soon as too many have none."""
    found: list[_Grid | None] = []
    for grid in looked_at:
        found.append(grid)
        if found.count(None) > (1 - _FITTING) * count:
            return []
    return found


def _scheme(bits: int, found: Sequence[_Grid | None]) -> str:
    grouping = Counter(grid.grouping for grid in found if grid is not None).most_common(1)[0][0]
    return f"int{bits}, one scale a row" if grouping == "row" else f"int{bits}, one scale for {grouping} weights"


def _operation(sentence: str, other: str, found: Sequence[_Grid | None], shows: Direction) -> DirectedOperation:
    fitting = sum(grid is not None for grid in found)
    near = float(np.mean([grid.is_near for grid in found if grid is not None])) >= _FITTING
    evidence = f"{fitting} of {len(found)} matrices lie on the grid"
    if near:
        return directed("quantized", sentence.format(other), evidence + ", within half a step of the other side", shows)
    # Something else came between: the other side may be a sibling of what was rounded.
    return directed("quantized", sentence.format(""), evidence, leaves_more=True)


def _grid(grid: FloatArray, other: FloatArray, bits: int, rounding: float) -> _Grid | None:
    """The coarsest grouping in which a matrix is on a grid, or None."""
    for grouping in _GROUPINGS:
        width = grid.shape[1] if grouping == "row" else grouping
        if grid.shape[1] % width == 0:
            ours, theirs = (side.reshape(-1, width) for side in (grid, other))
            if _has_few_values(ours, theirs, bits) or _has_multiples(ours, theirs, bits, rounding):
                return _Grid(grouping, _are_near(ours, theirs, bits, rounding))
    return None


def _has_few_values(ours: FloatArray, theirs: FloatArray, bits: int) -> bool:
    """At most 2^bits distinct values in groups of at least twice as many, and clearly more on the other side."""
    if ours.shape[1] < 2 ** (bits + 1):
        return False
    distinct, distinct_other = (_distinct(side) for side in (ours, theirs))
    few = (distinct <= 2**bits) & (distinct_other > 1.5 * distinct)
    return float(np.mean(few)) >= _FITTING


def _distinct(groups: FloatArray) -> npt.NDArray[np.int64]:
    counts: npt.NDArray[np.int64] = 1 + np.count_nonzero(np.diff(np.sort(groups, axis=1), axis=1), axis=1)
    return counts


def _has_multiples(ours: FloatArray, theirs: FloatArray, bits: int, rounding: float) -> bool:
    """Values are multiples of the group's largest over 2^(bits-1) - 1; the other side's are not."""
    steps = np.abs(ours).max(axis=1, keepdims=True) / (2 ** (bits - 1) - 1)
    steps[steps == 0] = 1.0
    largest = max(1.0, _OFF_GRID / (2 * rounding))
    on_ours, on_theirs = (_share_on_multiples(side / steps, largest) for side in (ours, theirs))
    return on_ours >= _FITTING and on_theirs < _OTHER_OFF_GRID


def _share_on_multiples(multiples: FloatArray, largest: float) -> float:
    """Share of the multiples up to ``largest`` that are whole numbers."""
    asked = np.abs(multiples) <= largest
    return float(np.mean((np.abs(multiples - np.round(multiples)) <= _OFF_GRID)[asked])) if asked.any() else 0.0


def _are_near(ours: FloatArray, theirs: FloatArray, bits: int, rounding: float) -> bool:
    """Nearly every value is within half a step of the other side's, as round-to-nearest leaves them.

    Steps are those of a symmetric grid; the stored type's own rounding comes on top.
    """
    steps = np.abs(ours).max(axis=1, keepdims=True) / (2 ** (bits - 1) - 1)
    return float(np.mean(np.abs(ours - theirs) <= _HALF_STEP * steps + rounding * np.abs(ours))) >= _NEAR
