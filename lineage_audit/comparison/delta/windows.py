"""A window on a matrix: some of its units with all residual channels, and some whole rows; read a few rows at a time.

Units are rows of what reads the residual stream and columns of what writes to it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.reading import RowRequest
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import IntArray, TensorRef
from lineage_audit.comparison.finite import zero_where_unusable
from lineage_audit.comparison.image import Image
from lineage_audit.comparison.pairing import TensorPair

FloatArray = npt.NDArray[np.float32]

UNITS = 512
"""Units in a window; a matrix with no more of them is looked at whole."""

ROWS = 64
"""Whole rows that are kept, or up to twice as many."""

_CHUNK_ELEMENTS = 2**22
_WRITES = frozenset({Role.O, Role.DOWN})


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """A window on A's image and on B, float32 ``[out, units]`` or ``[units, in]``, and some whole rows of both."""

    a: FloatArray
    b: FloatArray
    rows_a: FloatArray
    rows_b: FloatArray


def read_window(a: Checkpoint, b: Checkpoint, pair: TensorPair) -> Window:
    """Read a window of a pair of matrices."""
    everyone = np.arange(len(pair.b_rows))
    whole = everyone[:: max(1, len(everyone) // ROWS)]
    image = pair.image or Image()
    rows_b = _read(b, pair.b, pair.b_rows[whole], image.of_b)
    if pair.b.role in _WRITES or image.needs_every_row:
        columns = _some(rows_b.shape[1])
        held_b = _read(b, pair.b, pair.b_rows, lambda block: image.of_b(block)[:, columns])
        if image.needs_every_row:
            base = _read(a, pair.a, pair.a_rows, image.columns_of)
            held_a, rows_a = image.rows(base[:, columns], everyone), image.rows(base, whole)
        else:
            held_a = image.rows(
                _read(a, pair.a, pair.a_rows, lambda block: image.columns_of(block)[:, columns]), everyone
            )
            rows_a = image.rows(_read(a, pair.a, pair.a_rows[whole], image.columns_of), whole)
        return Window(held_a, held_b, rows_a, rows_b)
    some = everyone[_some(len(everyone))]
    held_a = image.rows(_read(a, pair.a, pair.a_rows[some], image.columns_of), some)
    held_b = _read(b, pair.b, pair.b_rows[some], image.of_b)
    rows_a = image.rows(_read(a, pair.a, pair.a_rows[whole], image.columns_of), whole)
    return Window(held_a, held_b, rows_a, rows_b)


def _some(count: int) -> IntArray:
    """Up to ``UNITS`` numbers below ``count``, spread evenly; contiguous where that is all of them."""
    return np.unique(np.linspace(0, count - 1, min(UNITS, count)).round().astype(np.int64))


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
