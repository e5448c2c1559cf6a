"""Quantised and stored back as floats: values on a grid in each row or group, where the other side's are not.

A grid shows in one of two ways. Few distinct values: at most 2^bits in a group much larger than that. Or one step: all
values of a group lie whole steps apart, counted from wherever its grid begins (zero, a zero point, the least value).
The step is one of those that schemes make of a group's largest size or of its range. Values of coarse types are blurred
by their own rounding, so only small values are asked there, and steps a little longer and shorter are tried.

That no grid is found proves nothing: schemes are many.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from lineage_audit.comparison.alignment.spreading import spread_places
from lineage_audit.comparison.operations.delta.difference import Difference
from lineage_audit.comparison.operations.directed import DirectedOperation, directed
from lineage_audit.comparison.verdict.thresholds import QUANTIZED
from lineage_audit.results import Direction

FloatArray = npt.NDArray[np.float32]
_Grouping = int | Literal["row"]

_BITS = (2, 3, 4, 8)
_FEWEST_BITS_OF_STEPS = 4
"""Bits from which steps are looked for; coarser grids are found by their few values."""
_GROUPINGS: tuple[_Grouping, ...] = ("row", 128, 64, 32, 16)

_ELEMENTS = 2**15
"""Most elements of a matrix in whose groups steps are looked for."""
_STRETCHED = (1 - 1e-3, 1.0, 1 + 1e-3)
"""Steps that are tried where the stored type's rounding blurs the largest value."""


class _Grid(Struct, frozen=True):
    """A matrix found on a grid: its grouping, and whether the other side is within half a step of it."""

    grouping: _Grouping
    is_near: bool


def find_quantization(difference: Difference) -> DirectedOperation | None:
    """Name bits and grouping where one side lies on a grid and the other does not, and is not stored as codes anyway.

    Where the other side is further away than half a step, something else was done before rounding.
    """
    pairs = difference.matrices
    in_b, in_a = ([pair for pair in pairs if side not in pair.codes_in] for side in ("B", "A"))
    for bits in _BITS:
        if on_b := _on_grid((_grid(pair.rows_b, pair.rows_a, bits, pair.rounding) for pair in in_b), len(pairs)):
            return _operation("B is {}rounded to " + _scheme(bits, on_b), "A ", on_b, "a->b")
        if on_a := _on_grid((_grid(pair.rows_a, pair.rows_b, bits, pair.rounding) for pair in in_a), len(pairs)):
            return _operation("A is {}rounded to " + _scheme(bits, on_a), "B ", on_a, "b->a")
    return None


def _on_grid(looked_at: Iterable[_Grid | None], count: int) -> list[_Grid | None]:
    """The grids of all matrices where nearly all have one, else nothing; ends as soon as too many have none."""
    found: list[_Grid | None] = []
    for grid in looked_at:
        found.append(grid)
        if found.count(None) > (1 - QUANTIZED.fitting) * count:
            return []
    return found if len(found) >= QUANTIZED.fitting * count else []


def _scheme(bits: int, found: Sequence[_Grid | None]) -> str:
    grouping = Counter(grid.grouping for grid in found if grid is not None).most_common(1)[0][0]
    return f"int{bits}, one scale a row" if grouping == "row" else f"int{bits}, one scale for {grouping} weights"


def _operation(sentence: str, other: str, found: Sequence[_Grid | None], shows: Direction) -> DirectedOperation:
    fitting = sum(grid is not None for grid in found)
    near = float(np.mean([grid.is_near for grid in found if grid is not None])) >= QUANTIZED.fitting
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
            if _has_few_values(ours, theirs, bits) or _has_steps(ours, theirs, bits, rounding):
                return _Grid(grouping, _are_near(ours, theirs, bits, rounding))
    return None


def _has_few_values(ours: FloatArray, theirs: FloatArray, bits: int) -> bool:
    """At most 2^bits distinct values in groups that hold more (zeros not counted), clearly more on the other side."""
    if ours.shape[1] < 2 ** (bits + 1):
        return False
    distinct, distinct_other = (_distinct(side) for side in (ours, theirs))
    holds_more = np.count_nonzero(ours, axis=1) >= QUANTIZED.values_of_one * 2**bits
    few = holds_more & (distinct <= 2**bits) & (distinct_other > 1.5 * distinct)
    return float(np.mean(few)) >= QUANTIZED.fitting


def _distinct(groups: FloatArray) -> npt.NDArray[np.int64]:
    counts: npt.NDArray[np.int64] = 1 + np.count_nonzero(np.diff(np.sort(groups, axis=1), axis=1), axis=1)
    return counts


def _has_steps(ours: FloatArray, theirs: FloatArray, bits: int, rounding: float) -> bool:
    """Values lie whole steps apart in each group; the other side's do not."""
    if bits < _FEWEST_BITS_OF_STEPS:
        return False
    count = min(len(ours), max(1, _ELEMENTS // ours.shape[1]))
    some = spread_places(len(ours), count)
    if _share_on_steps(ours[some], bits, rounding) < QUANTIZED.on_grid:
        return False
    return _share_on_steps(theirs[some], bits, rounding) < QUANTIZED.other_on_grid


def _share_on_steps(groups: FloatArray, bits: int, rounding: float) -> float:
    """Share of the values asked that lie on the grid of the step that fits their group best."""
    largest = max(1.0, QUANTIZED.blur / (2 * rounding))
    clearest, on_grid, asked = np.full(len(groups), -1.0), np.zeros(len(groups)), np.zeros(len(groups))
    for steps in _steps(groups, bits, rounding):
        multiples = groups / steps
        is_asked = (np.abs(multiples) <= largest) & (groups != 0)  # zeros lie on every grid: pruning makes them
        angles = np.float32(2 * np.pi) * (multiples - np.round(multiples))
        along, across = ((turned(angles) * is_asked).sum(axis=1) for turned in (np.cos, np.sin))
        count = np.maximum(1, is_asked.sum(axis=1))
        away = multiples - (np.arctan2(across, along) / (2 * np.pi))[:, None]  # from where the grid begins
        on = ((np.abs(away - np.round(away)) <= QUANTIZED.off_grid) & is_asked).sum(axis=1)
        clear = np.hypot(along, across) / count
        clearer = clear > clearest
        clearest = np.where(clearer, clear, clearest)
        on_grid, asked = np.where(clearer, on, on_grid), np.where(clearer, count, asked)
    return float(on_grid.sum() / max(1.0, asked.sum()))


def _steps(groups: FloatArray, bits: int, rounding: float) -> Iterator[FloatArray]:
    """The steps that a scheme of so many bits may have taken, ``[groups, 1]``."""
    largest = np.abs(groups).max(axis=1, keepdims=True)
    extent = groups.max(axis=1, keepdims=True) - groups.min(axis=1, keepdims=True)
    half = 2 ** (bits - 1)
    candidates = (largest / (half - 1), largest / half, *(extent / (2 * half - less) for less in (1, 2, 3)))
    for steps in candidates:
        for stretch in _STRETCHED if rounding > QUANTIZED.blur / 2**bits else (1.0,):
            yield np.where(steps > 0, steps * np.float32(stretch), np.float32(1))


def _are_near(ours: FloatArray, theirs: FloatArray, bits: int, rounding: float) -> bool:
    """Nearly every value is within half a step of the other side's, as round-to-nearest leaves them.

    Steps are those of a symmetric grid, the longest of any; the stored type's own rounding comes on top.
    """
    steps = np.abs(ours).max(axis=1, keepdims=True) / (2 ** (bits - 1) - 1)
    return (
        float(np.mean(np.abs(ours - theirs) <= QUANTIZED.half_step * steps + rounding * np.abs(ours))) >= QUANTIZED.near
    )
