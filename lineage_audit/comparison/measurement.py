"""One pass over paired rows: everything the tests need, in sums that do not grow with the model.

For every pair the pass keeps dot products and squared norms by row and by column, the squared size of the
difference, counts of equal elements, and the first rows themselves for tests that look across rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.dtypes import EXACT_BITS
from lineage_audit.checkpoint.reading import RowRequest
from lineage_audit.checkpoint.tensors import IntArray, TensorKey
from lineage_audit.comparison.finite import are_usable
from lineage_audit.comparison.pairing import WITHOUT_PLACE, TensorPair
from lineage_audit.comparison.plan import Reading
from lineage_audit.comparison.progress import Progress
from lineage_audit.comparison.rounding import round_to

FloatArray = npt.NDArray[np.float32]
DoubleArray = npt.NDArray[np.float64]

_Block = tuple[IntArray, FloatArray, FloatArray]
"""Positions of rows in the reading, A's rows, B's rows."""

_CHUNK_ELEMENTS = 4 * 2**20
"""Elements of a pair that are in memory at once, on each side."""

_BATCH_BYTES = 8 * 2**20
"""Small reads are gathered up to this many decoded bytes, so that a remote model is read in few requests."""

_SHIFTED_ROWS = 1024
"""Rows of a pair that also meet a wrong row, to see what mismatched rows have in common."""

Place = TensorKey | str
"""B's place in the architecture, or its name where roles do not tell tensors apart."""


@dataclass(frozen=True, slots=True, eq=False)
class Agreement:
    """Dot products and squared norms of corresponding rows (or columns) of A and B, float64 ``[n]``."""

    dot: DoubleArray
    aa: DoubleArray
    bb: DoubleArray

    @property
    def cosine(self) -> DoubleArray:
        """Cosine of each pair; NaN where one side is zero or not finite."""
        with np.errstate(invalid="ignore", divide="ignore"):
            cosine = self.dot / np.sqrt(self.aa * self.bb)
        cosine[~np.isfinite(cosine)] = np.nan
        return cosine


@dataclass(frozen=True, slots=True, eq=False)
class Measurement:
    """What one pass over a pair gave.

    Attributes:
        pair: the pair.
        positions: positions of the rows read, into the pair's row lists.
        rows: agreement row by row, in the order of ``positions``.
        columns: agreement column by column, over the rows read.
        delta_squared: squared Frobenius norm of B - A.
        sum_a: sum of A's elements.
        sum_b: sum of B's elements.
        equal: elements that are bit-identical after decoding.
        comparable: elements that could be copied: neither zero nor part of a constant row.
        copied: comparable elements that are bit-identical.
        chance_copied: share of comparable elements equal to those of a wrong row; None for vectors.
        mismatched_cosine: root mean square cosine of rows with wrong rows; None for vectors.
        rounded: elements that are equal once the finer side is rounded to the coarser side's type; None where both
            have types of one precision.
        not_finite: elements left out because they are NaN, infinite or absurdly large.
        not_finite_apart: those of them that are not the same on both sides.
        varying: rows that are not one constant on either side; what starts constant has no sign of its own.
        kept_a: the first rows of A as read, float32.
        kept_b: the same of B.
    """

    pair: TensorPair
    positions: IntArray
    rows: Agreement
    columns: Agreement
    delta_squared: float
    sum_a: float
    sum_b: float
    equal: int
    comparable: int
    copied: int
    chance_copied: float | None
    mismatched_cosine: float | None
    rounded: int | None
    not_finite: int
    not_finite_apart: int
    varying: npt.NDArray[np.bool_]
    kept_a: FloatArray
    kept_b: FloatArray

    @property
    def elements(self) -> int:
        """Number of elements read on each side."""
        return len(self.positions) * len(self.columns.dot)

    @property
    def is_matrix(self) -> bool:
        """Whether the tensor has more than one axis."""
        return len(self.pair.b.shape) > 1

    @property
    def is_complete(self) -> bool:
        """Whether every row of B's tensor was read."""
        return len(self.positions) == self.pair.b.shape[0]

    @property
    def correlation(self) -> float | None:
        """Uncentred correlation of a matrix's elements, centred for vectors; None where one side does not vary."""
        n = self.elements
        shift = 0.0 if self.is_matrix else 1.0
        dot = self.rows.dot.sum() - shift * self.sum_a * self.sum_b / n
        aa = self.rows.aa.sum() - shift * self.sum_a**2 / n
        bb = self.rows.bb.sum() - shift * self.sum_b**2 / n
        negligible = 1e-9 * max(self.rows.aa.sum(), self.rows.bb.sum(), 1e-30)
        if aa <= negligible or bb <= negligible:
            return None
        return float(np.clip(dot / np.sqrt(aa * bb), -1.0, 1.0))


def measure_all(
    a: Checkpoint, b: Checkpoint, readings: Iterable[Reading], progress: Progress
) -> dict[Place, Measurement]:
    """Measure every reading, in batches of few byte ranges; keyed by B's place, or by name where it has none."""
    results: dict[Place, Measurement] = {}
    for batch in _batches(readings):
        small = len(batch) > 1
        prefetched = _read_batch(a, b, batch) if small else None
        for number, reading in enumerate(batch):
            blocks = [(reading.positions, *prefetched[number])] if prefetched else _stream(a, b, reading)
            results[place_of(reading.pair)] = _measure(reading, blocks)
            progress.advance(elements_of(reading), reading.pair.b.name)
    return results


def place_of(pair: TensorPair) -> Place:
    """Where results about a pair are filed."""
    return pair.b.name if pair.b.role in WITHOUT_PLACE else pair.b.key


def elements_of(reading: Reading) -> int:
    """Elements that a reading covers on each side."""
    return len(reading.positions) * reading.pair.b.size // max(1, reading.pair.b.shape[0])


def _batches(readings: Iterable[Reading]) -> Iterable[list[Reading]]:
    """Group readings so that small ones share a read; a large one stands alone and is streamed."""
    batch: list[Reading] = []
    held = 0
    for reading in readings:
        size = 4 * elements_of(reading)
        if size > _BATCH_BYTES:
            yield [reading]
            continue
        if held + size > _BATCH_BYTES and batch:
            yield batch
            batch, held = [], 0
        batch.append(reading)
        held += size
    if batch:
        yield batch


def _read_batch(a: Checkpoint, b: Checkpoint, batch: list[Reading]) -> list[tuple[FloatArray, FloatArray]]:
    """Read several readings at once."""
    values_a = a.read([RowRequest(reading.pair.a, reading.pair.a_rows[reading.positions]) for reading in batch])
    values_b = b.read([RowRequest(reading.pair.b, reading.pair.b_rows[reading.positions]) for reading in batch])
    return list(zip(values_a, values_b, strict=True))


def _stream(a: Checkpoint, b: Checkpoint, reading: Reading) -> Iterable[_Block]:
    """Read one reading in blocks of rows; whole, where A's rows are mixed."""
    pair = reading.pair
    step = max(1, _CHUNK_ELEMENTS // max(1, pair.b.size // pair.b.shape[0]))
    if pair.image is not None and pair.image.needs_every_row:
        step = max(1, len(reading.positions))
    for start in range(0, len(reading.positions), step):
        chosen = reading.positions[start : start + step]
        yield (
            chosen,
            a.read([RowRequest(pair.a, pair.a_rows[chosen])])[0],
            b.read([RowRequest(pair.b, pair.b_rows[chosen])])[0],
        )


def _measure(reading: Reading, blocks: Iterable[_Block]) -> Measurement:
    """Accumulate the blocks of one pair."""
    image = reading.pair.image
    sums = _Sums(reading)
    for positions, raw_a, raw_b in blocks:
        block_a, block_b = _as_matrix(raw_a), _as_matrix(raw_b)
        if image is not None:
            block_a, block_b = image.of_a(block_a, positions), image.of_b(block_b)
        sums.add(block_a, block_b)
    return sums.finish()


def _as_matrix(values: FloatArray) -> FloatArray:
    """View a vector as one column, more axes as a matrix."""
    return values.reshape(len(values), -1)


class _Sums:
    """Running sums over the blocks of one pair."""

    def __init__(self, reading: Reading) -> None:
        pair = reading.pair
        self._reading = reading
        self._round_a = pair.b.dtype if _is_coarser(pair.b.dtype, pair.a.dtype) else None
        self._round_b = pair.a.dtype if _is_coarser(pair.a.dtype, pair.b.dtype) else None
        self._is_matrix = len(pair.b.shape) > 1
        self._rows: list[tuple[DoubleArray, DoubleArray, DoubleArray]] = []
        self._columns: list[DoubleArray] = []
        self._delta = self._sum_a = self._sum_b = 0.0
        self._equal = self._comparable = self._copied = self._rounded = 0
        self._not_finite = self._apart = 0
        self._varies: list[npt.NDArray[np.bool_]] = []
        self._chance: float | None = None
        self._mismatched: float | None = None
        self._kept: list[tuple[FloatArray, FloatArray]] = []
        self._room = reading.kept

    def add(self, a: FloatArray, b: FloatArray) -> None:
        """Add a block of corresponding rows."""
        a, b = self._finite(a, b)
        product, delta = a * b, b - a
        square_a, square_b = np.square(a), np.square(b)
        self._rows.append(tuple(x.sum(axis=1, dtype=np.float64) for x in (product, square_a, square_b)))
        columns = np.stack([x.sum(axis=0, dtype=np.float64) for x in (product, square_a, square_b)])
        self._columns = [self._columns[0] + columns] if self._columns else [columns]
        self._delta += float(np.einsum("ij,ij->", delta, delta, dtype=np.float64))
        self._sum_a += float(a.sum(dtype=np.float64))
        self._sum_b += float(b.sum(dtype=np.float64))
        self._count_equal(a, b, delta)
        self._varies.append(_varying_rows(a, self._is_matrix) & _varying_rows(b, self._is_matrix))
        if self._mismatched is None and self._is_matrix and len(a) > 1:
            self._meet_wrong_rows(a[:_SHIFTED_ROWS], b[:_SHIFTED_ROWS])
        self._kept.append((a[: self._room].copy(), b[: self._room].copy()))
        self._room = max(0, self._room - len(a))

    def finish(self) -> Measurement:
        """Put the sums together."""
        rows = [np.concatenate(parts) for parts in zip(*self._rows, strict=True)]
        kept_a, kept_b = (np.concatenate(parts) for parts in zip(*self._kept, strict=True))
        return Measurement(
            pair=self._reading.pair,
            positions=self._reading.positions,
            rows=Agreement(*rows),
            columns=Agreement(*self._columns[0]),
            delta_squared=self._delta,
            sum_a=self._sum_a,
            sum_b=self._sum_b,
            equal=self._equal,
            comparable=self._comparable,
            copied=self._copied,
            chance_copied=self._chance,
            mismatched_cosine=self._mismatched,
            rounded=self._rounded if self._round_a or self._round_b else None,
            not_finite=self._not_finite,
            not_finite_apart=self._apart,
            varying=np.concatenate(self._varies),
            kept_a=kept_a,
            kept_b=kept_b,
        )

    def _finite(self, a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Set elements to zero on both sides where either is NaN, infinite or absurdly large."""
        finite = are_usable(a) & are_usable(b)
        if finite.all():
            return a, b
        same = (a == b) | (np.isnan(a) & np.isnan(b))
        self._not_finite += int(np.count_nonzero(~finite))
        self._apart += int(np.count_nonzero(~finite & ~same))
        return np.where(finite, a, 0), np.where(finite, b, 0)

    def _count_equal(self, a: FloatArray, b: FloatArray, delta: FloatArray) -> None:
        same = delta == 0
        varies = (a != 0) & _varying(a, self._is_matrix)
        self._equal += int(np.count_nonzero(same))
        self._comparable += int(np.count_nonzero(varies))
        self._copied += int(np.count_nonzero(same & varies))
        if self._round_a:
            self._rounded += int(np.count_nonzero(round_to(a, self._round_a) == b))
        elif self._round_b:
            self._rounded += int(np.count_nonzero(round_to(b, self._round_b) == a))

    def _meet_wrong_rows(self, a: FloatArray, b: FloatArray) -> None:
        """See how rows of B agree with the row before their own in A, in direction and in equal elements."""
        wrong_a, own_b = a[:-1], b[1:]
        lengths = np.linalg.norm(wrong_a, axis=1) * np.linalg.norm(own_b, axis=1)
        usable = lengths > 0
        if usable.any():
            cosines = np.einsum("ij,ij->i", wrong_a[usable], own_b[usable]) / lengths[usable]
            self._mismatched = float(np.sqrt(np.mean(np.square(cosines, dtype=np.float64))))
        varies = (wrong_a != 0) & _varying(wrong_a, self._is_matrix)
        if varies.any():
            self._chance = float(np.count_nonzero((wrong_a == own_b) & varies) / np.count_nonzero(varies))


def _varying(values: FloatArray, is_matrix: bool) -> npt.NDArray[np.bool_]:
    """Tell which elements stand in a row (for vectors: in a tensor) that is not one constant."""
    axis = 1 if is_matrix else 0
    spread: npt.NDArray[np.bool_] = values.max(axis=axis, keepdims=True) != values.min(axis=axis, keepdims=True)
    return spread


def _varying_rows(values: FloatArray, is_matrix: bool) -> npt.NDArray[np.bool_]:
    """Tell which rows stand in something that is not one constant, ``[rows]``."""
    spread = _varying(values, is_matrix)[:, 0] if values.shape[1] else np.zeros(len(values), dtype=bool)
    return np.broadcast_to(spread, (len(values),))


def _is_coarser(dtype: str, than: str) -> bool:
    """Tell whether rounding to one type loses bits of the other."""
    return EXACT_BITS.get(dtype, 64) < EXACT_BITS.get(than, 0)
