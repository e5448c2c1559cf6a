"""What grids of quantisation have in common: codes that stand for levels, times a scale, and the nearest of them.

A scheme states its own view of a block of rows: which elements share a scale is regular there, whatever the matrix
looks like. ``rules`` says how a scheme makes such a grid of floats.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from lineage_audit.checkpoint.dtypes import round_to
from lineage_audit.checkpoint.encoding import FloatArray, RawArray

IntArray = npt.NDArray[np.int16]
BoolArray = npt.NDArray[np.bool_]
GroupArray = npt.NDArray[np.int64]
Extent = tuple[float, float]
"""Least and largest value of a whole matrix."""

_ARITHMETIC = 2.0**-17
"""Relative difference of constants that the order of operations and shortcuts of kernels leave."""

_AT_A_TIE = 2.0**-16
"""Distance from the middle between two levels, in steps, within which one implementation takes either of them."""


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Elements on a grid: ``(levels[code] - zero) * scale + offset``, where zero or offset or both may be missing.

    Attributes:
        codes: place of each element among the levels ``[rows, columns]``.
        levels: what the codes stand for, ascending.
        scales: one for each group of rows and group of columns.
        rows: for each row its group.
        columns: for each column its group.
        zeros: like the scales, in levels.
        offsets: like the scales, in values.
        spans: one scale belongs to the whole matrix, more rows than these.
        as_stored: exact constants to those that the scheme can store.
        slack: how far exact scales may lie from where a kernel takes them to lie, beside what arithmetic leaves.
        exact: of a grid that a rule made, the same before its constants were rounded to be stored, if they were.
        loose: codes were taken by scales that differ from the stored ones by so much of their size.
    """

    codes: IntArray
    levels: FloatArray
    scales: FloatArray
    rows: GroupArray
    columns: GroupArray
    zeros: FloatArray | None = None
    offsets: FloatArray | None = None
    spans: bool = False
    as_stored: Callable[[FloatArray], FloatArray] = field(default=lambda scales: scales)
    slack: FloatArray | None = None
    exact: Grid | None = None
    loose: float = 0.0

    @property
    def constants(self) -> tuple[FloatArray, ...]:
        """Everything that is stored beside the codes."""
        return tuple(grid for grid in self._constants if grid is not None)

    def stored(self) -> Grid:
        """The same with constants as they can be stored."""
        return replace(self._with_constants(self.as_stored), exact=self)

    def neighbour(self, side: int) -> Grid:
        """The grid whose exact constants are larger or smaller by as much as the order of operations leaves."""
        exact = self if self.exact is None else self.exact
        moved = exact._with_constants(lambda one: one * np.float32(1 + side * _ARITHMETIC))
        if self.slack is not None:
            moved = replace(moved, scales=moved.scales + side * self.slack)
        return moved._with_constants(self.as_stored)

    def _with_constants(self, change: Callable[[FloatArray], FloatArray]) -> Grid:
        scales, zeros, offsets = (None if one is None else change(one) for one in self._constants)
        assert scales is not None, "every grid has scales"
        return replace(self, scales=scales, zeros=zeros, offsets=offsets)

    @property
    def _constants(self) -> tuple[FloatArray, FloatArray | None, FloatArray | None]:
        return self.scales, self.zeros, self.offsets

    def values(self) -> FloatArray:
        """What the codes stand for."""
        levels = self.levels[self.codes]
        with np.errstate(all="ignore"):
            values = (levels if self.zeros is None else levels - self.spread(self.zeros)) * self.spread(self.scales)
            return np.asarray(values if self.offsets is None else values + self.spread(self.offsets), np.float32)

    def positions(self, floats: FloatArray, arithmetic: str = "F32") -> FloatArray:
        """Where floats lie among the levels, computed in a type; where a scale is zero everything lies at zero."""
        if self.offsets is not None:
            floats = floats - self.spread(self.offsets)
        scales = self.spread(self.scales)
        with np.errstate(all="ignore"):
            places = round_to(np.where(scales == 0, np.float32(0), floats / scales), arithmetic)
            return places if self.zeros is None else round_to(places + self.spread(self.zeros), arithmetic)

    def spread(self, grid: FloatArray) -> FloatArray:
        """Give every element the value of its group, by broadcasting where a group is a whole side."""
        by_row = grid if len(grid) == 1 else grid[self.rows]
        return by_row if grid.shape[1] == 1 else by_row[:, self.columns]

    def nearest(self, places: FloatArray) -> IntArray:
        """The codes of the levels that lie nearest; of two as near the one whose code is even, as types round."""
        return nearest_level(self.levels, places)

    def are_nearest(self, places: FloatArray) -> BoolArray:
        """Tell which elements' own levels are the nearest to where floats lie, or as near as can be told."""
        found: BoolArray = (self.nearest(places) == self.codes) | self.are_ties(places)
        if self.loose:
            ends = [self.nearest(places * np.float32(1 + side * self.loose)) for side in (-1, 1)]
            found |= (np.minimum(*ends) <= self.codes) & (self.codes <= np.maximum(*ends))
        return found

    def steps_away(self, places: FloatArray) -> FloatArray:
        """How far the elements' own levels are from where floats lie, in steps of the grid there."""
        return np.asarray(np.abs(places - self.levels[self.codes]) / _gaps(self.levels, places))

    def are_ties(self, places: FloatArray) -> BoolArray:
        """Tell where floats lie in the middle between the element's own level and the next, as far as can be told."""
        return np.asarray(np.abs(self.steps_away(places) - 0.5) <= _AT_A_TIE)


def nearest_level(levels: FloatArray, places: FloatArray) -> IntArray:
    """The place among ascending levels of the one nearest to each value."""
    with np.errstate(invalid="ignore"):
        if _is_uniform(levels):
            return np.asarray(np.nan_to_num(np.clip(np.rint(places), levels[0], levels[-1]) - levels[0]), np.int16)
    middles = (levels[1:] + levels[:-1]) / 2
    above = np.searchsorted(middles, places, side="left")
    is_tie = (above < len(middles)) & (middles[np.minimum(above, len(middles) - 1)] == places)
    is_odd = (above - int(np.searchsorted(levels, 0.0))) % 2 != 0
    return np.asarray(above + (is_tie & is_odd), dtype=np.int16)


def _is_uniform(levels: FloatArray) -> bool:
    """Tell whether levels are whole numbers one after the other."""
    return bool((np.diff(levels) == 1).all()) and float(levels[0]).is_integer()


def _gaps(levels: FloatArray, places: FloatArray) -> FloatArray:
    """The distance between the two levels around each value; at the ends, of the last two."""
    gaps = np.diff(levels)
    if len(gaps) == 0 or (gaps == gaps[0]).all():
        return np.ones_like(places) * (gaps[0] if len(gaps) else np.float32(1))
    around = np.clip(np.searchsorted(levels, places) - 1, 0, len(gaps) - 1)
    return gaps[around]


def group_extents(grid: Grid, floats: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Least and largest value of each group."""
    order = np.argsort(grid.columns, kind="stable")
    if not np.array_equal(order, np.arange(len(order))):
        floats = floats[:, order]
    across = np.flatnonzero(np.diff(grid.columns[order], prepend=-1))
    down = np.flatnonzero(np.diff(grid.rows, prepend=-1))
    least, largest = (
        kind.reduceat(kind.reduceat(floats, across, axis=1), down, axis=0) for kind in (np.minimum, np.maximum)
    )
    return least, largest


@dataclass(frozen=True, slots=True)
class GridRule:
    """One way in which a scheme makes a grid of floats.

    Attributes:
        name: what a report calls it.
        quantize: floats in the grid's own view, a grid for its groups and levels, and the extent of the whole matrix
            (None where it is not known: scales of the whole then stay as they are) to the grid that the rule makes.
        varies: share of constants in which builds of the scheme's own code differ from one another; codes are the
            nearest on whichever they chose.
    """

    name: str
    quantize: Callable[[FloatArray, Grid, Extent | None], Grid]
    varies: float = 0.0


class OnGrid:
    """An encoding whose elements each lie on a grid."""

    __slots__ = ()

    @property
    def together(self) -> int:
        """How many rows, from a multiple of it on, must be looked at together."""
        return 1

    @property
    def scales_inputs(self) -> bool:
        """Whether inputs may have been scaled before they were rounded, against the norm before them (AWQ)."""
        return False

    @property
    def rules(self) -> Sequence[GridRule]:
        """How floats become such a grid with nothing but the floats; none where data enter (GPTQ, AWQ)."""
        return ()

    def grid(self, low: int, high: int, arrays: Sequence[RawArray]) -> Grid:
        """The arrays of ``sections(low, high)`` as a grid, in a view of its own whose elements are in their order."""
        raise NotImplementedError


def on_grid(encoding: object) -> OnGrid | None:
    """An encoding as one whose elements lie on a grid, or None where they do not."""
    return encoding if isinstance(encoding, OnGrid) else None


def rounded_to(dtype: str) -> Callable[[FloatArray], FloatArray]:
    """Scales as a floating type holds them."""
    return lambda scales: round_to(scales.astype(np.float32), dtype)


def one_group(count: int) -> GroupArray:
    """All in one group."""
    return np.zeros(count, dtype=np.int64)


def groups_of_size(count: int, size: int, first: int = 0) -> GroupArray:
    """``count`` elements from number ``first`` on, in groups of a size, counted from the first one's group."""
    return np.arange(first, first + count, dtype=np.int64) // size - first // size


def whole_numbers(low: int, high: int) -> FloatArray:
    """Levels that are whole numbers, both ends among them."""
    return np.arange(low, high + 1, dtype=np.float32)
