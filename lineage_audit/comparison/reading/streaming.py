"""Weights in the order of the files: one thread reads, others decode, and nothing is held longer than it takes.

A chunk is some rows of one pair, read and not yet decoded. Small pairs share a read, so that a remote model is read
in few requests; a large one is cut into chunks, so that memory does not grow with the model.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.reading import FetchedRows, RowRequest
from lineage_audit.checkpoint.tensors import IntArray, TensorRef
from lineage_audit.comparison.reading.kernels import Kernel
from lineage_audit.comparison.reading.plan import Reading
from lineage_audit.comparison.reading.set_values import without_set

FloatArray = npt.NDArray[np.float32]
_Label = TypeVar("_Label")
_Result = TypeVar("_Result")

BATCH_ELEMENTS = 2 * 2**20
"""Small readings are read together up to this many elements on each side."""

_REMOTE_ELEMENTS = 16 * 2**20
"""The same, and the size of a chunk, where every read is a request."""

_READ_WHOLE = 32 * 2**20
"""Matrices up to this many elements are read at once where a part of their rows needs every byte."""


class Chunk(Struct, frozen=True, eq=False):
    """Rows of one pair, read and not yet decoded.

    Attributes:
        reading: what they belong to.
        first: place of the first of them among the reading's rows.
        positions: positions of the rows into the pair's row lists.
        fetched_a: bytes of A's rows; None where the alignment mixes all of them, which ``whole_a`` then holds.
        fetched_b: bytes of B's rows.
        whole_a: A's matrix but for the mixing of its rows, or None.
    """

    reading: Reading
    first: int
    positions: IntArray
    fetched_a: FetchedRows | None
    fetched_b: FetchedRows
    whole_a: FloatArray | None = None

    def values(self) -> tuple[FloatArray, FloatArray]:
        """Decode: aligned A and B as matrices ``[rows, width]`` (a vector is one column), in row-major order."""
        pair = self.reading.pair
        aligned_a = pair.aligned_a
        b = _as_matrix(self.fetched_b.decode()[0])
        if aligned_a is None:
            assert self.fetched_a is not None, "only alignments mix rows"
            return np.ascontiguousarray(_as_matrix(self.fetched_a.decode()[0])), np.ascontiguousarray(b)
        if self.fetched_a is None:
            assert self.whole_a is not None, "what mixes rows was read whole"
            a = aligned_a.rows(self.whole_a, self.positions)
        else:
            held = _as_matrix(self.fetched_a.decode()[0])
            a = aligned_a.of_a(_trained(held, pair.a_rows[self.positions]), self.positions)
        return np.ascontiguousarray(a), np.ascontiguousarray(aligned_a.of_b(_trained(b, pair.b_rows[self.positions])))


def stream(a: Checkpoint, b: Checkpoint, readings: Sequence[Reading], kernel: Kernel) -> Iterator[Chunk]:
    """Read everything once, in the order in which B's files hold it; chunks of one reading come in order."""
    is_local = a.source.is_local and b.source.is_local
    chunk = kernel.chunk_elements if is_local else max(kernel.chunk_elements, _REMOTE_ELEMENTS)
    batched = BATCH_ELEMENTS if is_local else _REMOTE_ELEMENTS
    for batch in _batches(sorted(readings, key=_place_in_file), batched, in_order=is_local):
        if len(batch) > 1:
            yield from _read_together(a, b, batch)
        else:
            yield from _cut(a, b, batch[0], chunk)


def in_order(
    jobs: Iterable[tuple[_Label, Callable[[], _Result]]], workers: int, ahead: int = 4
) -> Iterator[tuple[_Label, _Result]]:
    """Run jobs in threads while the next ones are made, a few ahead; results come in the order of the jobs.

    Args:
        jobs: labelled jobs; making one may take time (it reads).
        workers: threads; 0 to run every job where it is made.
        ahead: jobs that may wait beside those that run.
    """
    if not workers:
        yield from ((label, job()) for label, job in jobs)
        return
    from threadpoolctl import threadpool_limits

    waiting: deque[tuple[_Label, Future[_Result]]] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="sums")
    # The threads here are enough; a linear algebra library that starts its own beside them slows both down.
    limits = threadpool_limits(1, user_api="blas")
    try:
        for label, job in jobs:
            waiting.append((label, pool.submit(job)))
            if len(waiting) >= workers + ahead:
                done, future = waiting.popleft()
                yield done, future.result()
        while waiting:
            done, future = waiting.popleft()
            yield done, future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        limits.restore_original_limits()


def _batches(readings: Iterable[Reading], limit: int, *, in_order: bool) -> Iterator[list[Reading]]:
    """Group readings so that small ones share a read, and those that need the same bytes; a large one stands alone.

    Args:
        readings: in the order of the files.
        limit: elements of a batch.
        in_order: a batch ends where a large reading comes; otherwise small ones on both sides of it may share one.
    """
    batch: list[Reading] = []
    held = 0
    for group in _sharing_bytes(readings):
        size = sum(len(reading.positions) * reading.width for reading in group)
        if size > limit or any(_mixes_rows(reading) for reading in group):
            if in_order and batch:
                yield batch
                batch, held = [], 0
            yield from [group] if size <= _READ_WHOLE else ([reading] for reading in group)
            continue
        if held + size > limit and batch:
            yield batch
            batch, held = [], 0
        batch += group
        held += size
    if batch:
        yield batch


def _sharing_bytes(readings: Iterable[Reading]) -> Iterator[list[Reading]]:
    """Readings one by one, those together whose rows are columns of one stored matrix (GPT-2's q, k and v)."""
    group: list[Reading] = []
    for reading in readings:
        shares = group and _needs_every_byte(reading.pair.b) and not _mixes_rows(reading)
        if not (shares and _place_in_file(group[0])[:3] == _place_in_file(reading)[:3]):
            if group:
                yield group
            group = []
        group.append(reading)
    if group:
        yield group


def _read_together(a: Checkpoint, b: Checkpoint, batch: Sequence[Reading]) -> Iterator[Chunk]:
    """Read several readings at once, both models at a time where they are remote."""
    requests_a = [RowRequest(reading.pair.a, reading.pair.a_rows[reading.positions]) for reading in batch]
    requests_b = [RowRequest(reading.pair.b, reading.pair.b_rows[reading.positions]) for reading in batch]
    fetched_a, fetched_b = _fetch(a, b, requests_a, requests_b)
    for reading, part_a, part_b in zip(batch, fetched_a.split(), fetched_b.split(), strict=True):
        yield Chunk(reading, 0, reading.positions, part_a, part_b)


def _cut(a: Checkpoint, b: Checkpoint, reading: Reading, elements: int) -> Iterator[Chunk]:
    """Read one reading in chunks of whole rows."""
    pair, count = reading.pair, len(reading.positions)
    step = max(1, elements // max(1, reading.width))
    if (_needs_every_byte(pair.a) or _needs_every_byte(pair.b)) and pair.b.size <= _READ_WHOLE:
        step = max(1, count)
    whole_a = None
    if _mixes_rows(reading):
        assert pair.aligned_a is not None, "only alignments mix rows"
        held = _as_matrix(a.read([RowRequest(pair.a, pair.a_rows)])[0])
        whole_a = pair.aligned_a.columns_of(_trained(held, pair.a_rows))
    for first in range(0, count, step):
        chosen = reading.positions[first : first + step]
        request_b = RowRequest(pair.b, pair.b_rows[chosen])
        if whole_a is not None:
            yield Chunk(reading, first, chosen, None, b.fetch([request_b]), whole_a)
            continue
        fetched_a, fetched_b = _fetch(a, b, [RowRequest(pair.a, pair.a_rows[chosen])], [request_b])
        yield Chunk(reading, first, chosen, fetched_a, fetched_b)


def _fetch(
    a: Checkpoint, b: Checkpoint, requests_a: list[RowRequest], requests_b: list[RowRequest]
) -> tuple[FetchedRows, FetchedRows]:
    """Read from both models; at the same time where at least one of them is remote."""
    if a.source.is_local and b.source.is_local:
        return a.fetch(requests_a), b.fetch(requests_b)
    with ThreadPoolExecutor(1, thread_name_prefix="fetch") as pool:
        other = pool.submit(a.fetch, requests_a)
        fetched_b = b.fetch(requests_b)
        return other.result(), fetched_b


def _mixes_rows(reading: Reading) -> bool:
    return reading.pair.aligned_a is not None and reading.pair.aligned_a.needs_every_row


def _needs_every_byte(tensor: TensorRef) -> bool:
    """Whether some of the rows take as many bytes as all of them: they are columns of what is stored."""
    return any(part.transposed or part.stored.strides is not None for part in tensor.parts)


def _place_in_file(reading: Reading) -> tuple[str, int, int, int]:
    """Where B's tensor begins."""
    part = reading.pair.b.parts[0]
    return part.stored.file, part.stored.start, part.index or 0, part.rows.offset


def _trained(values: FloatArray, rows: IntArray) -> FloatArray:
    """A matrix without what was set, which is told by its neighbours, as long as these are in order."""
    return without_set(values, rows) if values.shape[1] > 1 else values


def _as_matrix(values: FloatArray) -> FloatArray:
    """View a vector as one column, more axes as a matrix."""
    return values.reshape(len(values), -1)
