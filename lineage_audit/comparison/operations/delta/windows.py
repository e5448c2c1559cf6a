"""A window on a matrix: some of its units with all residual channels, and some whole rows; read a few rows at a time.

Units are rows of what reads the residual stream and columns of what writes to it.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.reading import RowRequest
from lineage_audit.checkpoint.role_table import LAYER_WRITERS
from lineage_audit.checkpoint.tensors import IntArray, TensorRef
from lineage_audit.comparison.alignment.aligned_tensor import AlignedTensor
from lineage_audit.comparison.alignment.spreading import spread_places
from lineage_audit.comparison.pairing.tensors import TensorPair
from lineage_audit.comparison.reading.finite import zero_where_unusable

FloatArray = npt.NDArray[np.float32]

UNITS = 512
"""Units in a window; a matrix with no more of them is looked at whole."""

ROWS = 64
"""Whole rows that are kept, or up to twice as many."""

_BLOCK_ROWS = 192
"""Neighbouring rows that a sample reads of a matrix."""

_WRITER_ROWS = 32
"""The same of what writes to the residual stream, whose rows are long."""

_SCATTERED_ROWS = 48
"""The same where they stand apart in the other model."""

_SCATTERED = 0.5
_CHUNK_ELEMENTS = 2**22


class Window(Struct, frozen=True, eq=False):
    """A window on aligned A and on B, float32 ``[out, units]`` or ``[units, in]``, and some whole rows of both."""

    a: FloatArray
    b: FloatArray
    rows_a: FloatArray
    rows_b: FloatArray


def read_window(a: Checkpoint, b: Checkpoint, pair: TensorPair) -> Window:
    """Read a window of a pair of matrices, both models at the same time."""
    aligned_a = pair.aligned_a or AlignedTensor()
    with ThreadPoolExecutor(1, thread_name_prefix="window") as pool:
        of_a = pool.submit(_window_of_a, a, pair, aligned_a)
        held_b, rows_b = _window_of_b(b, pair, aligned_a)
        held_a, rows_a = of_a.result()
    return Window(held_a, held_b, rows_a, rows_b)


def read_block(a: Checkpoint, b: Checkpoint, pair: TensorPair) -> Window:
    """Read neighbouring rows from the middle of a pair, fewer where they stand apart in A: each is then a request."""
    aligned_a = pair.aligned_a or AlignedTensor()
    scattered = len(pair.a_rows) > 1 and bool((np.diff(pair.a_rows) != 1).mean() > _SCATTERED)
    most = _WRITER_ROWS if pair.b.role in LAYER_WRITERS else _SCATTERED_ROWS if scattered else _BLOCK_ROWS
    count = min(len(pair.b_rows), most)
    first = (len(pair.b_rows) - count) // 2
    some = np.arange(first, first + count)
    held_a = aligned_a.rows(_read(a, pair.a, pair.a_rows[some], aligned_a.columns_of), some)
    held_b = _read(b, pair.b, pair.b_rows[some], aligned_a.of_b)
    return Window(held_a, held_b, held_a[:ROWS], held_b[:ROWS])


def _window_of_a(a: Checkpoint, pair: TensorPair, aligned_a: AlignedTensor) -> tuple[FloatArray, FloatArray]:
    """Aligned A: the window and some whole rows."""
    everyone, whole = _everyone_and_some(pair)
    if aligned_a.needs_every_row:
        base = _read(a, pair.a, pair.a_rows, aligned_a.columns_of)
        return aligned_a.rows(base[:, _some(base.shape[1])], everyone), aligned_a.rows(base, whole)
    rows = aligned_a.rows(_read(a, pair.a, pair.a_rows[whole], aligned_a.columns_of), whole)
    if _shows_columns(pair, aligned_a):
        columns = _some(rows.shape[1])
        held = _read(a, pair.a, pair.a_rows, lambda block: aligned_a.columns_of(block)[:, columns])
        return aligned_a.rows(held, everyone), rows
    some = everyone[_some(len(everyone))]
    return aligned_a.rows(_read(a, pair.a, pair.a_rows[some], aligned_a.columns_of), some), rows


def _window_of_b(b: Checkpoint, pair: TensorPair, aligned_a: AlignedTensor) -> tuple[FloatArray, FloatArray]:
    """B's: the window and some whole rows."""
    everyone, whole = _everyone_and_some(pair)
    rows = _read(b, pair.b, pair.b_rows[whole], aligned_a.of_b)
    if _shows_columns(pair, aligned_a):
        columns = _some(rows.shape[1])
        return _read(b, pair.b, pair.b_rows, lambda block: aligned_a.of_b(block)[:, columns]), rows
    return _read(b, pair.b, pair.b_rows[everyone[_some(len(everyone))]], aligned_a.of_b), rows


def _shows_columns(pair: TensorPair, aligned_a: AlignedTensor) -> bool:
    """Whether the window is some columns of all rows, and not some rows with all columns."""
    return pair.b.role in LAYER_WRITERS or aligned_a.needs_every_row


def _everyone_and_some(pair: TensorPair) -> tuple[IntArray, IntArray]:
    """Positions of all rows of a pair, and of those that are kept whole."""
    everyone = np.arange(len(pair.b_rows))
    return everyone, everyone[:: max(1, len(everyone) // ROWS)]


def _some(count: int) -> IntArray:
    """Up to ``UNITS`` numbers below ``count``, spread evenly; contiguous where that is all of them."""
    return spread_places(count, UNITS)


def _read(
    checkpoint: Checkpoint, tensor: TensorRef, rows: IntArray, carried: Callable[[FloatArray], FloatArray]
) -> FloatArray:
    """Read rows in chunks, each carried over before the next is read."""
    step = max(1, _CHUNK_ELEMENTS * tensor.shape[0] // max(1, tensor.size))
    return np.concatenate(
        [
            carried(zero_where_unusable(checkpoint.read([RowRequest(tensor, rows[start : start + step])])[0]))
            for start in range(0, len(rows), step)
        ]
    )
