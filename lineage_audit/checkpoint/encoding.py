"""Tensors whose bytes are not plain numbers: which bytes some rows need, and how those become floats.

An encoding belongs to one matrix ``[rows, columns]`` (leading axes of a stack flattened into rows). It names sections
of stored tensors for a block of rows; the reader fetches them and hands their arrays back to be decoded.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from lineage_audit.checkpoint.dtypes import decode_raw, item_bytes
from lineage_audit.checkpoint.source.base import ByteRange
from lineage_audit.checkpoint.tensors import StoredTensor
from lineage_audit.errors import UnsupportedFormatError

FloatArray = npt.NDArray[np.float32]
RawArray = npt.NDArray[Any]


class Encoding(Protocol):
    """How the rows of one tensor are read.

    Attributes:
        scheme: what a report calls it, or None where the encoding does not round (a norm stored as ``1 + w``).
        bits: bits of one element, its share of scales included.
        rounding: the largest relative error (root mean square) that storing weights so commonly makes.
    """

    @property
    def scheme(self) -> str | None: ...  # noqa: D102
    @property
    def bits(self) -> float: ...  # noqa: D102
    @property
    def rounding(self) -> float: ...  # noqa: D102

    def sections(self, low: int, high: int) -> tuple[Section, ...]:
        """What must be read for rows ``low`` to ``high``."""
        ...

    def decode(self, low: int, high: int, arrays: Sequence[RawArray]) -> FloatArray:
        """Turn the arrays of ``sections(low, high)`` into floats ``[high - low, columns]``."""
        ...


class Undecoded(Struct, frozen=True):
    """Codes that are stored in a way that is known by name, or not at all, and that nobody here can decode.

    Attributes:
        scheme: what a report calls them.
        bits: bits of one weight.
    """

    scheme: str
    bits: float
    rounding: float = 1.0

    def sections(self, low: int, high: int) -> tuple[Section, ...]:  # noqa: ARG002
        """Nothing can be read."""
        raise UnsupportedFormatError(f"{self.scheme}: cannot be read as numbers")

    def decode(self, low: int, high: int, arrays: Sequence[RawArray]) -> FloatArray:  # noqa: ARG002
        """Nothing can be decoded."""
        raise UnsupportedFormatError(f"{self.scheme}: cannot be read as numbers")


@runtime_checkable
class NeedsBeforehand(Protocol):
    """An encoding that reads more, once, before the first of its rows is known.

    Attributes:
        bytes_beforehand: how much has yet to be fetched.
    """

    @property
    def bytes_beforehand(self) -> int: ...  # noqa: D102


@runtime_checkable
class Recomputed(Protocol):
    """An encoding that undoes arithmetic: a format stores another number, and the last place of the original is lost.

    Attributes:
        slack: largest error of what comes back, of numbers above one as a share.
    """

    @property
    def slack(self) -> float: ...  # noqa: D102


class Section(Struct, frozen=True):
    """Rows and columns of a stored tensor seen as the matrix ``[rows, columns]``.

    Attributes:
        stored: the tensor; row-major.
        columns: columns of the matrix, in elements.
        rows: first row, and one past the last.
        window: first column, and one past the last.
    """

    stored: StoredTensor
    columns: int
    rows: tuple[int, int]
    window: tuple[int, int]

    def ranges(self) -> tuple[ByteRange, ...]:
        """The bytes: one range, or one a row where only some columns are wanted."""
        size, (low, high), (left, right) = item_bytes(self.stored.dtype), self.rows, self.window
        if right - left == self.columns:
            start = self.stored.start + low * self.columns * size
            return (ByteRange(self.stored.file, start, start + (high - low) * self.columns * size),)
        first = self.stored.start + (low * self.columns + left) * size
        step, width = self.columns * size, (right - left) * size
        return tuple(
            ByteRange(self.stored.file, start, start + width)
            for start in range(first, first + (high - low) * step, step)
        )

    def array(self, data: Sequence[bytes]) -> RawArray:
        """The section's values ``[rows, columns]``: floats as float32, whole numbers in their own type."""
        values = decode_raw(data[0] if len(data) == 1 else b"".join(data), self.stored.dtype)
        return values.reshape(self.rows[1] - self.rows[0], self.window[1] - self.window[0])


def rows_of(stored: StoredTensor, columns: int, low: int, high: int) -> Section:
    """Whole rows ``low`` to ``high`` of a stored matrix of ``columns`` columns."""
    return Section(stored, columns, (low, high), (0, columns))


def columns_of(stored: StoredTensor, low: int, high: int) -> Section:
    """Columns ``low`` to ``high`` of a stored matrix, over all its rows."""
    rows, columns = stored.shape
    return Section(stored, columns, (0, rows), (low, high))


def whole(stored: StoredTensor) -> Section:
    """All of a stored tensor, as one column."""
    return Section(stored, 1, (0, stored.size), (0, 1))
