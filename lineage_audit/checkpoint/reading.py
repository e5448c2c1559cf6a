"""Rows of tensor references as float32, through as few byte ranges as possible.

Nothing is kept: what is asked for is read, decoded and handed over. Rows that lie close together are read as one
span; rows of a transposed matrix need the whole stored matrix, since they are its columns.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from lineage_audit.checkpoint.dtypes import BITS, READABLE, decode
from lineage_audit.checkpoint.encoding import NeedsBeforehand, RawArray, Undecoded
from lineage_audit.checkpoint.source.base import ByteRange, Source
from lineage_audit.checkpoint.source.coalescing import coalesce
from lineage_audit.checkpoint.tensors import IntArray, Part, StoredTensor, TensorRef

FloatArray = npt.NDArray[np.float32]

_FEWEST_SKIPPED = 4
_WORTH_SKIPPING = 32 * 2**10
"""Rows between two that are asked for are read along unless they are more, in number and in bytes, than these."""


class RowRequest(Struct, frozen=True, eq=False):
    """Rows of one tensor by their logical numbers (int64, any order)."""

    tensor: TensorRef
    rows: IntArray


class _Run(Struct, frozen=True, eq=False):
    """A contiguous read of a part: where its rows go in the request's output, and how they are picked.

    Attributes:
        part: the part.
        block: for encoded tensors the rows read, counted over the whole stack; otherwise None.
        ranges: the bytes.
        output_rows: rows of the output that are filled; a slice where they are consecutive.
        picked: which rows of what is read go there, in their order; likewise.
        output_columns: columns of the output that are filled.
    """

    part: Part
    block: tuple[int, int] | None
    ranges: tuple[ByteRange, ...]
    output_rows: IntArray | slice
    picked: IntArray | slice
    output_columns: slice


class FetchedRows(Struct, frozen=True, eq=False):
    """The bytes of some requests, read and not yet decoded, so that other bytes can be read meanwhile."""

    requests: Sequence[RowRequest]
    pieces: Sequence[Sequence[tuple[_Run, Sequence[bytes]]]]

    def decode(self) -> list[FloatArray]:
        """Give each request's rows, float32 ``[rows, in]``, or ``[rows]`` for vectors, in the order asked."""
        return [_assemble(request, pieces) for request, pieces in zip(self.requests, self.pieces, strict=True)]

    def split(self) -> list[FetchedRows]:
        """One for each request."""
        return [FetchedRows([request], [pieces]) for request, pieces in zip(self.requests, self.pieces, strict=True)]


def is_readable(tensor: TensorRef) -> bool:
    """Tell whether the tensor's values can be read as numbers, plain or dequantised."""
    return all(_is_readable(part) for part in tensor.parts)


def _is_readable(part: Part) -> bool:
    """Plain values of a known type; of quantised ones a vector, a matrix, or a stack whose index is known."""
    if part.stored.encoding is None:
        return part.stored.dtype in READABLE
    if isinstance(part.stored.encoding, Undecoded):
        return False
    return len(part.stored.shape) in ((1, 2) if part.index is None else (3,))


def read_rows(source: Source, requests: Sequence[RowRequest]) -> list[FloatArray]:
    """Read all requests; each gives float32 ``[rows, in]``, or ``[rows]`` for vectors, in the order asked."""
    return fetch_rows(source, requests).decode()


def read_arrays(source: Source, stored: StoredTensor, low: int, high: int) -> list[RawArray]:
    """Read what an encoded tensor's rows are stored in, not yet decoded: the arrays of its encoding's sections."""
    if stored.encoding is None:
        raise AssertionError("only encoded tensors are stored in sections")
    sections = stored.encoding.sections(low, high)
    pieces = iter(source.read_ranges([span for section in sections for span in section.ranges()]))
    return [section.array([next(pieces) for _ in section.ranges()]) for section in sections]


def bytes_for_rows(tensor: TensorRef, rows: IntArray) -> int:
    """Bytes that must be read for some rows, those between and before them included; all where rows are columns."""
    spans = coalesce(span for run in _runs(RowRequest(tensor, rows)) for span in run.ranges)
    return sum(map(_bytes_beforehand, tensor.parts)) + sum(span.stop - span.start for span in spans)


def _bytes_beforehand(part: Part) -> int:
    encoding = part.stored.encoding
    return encoding.bytes_beforehand if encoding is not None and isinstance(encoding, NeedsBeforehand) else 0


def fetch_rows(source: Source, requests: Sequence[RowRequest]) -> FetchedRows:
    """Read the bytes of all requests, in as few ranges as possible."""
    runs = [list(_runs(request)) for request in requests]
    spans = list(dict.fromkeys(span for found in runs for run in found for span in run.ranges))
    data = dict(zip(spans, source.read_ranges(spans), strict=True))
    return FetchedRows(requests, [[(run, [data[span] for span in run.ranges]) for run in found] for found in runs])


def _assemble(request: RowRequest, pieces: Sequence[tuple[_Run, Sequence[bytes]]]) -> FloatArray:
    """Put the decoded pieces of one request in place."""
    shape = request.tensor.shape
    width = math.prod(shape[1:])
    if width and len(pieces) == 1 and (whole := _decode_in_order(request, *pieces[0])) is not None:
        return whole.reshape(len(request.rows), *shape[1:])
    output = np.empty((len(request.rows), width), dtype=np.float32)
    if not output.size:
        return output.reshape(len(request.rows), *shape[1:])
    for run, data in pieces:
        output[run.output_rows, run.output_columns] = _decode_matrix(run, data)[run.picked]
    return output.reshape(len(request.rows), *shape[1:])


def _decode_in_order(request: RowRequest, run: _Run, data: Sequence[bytes]) -> FloatArray | None:
    """The only piece of a request, where it is all of the output in order and need not be copied there."""
    if isinstance(run.output_rows, np.ndarray) or isinstance(run.picked, np.ndarray):
        return None
    if run.output_rows != slice(0, len(request.rows)):
        return None
    values = _decode_matrix(run, data)[run.picked]
    if run.output_columns not in (slice(None), slice(0, values.shape[1])) or not values.flags.writeable:
        return None
    return values


def _decode_matrix(run: _Run, data: Sequence[bytes]) -> FloatArray:
    """Decode a run as a matrix whose first axis ``run.picked`` selects from."""
    matrix, columns = _decode_stored(run, data), run.part.columns
    return matrix if columns is None else matrix[:, columns.stored_rows(np.arange(columns.count))]


def _decode_stored(run: _Run, data: Sequence[bytes]) -> FloatArray:
    """The same with the columns in the order in which they are stored."""
    part = run.part
    if run.block is not None:
        return _decode_block(part, *run.block, data)
    values = decode(data[0], part.stored.dtype)
    if part.stored.strides is not None:
        strides = [stride * values.itemsize for stride in part.stored.strides]
        view = np.lib.stride_tricks.as_strided(values, part.stored.shape, strides, writeable=False)
        values = np.ascontiguousarray(view)
        return _oriented(part, values[part.index] if part.index is not None else values)
    if part.transposed:
        return _oriented(part, values.reshape(_matrix_shape(part)))
    return values.reshape(-1, _matrix_shape(part)[1])


def _decode_block(part: Part, low: int, high: int, data: Sequence[bytes]) -> FloatArray:
    """Decode rows of an encoded tensor."""
    if part.stored.encoding is None:
        raise AssertionError("only encoded tensors are read in blocks")
    pieces = iter(data)
    arrays = [
        section.array([next(pieces) for _ in section.ranges()]) for section in part.stored.encoding.sections(low, high)
    ]
    matrix = part.stored.encoding.decode(low, high, arrays)
    return matrix.T if part.transposed else matrix


def _oriented(part: Part, matrix: FloatArray) -> FloatArray:
    """Transpose a whole stored matrix so that its first axis is the output dimension."""
    matrix = matrix.reshape(_matrix_shape(part))
    return matrix.T if part.transposed else matrix


def _matrix_shape(part: Part) -> tuple[int, int]:
    """Shape of the stored matrix after a leading index: vectors are columns, more than two axes are flattened."""
    shape = part.stored.shape[1:] if part.index is not None else part.stored.shape
    if not shape:
        return 1, 1
    return shape[0], math.prod(shape[1:])


def _runs(request: RowRequest) -> Iterator[_Run]:
    """Split a request into contiguous reads, part by part."""
    first = 0
    everything = np.arange(len(request.rows))
    for part in request.tensor.parts:
        if request.tensor.axis == 1:
            width = _part_width(part)
            yield from _part_runs(part, request.rows, everything, slice(first, first + width))
            first += width
        else:
            chosen = np.flatnonzero((request.rows >= first) & (request.rows < first + part.rows.count))
            yield from _part_runs(part, request.rows[chosen] - first, chosen, slice(None))
            first += part.rows.count


def _part_width(part: Part) -> int:
    """Number of columns that a part adds when parts are joined along axis 1."""
    rows, columns = _matrix_shape(part)
    return rows if part.transposed else columns


def _part_runs(part: Part, rows: IntArray, output_rows: IntArray, columns: slice) -> Iterator[_Run]:
    """Contiguous reads for some rows of one part."""
    if not len(rows):
        return
    stored_rows = part.rows.stored_rows(rows)
    if part.transposed or part.stored.strides is not None:
        block, ranges = _whole_matrix(part)
        yield _Run(part, block, ranges, _consecutive(output_rows), _consecutive(stored_rows), columns)
        return
    row_bits = max(1.0, _matrix_shape(part)[1] * part.stored.element_bits)
    for chosen in _close_together(stored_rows, max(_FEWEST_SKIPPED, int(8 * _WORTH_SKIPPING / row_bits))):
        low, high = int(stored_rows[chosen].min()), int(stored_rows[chosen].max()) + 1
        block, ranges = _some_rows(part, low, high)
        yield _Run(
            part, block, ranges, _consecutive(output_rows[chosen]), _consecutive(stored_rows[chosen] - low), columns
        )


def _close_together(stored_rows: IntArray, skipped: int) -> Iterator[IntArray | slice]:
    """Group positions so that each group is worth one read: at most ``skipped`` rows between two of a group."""
    if isinstance(_consecutive(stored_rows), slice):
        yield slice(None)
        return
    order = np.argsort(stored_rows, kind="stable")
    yield from np.split(order, np.flatnonzero(np.diff(stored_rows[order]) > skipped + 1) + 1)


def _consecutive(numbers: IntArray) -> IntArray | slice:
    """The same numbers as a slice, where each follows the one before."""
    if not len(numbers):
        return slice(0)
    first, last = int(numbers[0]), int(numbers[-1])
    is_consecutive = last - first + 1 == len(numbers) and bool((numbers[1:] - numbers[:-1] == 1).all())
    return slice(first, last + 1) if is_consecutive else numbers


_Read = tuple[tuple[int, int] | None, tuple[ByteRange, ...]]
"""Rows over the whole stack where the tensor is encoded, and the bytes to read."""


def _whole_matrix(part: Part) -> _Read:
    """All of the stored matrix (of the indexed one in a stack)."""
    if part.stored.strides is not None:
        return None, (ByteRange(part.stored.file, part.stored.start, part.stored.stop),)
    return _some_rows(part, 0, _matrix_shape(part)[0])


def _some_rows(part: Part, low: int, high: int) -> _Read:
    """Stored rows ``low`` to ``high`` of the matrix (of the indexed one in a stack)."""
    stored, (rows, columns) = part.stored, _matrix_shape(part)
    first = (part.index or 0) * rows
    if stored.encoding is not None:
        sections = stored.encoding.sections(first + low, first + high)
        return (first + low, first + high), tuple(span for section in sections for span in section.ranges())
    start = stored.start + _bytes_of(stored, (first + low) * columns)
    return None, (ByteRange(stored.file, start, start + _bytes_of(stored, (high - low) * columns)),)


def _bytes_of(stored: StoredTensor, elements: int) -> int:
    """Bytes that a number of elements take."""
    return elements * BITS[stored.dtype] // 8
