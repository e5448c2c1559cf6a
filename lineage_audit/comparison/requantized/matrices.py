"""The stored matrices of one model, and where each of their rows stands in the other.

A quantiser saw the tensors as they are stored: q, k and v in one, rotary pairs in another order, experts in a stack.
So the other model's rows are put into that layout before anything is rounded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import numpy as np
from msgspec import Struct, field

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.encoding import FloatArray
from lineage_audit.checkpoint.quantization.grid import Grid, OnGrid, on_grid
from lineage_audit.checkpoint.reading import RowRequest, bytes_for_rows, read_arrays
from lineage_audit.checkpoint.tensors import IntArray, Part, StoredTensor, TensorRef
from lineage_audit.comparison.pairing.tensors import TensorPair

CHUNK = 2**20
"""Elements that are looked at together, unless the grid's groups need more."""

_LARGEST_CHUNK = 2**27
"""Most elements that are looked at together; matrices whose groups need more are left out."""


class _Origin(Struct, frozen=True, eq=False):
    """Rows of a stored matrix (columns, where it is stored transposed), and the other model's rows that stand there."""

    tensor: TensorRef
    stored_rows: IntArray
    rows: IntArray


class StoredMatrix(Struct, eq=False):
    """One matrix as it is stored, on a grid.

    Attributes:
        part: the stored tensor, its place in a stack, and whether it is transposed.
        layer: its layer, or None.
        origins: what the other model has in its rows.
    """

    part: Part
    layer: int | None
    origins: list[_Origin] = field(default_factory=list)

    @property
    def stored(self) -> StoredTensor:
        """The tensor that holds it."""
        return self.part.stored

    @property
    def encoding(self) -> OnGrid:
        """How it is stored."""
        encoding = on_grid(self.stored.encoding)
        assert encoding is not None, "only matrices on grids are gathered"
        return encoding

    @property
    def name(self) -> str:
        """The stored name, with its number in a stack."""
        return self.stored.name if self.part.index is None else f"{self.stored.name}[{self.part.index}]"

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns as stored."""
        rows, columns = self.stored.shape[-2:]
        return rows, columns

    @property
    def chunk_rows(self) -> int:
        """Rows that are looked at together."""
        together = self.encoding.together
        return together * max(1, CHUNK // (together * self.shape[1]))

    @property
    def obstacle(self) -> str | None:
        """Why it cannot be asked, or None."""
        rows, columns = self.shape
        if min(rows, self.encoding.together) * columns > _LARGEST_CHUNK:
            return "a group takes too many of its weights"
        if self.part.transposed and rows * columns > _LARGEST_CHUNK:
            return "too large to transpose"
        return None

    def cost(self, *, is_whole: bool) -> int:
        """Bytes that asking it takes of the model of which it takes more; constants beside the codes left out."""
        rows = sum(high - low for low, high in row_ranges(self, is_whole=is_whole))
        stored = int(rows * self.shape[1] * self.stored.element_bits) // 8
        passes = 2 if is_whole and not self.part.transposed else 1  # the first finds the extent of the whole matrix
        return max(stored, passes * sum(bytes_for_rows(one.tensor, one.rows) for one in self.origins))

    def grid(self, checkpoint: Checkpoint, low: int, high: int) -> Grid:
        """Rows as they are stored."""
        first = (self.part.index or 0) * self.shape[0]
        arrays = read_arrays(checkpoint.source, self.stored, first + low, first + high)
        return self.encoding.grid(first + low, first + high, arrays)

    def numbers(self, other: Checkpoint) -> Callable[[int, int], FloatArray]:
        """What gives the other model's numbers for some rows, in their places; NaN where it has none."""
        if self.part.transposed:
            transposed = self._transposed(other)
            return lambda low, high: transposed[low:high]
        return partial(self._floats, other)

    def _floats(self, other: Checkpoint, low: int, high: int) -> FloatArray:
        found = np.full((high - low, self.shape[1]), np.nan, dtype=np.float32)
        inside = [(one, (one.stored_rows >= low) & (one.stored_rows < high)) for one in self.origins]
        requests = [RowRequest(one.tensor, one.rows[chosen]) for one, chosen in inside if chosen.any()]
        places = [one.stored_rows[chosen] - low for one, chosen in inside if chosen.any()]
        for place, values in zip(places, other.read(requests), strict=True):
            found[place] = values.reshape(len(place), -1)
        return found

    def _transposed(self, other: Checkpoint) -> FloatArray:
        columns = np.full(self.shape[::-1], np.nan, dtype=np.float32)
        requests = [RowRequest(one.tensor, one.rows) for one in self.origins]
        for one, values in zip(self.origins, other.read(requests), strict=True):
            columns[one.stored_rows] = values.reshape(len(values), -1)
        return columns.T


def matrices_on_grids(pairs: Iterable[tuple[TensorPair, IntArray]], side: str) -> tuple[StoredMatrix, ...]:
    """Gather the stored matrices of one side that lie on grids.

    Args:
        pairs: what stands where, and which positions of its rows are asked.
        side: ``a`` or ``b``: the model that is stored so.
    """
    found: dict[tuple[str, int, int | None], StoredMatrix] = {}
    for pair, positions in pairs:
        mine, other = (pair.b, pair.a) if side == "b" else (pair.a, pair.b)
        rows, others = (pair.b_rows, pair.a_rows) if side == "b" else (pair.a_rows, pair.b_rows)
        for part, inside, local in _by_part(mine, rows[positions]):
            key = part.stored.file, part.stored.start, part.index
            matrix = found.setdefault(key, StoredMatrix(part, mine.layer))
            matrix.origins.append(_Origin(other, part.rows.stored_rows(local), others[positions][inside]))
    return tuple(found[key] for key in sorted(found, key=lambda key: (*key[:2], key[2] or 0)))


def _by_part(tensor: TensorRef, rows: IntArray) -> Iterator[tuple[Part, IntArray, IntArray]]:
    """Parts on grids, which of the rows lie in each, and their numbers there."""
    if len(tensor.shape) < 2 or (tensor.axis == 1 and len(tensor.parts) > 1):
        return
    first = 0
    for part in tensor.parts:
        inside = np.flatnonzero((rows >= first) & (rows < first + part.rows.count))
        if len(inside) and is_on_grid(part.stored) and part.columns is None:
            yield part, inside, rows[inside] - first
        first += part.rows.count


def is_on_grid(stored: StoredTensor) -> bool:
    """Tell whether a tensor is a matrix, or a stack of them, on a grid."""
    return on_grid(stored.encoding) is not None and len(stored.shape) in (2, 3)


def row_ranges(matrix: StoredMatrix, *, is_whole: bool) -> tuple[tuple[int, int], ...]:
    """Rows to look at, in chunks: all, or around those that have an origin, by whole groups."""
    rows, together = matrix.shape[0], matrix.encoding.together
    if is_whole or matrix.part.transposed:
        runs = [(0, rows)]
    else:
        groups = np.unique(np.concatenate([one.stored_rows for one in matrix.origins]) // together)
        runs = [
            (int(run[0]) * together, min(rows, (int(run[-1]) + 1) * together))
            for run in np.split(groups, np.flatnonzero(np.diff(groups) > 1) + 1)
        ]
    step = matrix.chunk_rows
    return tuple((start, min(start + step, high)) for low, high in runs for start in range(low, high, step))
