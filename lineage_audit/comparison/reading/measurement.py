"""One pass over paired rows: everything the tests need, in sums that do not grow with the model.

For every pair the pass keeps dot products and squared norms by row and by column, the squared size of the
difference, counts of equal elements, and the first rows themselves for tests that look across rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import replace

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.dtypes import EXACT_BITS
from lineage_audit.checkpoint.encoding import Recomputed
from lineage_audit.checkpoint.roles import WITHOUT_PLACE
from lineage_audit.checkpoint.tensors import IntArray, TensorKey
from lineage_audit.comparison.pairing.tensors import TensorPair
from lineage_audit.comparison.progress import Progress
from lineage_audit.comparison.reading.finite import NOTHING
from lineage_audit.comparison.reading.free_direction import has_free_direction, take_means_away, without_means
from lineage_audit.comparison.reading.kernels import BlockSums, Kernel, Rounding, active_kernel
from lineage_audit.comparison.reading.kernels.numpy_kernel import join_rows, without_unusable
from lineage_audit.comparison.reading.marks import MARKED_ROLES, NO_MARKS, Marks, mark_rows, marking_step
from lineage_audit.comparison.reading.plan import Reading, bytes_of
from lineage_audit.comparison.reading.set_values import without_set, without_set_diagonal
from lineage_audit.comparison.reading.sketched import Axis, Sketched
from lineage_audit.comparison.reading.streaming import Chunk, in_order, stream

FloatArray = npt.NDArray[np.float32]
DoubleArray = npt.NDArray[np.float64]

_SHIFTED_ROWS = 1024
"""Rows of a pair that also meet a wrong row, to see what mismatched rows have in common."""

_WORTH_THREADS = 4 * 2**20
"""Elements of all readings together from which threads are worth their start."""

_Rows = tuple[FloatArray, FloatArray]
"""Some rows of A, as stored or aligned, and of B."""

Place = TensorKey | str
"""B's place in the architecture, or its name where roles do not tell tensors apart."""


class Agreement(Struct, frozen=True, eq=False):
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


class Measurement(Struct, frozen=True, eq=False):
    """What one pass over a pair gave.

    Attributes:
        pair: the pair.
        positions: positions of the rows read, into the pair's row lists.
        rows: agreement row by row, in the order of ``positions``.
        columns: agreement column by column, over the rows read.
        delta_squared: squared Frobenius norm of B - A.
        sum_a: sum of A's elements, of vectors alone (matrices are not centred): 0 otherwise.
        sum_b: the same of B.
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
        marks: a few numbers of the rows of roles whose units have signs.
        sketched: what it stands for where no weight was at hand, only sketches: nothing is then known to be equal.
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
    marks: Marks = NO_MARKS
    sketched: Sketched | None = None

    @property
    def elements(self) -> int:
        """Number of elements read on each side."""
        return len(self.positions) * len(self.columns.dot)

    @property
    def weight(self) -> int:
        """What it counts among others: the elements that were read, or the parameters that sketches stand for."""
        return self.elements if self.sketched is None else self.sketched.parameters

    def has_own(self, axis: Axis) -> bool:
        """Whether what stands along an axis is the tensor's own, and no projections of it."""
        return self.sketched is None or self.sketched.projected != axis

    @property
    def new_squared(self) -> float:
        """Squared size of the rows or columns of B that have no source in A; part of ``delta_squared``."""
        if self.pair.aligned_a is None or not self.pair.aligned_a.leaves_out_units:
            return 0.0
        return sum(float(part.bb[part.aa == 0].sum()) for part in (self.rows, self.columns))

    @property
    def is_matrix(self) -> bool:
        """Whether the tensor has more than one axis."""
        return len(self.pair.b.shape) > 1

    @property
    def is_complete(self) -> bool:
        """Whether every row of B's tensor was read."""
        return len(self.positions) == self.pair.b.shape[0]

    @property
    def is_equal(self) -> bool:
        """Whether every row that has a counterpart was read, and every number of them is the same."""
        is_whole = len(self.positions) == len(self.pair.b_rows)
        return is_whole and self.equal == self.elements and not self.not_finite_apart

    @property
    def correlation(self) -> float | None:
        """Uncentred correlation of a matrix's elements, centred for vectors; None where one side does not vary."""
        n = self.elements
        shift = 0.0 if self.is_matrix else 1.0
        dot = self.rows.dot.sum() - shift * self.sum_a * self.sum_b / n
        aa = self.rows.aa.sum() - shift * self.sum_a**2 / n
        bb = self.rows.bb.sum() - shift * self.sum_b**2 / n
        negligible = 1e-9 * max(self.rows.aa.sum(), self.rows.bb.sum(), NOTHING)
        if aa <= negligible or bb <= negligible:
            return None
        return float(np.clip(dot / np.sqrt(aa * bb), -1.0, 1.0))


def measure_all(
    a: Checkpoint, b: Checkpoint, readings: Iterable[Reading], progress: Progress
) -> dict[Place, Measurement]:
    """Measure every reading, in the order of B's files; keyed by B's place, or by name where it has none."""
    kernel, readings, is_centred = active_kernel(), list(readings), take_means_away(a, b)
    open_sums = {id(reading): _Sums(reading) for reading in readings}
    measured: dict[int, Measurement] = {}
    chunks, step = stream(a, b, readings, kernel), marking_step(readings)
    for chunk, part in in_order(
        ((chunk, _job(kernel, chunk, step, is_centred)) for chunk in chunks), _workers(kernel, readings)
    ):
        reading = chunk.reading
        sums = open_sums[id(reading)]
        sums.add(part)
        progress.advance(bytes_of(reading, len(chunk.positions)), reading.pair.b.name)
        if sums.is_complete:
            measured[id(reading)] = open_sums.pop(id(reading)).finish()
    return {place_of(reading.pair): measured[id(reading)] for reading in readings}


def measure_values(reading: Reading, values: _Rows, trained: _Rows) -> Measurement:
    """Measure the rows of one matrix, or a vector, that are at hand.

    Args:
        reading: what they are.
        values: of A and of B.
        trained: the same without what was set; a vector is taken as it is.
    """
    sums, kernel, pair = _Sums(reading), active_kernel(), reading.pair
    if len(pair.b.shape) < 2:
        sums.add(_vector_part(kernel, *values, _rounding(pair), reading.kept))
    else:
        sums.add(_matrix_part(kernel, reading, 0, values, lambda _a, _b: trained, 1))
    return sums.finish()


def place_of(pair: TensorPair) -> Place:
    """Where results about a pair are filed."""
    return pair.b.name if pair.b.role in WITHOUT_PLACE else pair.b.key


def _workers(kernel: Kernel, readings: list[Reading]) -> int:
    """Threads to start: none where there is little to do."""
    elements = sum(len(reading.positions) * reading.width for reading in readings)
    return kernel.workers if elements > _WORTH_THREADS else 0


class _Part(Struct, frozen=True, eq=False):
    """What a chunk gave: its sums, the rows to keep, and how its rows agree with wrong ones."""

    sums: BlockSums
    sum_a: float
    sum_b: float
    kept_a: FloatArray
    kept_b: FloatArray
    mismatched: float | None
    chance: float | None
    marks: Marks = NO_MARKS


def _job(kernel: Kernel, chunk: Chunk, step: int, is_centred: bool) -> Callable[[], _Part]:
    """What is left to do for a chunk once its bytes are there; may run in any thread."""
    reading, pair = chunk.reading, chunk.reading.pair
    slack = _slack(pair)

    def trained(a: FloatArray, b: FloatArray) -> _Rows:
        return _trained(a, b, pair, chunk.positions)

    def measured() -> _Part:
        values = _meant(*chunk.values(), slack)
        if len(pair.b.shape) < 2:
            return _vector_part(kernel, *values, _rounding(pair), max(0, reading.kept - chunk.first))
        part = _matrix_part(kernel, reading, chunk.first, values, trained, step)
        if not (is_centred and has_free_direction(pair, len(chunk.positions))) or part.sums.not_finite:
            return part
        a, b = (without_means(side) for side in trained(*values))
        return replace(part, sums=part.sums.of_form(kernel.sums(a, b, _rounding(pair))))

    return measured


def _rounding(pair: TensorPair) -> Rounding:
    return Rounding(
        a=pair.b.dtype if _is_coarser(pair.b.dtype, pair.a.dtype) else None,
        b=pair.a.dtype if _is_coarser(pair.a.dtype, pair.b.dtype) else None,
    )


def _matrix_part(
    kernel: Kernel,
    reading: Reading,
    first: int,
    values: _Rows,
    trained: Callable[[FloatArray, FloatArray], _Rows],
    step: int,
) -> _Part:
    """What some rows of a matrix give.

    Args:
        kernel: takes the sums.
        reading: what the rows belong to.
        first: place of the first of them among the reading's rows.
        values: the rows, of aligned A and of B.
        trained: takes out of them what was set.
        step: rows of the reading from one that is marked to the next.
    """
    pair, room, (a, b) = reading.pair, max(0, reading.kept - first), values
    rounding = _rounding(pair)
    sums = kernel.sums(a, b, rounding)
    if sums.not_finite:
        a, b, _, _ = without_unusable(a, b)
    trained_a, trained_b = trained(a, b)
    if trained_a is not a or trained_b is not b:
        sums = sums.of_trained(kernel.sums(trained_a, trained_b, rounding))
    kept_a, kept_b = trained_a[:room].copy(), trained_b[:room].copy()
    wrong = _meet_wrong_rows(a[:_SHIFTED_ROWS], b[:_SHIFTED_ROWS]) if first == 0 else (None, None)
    marks = _marks(trained_a, trained_b, first, step) if pair.b.role in MARKED_ROLES else NO_MARKS
    return _Part(sums, 0.0, 0.0, kept_a, kept_b, *wrong, marks)


def _trained(a: FloatArray, b: FloatArray, pair: TensorPair, positions: IntArray) -> _Rows:
    """Rows without what was set; filters of towers and encoders may well be smooth, and are no tables for that."""
    without = without_set if pair.b.in_core else without_set_diagonal
    rows_b = pair.b_rows[positions]
    rows_a = pair.a_rows[positions] if pair.aligned_a is None else rows_b
    return without(a, rows_a), without(b, rows_b)


def _slack(pair: TensorPair) -> float:
    """What the numbers of a pair may differ by and be the same: what undoing a format's arithmetic costs."""
    stored = [part.stored.encoding for side in (pair.a, pair.b) for part in side.parts]
    encodings: list[object] = [encoding for encoding in stored if encoding is not None]
    return max((one.slack for one in encodings if isinstance(one, Recomputed)), default=0.0)


def _meant(a: FloatArray, b: FloatArray, slack: float) -> tuple[FloatArray, FloatArray]:
    """Rows of both sides, equal where they differ by no more than undoing a format's arithmetic costs."""
    return (a, np.where(np.abs(b - a) <= slack * np.maximum(1, np.abs(a)), a, b)) if slack else (a, b)


def _marks(a: FloatArray, b: FloatArray, first: int, step: int) -> Marks:
    """Marks of every ``step``-th row of a reading, of which a chunk begins at ``first``."""
    chosen = slice(-first % step, None, step)
    return Marks(mark_rows(a[chosen]), mark_rows(b[chosen]), step)


def _vector_part(kernel: Kernel, a: FloatArray, b: FloatArray, rounding: Rounding, room: int) -> _Part:
    """A vector is measured as one row; its elements are the rows of the result."""
    a, b, not_finite, apart = without_unusable(a, b)
    transposed = kernel.sums(a.reshape(1, -1), b.reshape(1, -1), rounding)
    sums = replace(
        transposed,
        rows=transposed.columns,
        columns=transposed.rows,
        not_finite=not_finite,
        not_finite_apart=apart,
        varying=np.broadcast_to(transposed.varying, (len(a),)),
    )
    return _Part(sums, float(a.sum(dtype=np.float64)), float(b.sum(dtype=np.float64)), a[:room], b[:room], None, None)


class _Sums:
    """Running sums over the chunks of one pair, which come in order."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._parts: list[_Part] = []
        self._rows = 0
        self._columns: DoubleArray | None = None

    @property
    def is_complete(self) -> bool:
        """Whether every row was added."""
        return self._rows == len(self._reading.positions)

    def add(self, part: _Part) -> None:
        """Add a chunk; columns are summed at once, since they are as long as a row."""
        self._rows += part.sums.rows.shape[1]
        self._columns = part.sums.columns if self._columns is None else self._columns + part.sums.columns
        self._parts.append(replace(part, sums=replace(part.sums, columns=np.empty((3, 0)))))

    def finish(self) -> Measurement:
        """Put the sums together."""
        pair, columns = self._reading.pair, self._columns
        assert columns is not None, "a reading has rows"
        sums = join_rows([part.sums for part in self._parts])
        rounds = any(_is_coarser(*dtypes) for dtypes in ((pair.a.dtype, pair.b.dtype), (pair.b.dtype, pair.a.dtype)))
        return Measurement(
            pair=pair,
            positions=self._reading.positions,
            rows=Agreement(*sums.rows),
            columns=Agreement(*columns),
            delta_squared=sums.delta_squared,
            sum_a=sum(part.sum_a for part in self._parts),
            sum_b=sum(part.sum_b for part in self._parts),
            equal=sums.equal,
            comparable=sums.comparable,
            copied=sums.copied,
            chance_copied=self._parts[0].chance,
            mismatched_cosine=self._parts[0].mismatched,
            rounded=sums.rounded if rounds else None,
            not_finite=sums.not_finite,
            not_finite_apart=sums.not_finite_apart,
            varying=sums.varying,
            kept_a=np.concatenate([part.kept_a for part in self._parts]),
            kept_b=np.concatenate([part.kept_b for part in self._parts]),
            marks=_joined([part.marks for part in self._parts]),
        )


def _joined(marks: list[Marks]) -> Marks:
    return Marks(np.concatenate([one.a for one in marks]), np.concatenate([one.b for one in marks]), marks[0].every)


def _meet_wrong_rows(a: FloatArray, b: FloatArray) -> tuple[float | None, float | None]:
    """How rows of B agree with the row before their own in A: in direction, and in equal elements."""
    wrong_a, own_b = a[:-1], b[1:]
    if not len(wrong_a):
        return None, None
    mismatched = chance = None
    lengths = np.linalg.norm(wrong_a, axis=1) * np.linalg.norm(own_b, axis=1)
    usable = lengths > 0
    if usable.any():
        cosines = np.einsum("ij,ij->i", wrong_a, own_b)[usable] / lengths[usable]
        mismatched = float(np.sqrt(np.mean(np.square(cosines, dtype=np.float64))))
    comparable = (wrong_a != 0) & (wrong_a.max(axis=1, keepdims=True) != wrong_a.min(axis=1, keepdims=True))
    if comparable.any():
        chance = float(np.count_nonzero((wrong_a == own_b) & comparable) / np.count_nonzero(comparable))
    return mismatched, chance


def _is_coarser(dtype: str, than: str) -> bool:
    """Tell whether rounding to one type loses bits of the other."""
    return EXACT_BITS.get(dtype, 64) < EXACT_BITS.get(than, 0)
