"""One stored matrix against the other model's numbers: made again by the scheme's rule, and as near as can be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.dtypes import round_to
from lineage_audit.checkpoint.encoding import FloatArray
from lineage_audit.checkpoint.quantization.grid import Extent, Grid, GridRule, group_extents
from lineage_audit.comparison.requantized.matrices import StoredMatrix, row_ranges
from lineage_audit.comparison.verdict.thresholds import REQUANTIZED
from lineage_audit.results import RequantizedOutcome, RequantizedTensor

BoolArray = npt.NDArray[np.bool_]
_Numbers = Callable[[int, int], FloatArray]

_FEWEST_ROWS = 32
"""Rows from which a factor for each input can be told from rounding."""


class Way(Struct, frozen=True):
    """A rule, and the type that the numbers were cast to before it."""

    rule: GridRule
    cast: str

    @property
    def name(self) -> str:
        """What a report calls it."""
        return self.rule.name if self.cast == "F32" else f"{self.rule.name}, of numbers in {self.cast}"


class Count(Struct, frozen=True):
    """How codes and constants of some rows compare; counts add up over rows."""

    codes: int = 0
    equal: int = 0
    ties: int = 0
    constants: int = 0
    equal_constants: int = 0
    near_constants: int = 0

    def __add__(self, other: Count) -> Count:
        """Both together."""
        return Count(
            self.codes + other.codes,
            self.equal + other.equal,
            self.ties + other.ties,
            self.constants + other.constants,
            self.equal_constants + other.equal_constants,
            self.near_constants + other.near_constants,
        )

    @property
    def is_remade(self) -> bool:
        """Whether all is as the rule makes it, or as near as arithmetic tells."""
        return self.equal + self.ties == self.codes and self.equal_constants + self.near_constants == self.constants

    def differs_by(self, share: float) -> bool:
        """Whether constants are the rule's, or but for less than a share of them."""
        others = self.constants - self.equal_constants - self.near_constants
        return others == 0 or others < share * self.constants


class _Nearness(Struct, frozen=True):
    """How far codes are from numbers on their own scales; sums over codes.

    Attributes:
        codes: how many.
        nearest: codes that are the nearest rounding, or as near.
        steps: sum of the distances.
        by_chance: what ``nearest`` is for rows in another order.
    """

    codes: int = 0
    nearest: int = 0
    steps: float = 0.0
    by_chance: int = 0

    def __add__(self, other: _Nearness) -> _Nearness:
        """Both together."""
        return _Nearness(
            self.codes + other.codes,
            self.nearest + other.nearest,
            self.steps + other.steps,
            self.by_chance + other.by_chance,
        )


def count_matrix(
    stored_in: Checkpoint, other: Checkpoint, matrix: StoredMatrix, ways: Sequence[Way], *, is_whole: bool
) -> tuple[RequantizedTensor, Way | None] | None:
    """Compare one matrix; also give the way that reproduced most. None where no number of the other stands there.

    Args:
        stored_in: the model that is stored on the grid.
        other: the model whose numbers are quantised.
        matrix: the matrix.
        ways: rules to try, the likeliest first.
        is_whole: look at every row.
    """
    numbers = matrix.numbers(other)
    extent = _extent(numbers, matrix) if is_whole else None
    way: Way | None = None
    factors: FloatArray | None = None
    total, near = Count(), _Nearness()
    for grid, floats in _chunks(stored_in, numbers, matrix, is_whole=is_whole):
        if not np.isfinite(floats).any():
            continue
        if not near.codes:
            way = _best_way(grid, floats, ways, extent)
            factors = _factors(grid, floats) if matrix.encoding.scales_inputs else None
            if factors is not None and not _is_nearer(grid, floats, factors):
                factors = None
        if way is not None:
            total += _count(grid, floats, way, extent)
        near += _nearness(grid, floats, factors)
    if not near.codes:
        return None
    return _summary(matrix, way, total, near), way


def _chunks(
    stored_in: Checkpoint, numbers: _Numbers, matrix: StoredMatrix, *, is_whole: bool
) -> Iterator[tuple[Grid, FloatArray]]:
    """Rows as stored, and the other model's numbers in the grid's own view."""
    for low, high in row_ranges(matrix, is_whole=is_whole):
        grid = matrix.grid(stored_in, low, high)
        yield grid, _in_view(numbers(low, high), grid)


def _in_view(floats: FloatArray, grid: Grid) -> FloatArray:
    flat = np.ascontiguousarray(floats).reshape(-1)
    missing = grid.codes.size - flat.size
    return np.pad(flat, (0, missing)).reshape(grid.codes.shape) if missing else flat.reshape(grid.codes.shape)


def _extent(numbers: _Numbers, matrix: StoredMatrix) -> Extent | None:
    """Least and largest number of a whole matrix; None where it stands for less than nearly all of it."""
    least, largest, seen = np.inf, -np.inf, 0
    for low, high in row_ranges(matrix, is_whole=True):
        floats = numbers(low, high)
        known = floats[np.isfinite(floats)]
        if known.size:
            least, largest, seen = min(least, float(known.min())), max(largest, float(known.max())), seen + known.size
    rows, columns = matrix.shape
    return (least, largest) if seen >= REQUANTIZED.well_shared * rows * columns else None


def _best_way(grid: Grid, floats: FloatArray, ways: Sequence[Way], extent: Extent | None) -> Way | None:
    """The way that reproduces most of some rows; the first that reproduces all ends the search."""
    best, most = None, -1
    for way in ways:
        found = _count(grid, floats, way, extent)
        if found.is_remade:
            return way
        if found.equal + found.equal_constants > most:
            best, most = way, found.equal + found.equal_constants
    return best


def _count(grid: Grid, floats: FloatArray, way: Way, extent: Extent | None) -> Count:
    known = np.isfinite(floats)
    cast = round_to(np.where(known, floats, np.float32(0)), way.cast)
    if extent is not None:
        ends = round_to(np.array(extent, np.float32), way.cast)
        extent = float(ends[0]), float(ends[1])
    made = way.rule.quantize(cast, grid, extent)
    same = ((made.codes == grid.codes) | _stand_for_zero(grid, cast)) & known
    other = known & ~same
    exact = replace(made if made.exact is None else made.exact, codes=grid.codes)
    ties = np.count_nonzero(other & exact.are_ties(exact.positions(cast))) if other.any() else 0
    return Count(int(known.sum()), int(same.sum()), int(ties)) + _constants(grid, made, known)


def _stand_for_zero(grid: Grid, numbers: FloatArray) -> BoolArray:
    """Zeros in groups whose scale is zero: whatever their codes are, they stand for them."""
    if grid.offsets is not None or (grid.scales != 0).all():
        return np.zeros(grid.codes.shape, dtype=np.bool_)
    return np.asarray((grid.spread(grid.scales) == 0) & (numbers == 0))


def _constants(grid: Grid, made: Grid, known: BoolArray) -> Count:
    """Constants of groups all of whose elements are known; as near is what rounds so if the exact one is next to it."""
    if made.scales is grid.scales:  # taken as stored, since less than what shares them was read
        return Count()
    complete = group_extents(grid, known.astype(np.float32))[0] == 1
    equal = near = 0
    for stored, again, below, above in zip(
        grid.constants, made.constants, *(made.neighbour(side).constants for side in (-1, 1)), strict=True
    ):
        is_equal = (stored == again) & complete
        equal += int(is_equal.sum())
        is_between = (np.minimum(below, above) <= stored) & (stored <= np.maximum(below, above))
        near += int((is_between & complete & ~is_equal).sum())
    return Count(constants=len(grid.constants) * int(complete.sum()), equal_constants=equal, near_constants=near)


def _nearness(grid: Grid, floats: FloatArray, factors: FloatArray | None) -> _Nearness:
    known = np.isfinite(floats)
    numbers = np.where(known, floats, np.float32(0)) * (np.float32(1) if factors is None else factors)
    places = grid.positions(numbers)
    away = grid.steps_away(places)
    nearest = grid.are_nearest(places) | _stand_for_zero(grid, numbers)
    other = grid.positions(np.roll(numbers, 1, axis=0)) if len(numbers) > 1 else np.roll(places, 1, axis=1)
    chance = (grid.nearest(other) == grid.codes) & known
    finite = known & np.isfinite(away)
    return _Nearness(
        int(known.sum()), int((nearest & known).sum()), float(away[finite].sum(dtype=np.float64)), int(chance.sum())
    )


def _is_nearer(grid: Grid, floats: FloatArray, factors: FloatArray) -> bool:
    """Whether factors bring the numbers clearly nearer, more than fitting them would."""
    return _nearness(grid, floats, factors).steps < REQUANTIZED.clearly * _nearness(grid, floats, None).steps


def _factors(grid: Grid, floats: FloatArray) -> FloatArray | None:
    """What each input was scaled by before rounding, by least squares over the rows; None of too few rows."""
    if len(floats) < _FEWEST_ROWS:
        return None
    numbers = np.nan_to_num(floats)
    products = np.einsum("ij,ij->j", grid.values(), numbers, dtype=np.float64)
    squares = np.einsum("ij,ij->j", numbers, numbers, dtype=np.float64)
    with np.errstate(all="ignore"):
        return np.where(squares > 0, products / squares, 1.0).astype(np.float32)


def _summary(matrix: StoredMatrix, way: Way | None, total: Count, near: _Nearness) -> RequantizedTensor:
    outcome: RequantizedOutcome = "nearest" if near.nearest == near.codes else "apart"
    if way is not None and (total.is_remade or (outcome == "nearest" and total.differs_by(way.rule.varies))):
        outcome = "remade"
    return RequantizedTensor(
        name=matrix.name,
        layer=matrix.layer,
        scheme=matrix.stored.quantization or "floats",
        rule=None if way is None else way.name,
        codes=near.codes,
        equal=total.equal,
        ties=total.ties + total.near_constants,
        constants=total.constants,
        equal_constants=total.equal_constants,
        nearest=near.nearest / near.codes,
        steps=near.steps / near.codes,
        chance=near.by_chance / near.codes,
        outcome=outcome,
    )


def ways_for(matrix: StoredMatrix, casts: Sequence[str], last: Way | None) -> tuple[Way, ...]:
    """Every rule of the scheme with every cast, the one that last succeeded first."""
    found = [Way(rule, cast) for cast in casts for rule in matrix.encoding.rules]
    if last is None:
        return tuple(found)
    return tuple(sorted(found, key=lambda way: way.name != last.name))
