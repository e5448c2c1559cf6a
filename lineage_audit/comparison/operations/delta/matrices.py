"""Matrices of aligned A and of B, reduced one at a time to what tells one kind of change from another.

No matrix outlives its reduction. Of a large one a window is looked at: some of its units with all residual channels,
since a delta of low rank, a projected direction or added noise show in every such part of it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Literal

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.role_table import LAYER_WRITERS
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import TensorRef
from lineage_audit.comparison.alignment.spreading import spread
from lineage_audit.comparison.evidence.base import WeightComparison
from lineage_audit.comparison.operations.delta.spectrum import Spectrum, rounding_edge, spectrum_of
from lineage_audit.comparison.operations.delta.windows import Window, read_block, read_window
from lineage_audit.comparison.pairing.tensors import TensorPair
from lineage_audit.comparison.reading.finite import NOTHING, ratio
from lineage_audit.comparison.reading.kernels import active_kernel
from lineage_audit.comparison.reading.measurement import Measurement
from lineage_audit.comparison.reading.streaming import in_order
from lineage_audit.comparison.verdict.thresholds import ROUNDED
from lineage_audit.results import DeltaSpectrum

FloatArray = npt.NDArray[np.float32]

ROLES: tuple[Role, ...] = (Role.Q, Role.K, Role.V, Role.O, Role.GATE, Role.UP, Role.DOWN)
_SAMPLED = frozenset({Role.Q, Role.V, Role.UP})
"""Roles of which a sample reads neighbouring rows."""

_MATRICES_A_ROLE = 4
_WRITERS_A_ROLE = 2
"""Matrices that are reduced of a role, spread over the layers; of what writes to the stream, in a sample."""

_WORTH_THREADS = 4 * 2**20
"""Elements of all matrices together from which threads are worth their start."""


class Moments(Struct, frozen=True):
    """Sizes of a delta and of the two sides, and how the delta lies to them.

    Attributes:
        deviation: standard deviation of the delta.
        kurtosis: its fourth standardised moment; 3 for a normal shape.
        delta_size: Frobenius norm of the delta.
        deviation_a: standard deviation of aligned A.
        deviation_b: the same of B.
        size_a: Frobenius norm of aligned A.
        along_a: inner product of the delta with aligned A over the size of aligned A.
        along_b: the same with B.
    """

    deviation: float
    kurtosis: float
    delta_size: float
    deviation_a: float
    deviation_b: float
    size_a: float
    along_a: float
    along_b: float


class Projection(Struct, frozen=True):
    """One side's matrix, projected on the directions that the other side's has.

    Attributes:
        rank: directions of the other side's matrix.
        of: directions of the one's own.
        left: what the projection misses of the other's matrix, relative to it.
    """

    rank: int
    of: int
    left: float


class MatrixPair(Struct, frozen=True, eq=False):
    """What one matrix of B and that of aligned A show.

    Attributes:
        role: its role.
        layer: layer of B.
        shape: rows and columns of the window.
        rows_a: some whole rows of aligned A, ``[n, in]``.
        rows_b: the same of B.
        rounding: relative rounding error of the coarser of the two sides, judged by the values themselves: a model is
            often stored in a finer type than it was computed in.
        untouched: roles of matrices that are equal in both models, all layers.
        has_every_row: whether the window holds all rows, and not a sample of them.
        is_changed: whether any element differs by more than rounding.
        spectrum: the delta's singular values.
        written_a: how strongly A writes along the delta's first left singular vector.
        written_b: the same of B.
        moments: sizes and inner products.
        projection_of_a: what aligned A leaves of B once it is projected on B's directions, where B may be such a cut.
        projection_of_b: the same the other way round.
        codes_in: the sides that are stored as codes of a scheme that the file names.
    """

    role: Role
    layer: int
    shape: tuple[int, int]
    rows_a: FloatArray
    rows_b: FloatArray
    rounding: float
    untouched: frozenset[Role]
    has_every_row: bool
    is_changed: bool
    spectrum: Spectrum
    written_a: float
    written_b: float
    moments: Moments
    projection_of_a: Projection | None = None
    projection_of_b: Projection | None = None
    codes_in: frozenset[Literal["A", "B"]] = frozenset()

    @property
    def size(self) -> int:
        """Number of elements of the window."""
        return self.shape[0] * self.shape[1]

    @property
    def concentration(self) -> float:
        """Largest singular value of the delta over that of a random matrix of its size."""
        expected = self.moments.deviation * (self.shape[0] ** 0.5 + self.shape[1] ** 0.5)
        return float(ratio(self.spectrum.values[0], expected))


def show_spectra(pairs: Sequence[MatrixPair], rank: int) -> tuple[DeltaSpectrum, ...]:
    """The spectra of one matrix a role, as far as they show the cliff after ``rank`` values."""
    one_each = {pair.role: pair for pair in reversed(pairs)}
    return tuple(_shown(one_each[role], rank) for role in ROLES if role in one_each)


def _shown(pair: MatrixPair, rank: int) -> DeltaSpectrum:
    size = max(pair.moments.size_a, NOTHING)
    values = tuple(float(value) / size for value in pair.spectrum.values[: 2 * rank + 14])
    return DeltaSpectrum(str(pair.role), pair.layer, values, pair.spectrum.edge / size, rank)


def read_matrices(a: Checkpoint, b: Checkpoint, comparison: WeightComparison) -> list[MatrixPair]:
    """Reduce up to four matrices of every role, spread over the layers, that differ between the two models."""
    by_role: dict[Role, list[Measurement]] = defaultdict(list)
    for part in comparison.matrices():
        has_source = part.pair.aligned_a is None or not part.pair.aligned_a.leaves_out_units
        if (
            part.pair.b.role in ROLES
            and part.pair.b.core_layer is not None
            and len(part.pair.b.shape) == 2
            and has_source
        ):
            by_role[part.pair.b.role].append(part)
    untouched = frozenset(
        role for role, parts in _all_roles(comparison).items() if all(is_untouched(part) for part in parts)
    )
    chosen = [
        part.pair
        for role, parts in by_role.items()
        if role not in untouched
        for part in spread(sorted(parts, key=lambda part: part.pair.b.layer or 0), _MATRICES_A_ROLE)
    ]
    windows = ((pair, read_window(a, b, pair)) for pair in chosen)
    jobs = ((pair.b, partial(_reduced, pair, window, untouched)) for pair, window in windows)
    workers = active_kernel().workers if sum(pair.b.size for pair in chosen) > _WORTH_THREADS else 0
    return [reduced for _, reduced in in_order(jobs, workers, ahead=1)]


def sample_matrices(
    a: Checkpoint, b: Checkpoint, comparison: WeightComparison, pairs: Sequence[TensorPair]
) -> list[MatrixPair]:
    """Reduce some neighbouring rows of one matrix a role: what can be told of a delta from a sample.

    Args:
        a: model A.
        b: model B.
        comparison: what was measured.
        pairs: all tensors that stand at one place. What writes to the residual stream has long rows, and was not
            measured: some of it is looked at where nothing else was changed.
    """
    by_role: dict[Role, list[Measurement]] = defaultdict(list)
    for part in comparison.matrices():
        has_source = part.pair.aligned_a is None or not part.pair.aligned_a.leaves_out_units
        if part.pair.b.role in _SAMPLED and part.pair.b.core_layer is not None and has_source:
            by_role[part.pair.b.role].append(part)
    roles = _all_roles(comparison).items()
    untouched = frozenset(role for role, parts in roles if all(is_untouched(part) for part in parts))
    chosen = [parts[len(parts) // 2].pair for role, parts in by_role.items() if role not in untouched]
    found = [_reduced(pair, read_block(a, b, pair), untouched) for pair in chosen]
    if by_role and not any(pair.is_changed for pair in found):
        writers = {role: [pair for pair in pairs if _is_writer(pair, role)] for role in sorted(LAYER_WRITERS)}
        some = [pair for ours in writers.values() for pair in spread(ours, _WRITERS_A_ROLE)]
        found += [_reduced(pair, read_block(a, b, pair), untouched) for pair in some]
    return found


def _is_writer(pair: TensorPair, role: Role) -> bool:
    return pair.b.role == role and pair.b.core_layer is not None and len(pair.b.shape) == 2


def is_untouched(part: Measurement) -> bool:
    """Whether nothing was done to a tensor; what was rotated or scaled equals it but for rounding."""
    if max(part.equal, part.rounded or 0) == part.elements:
        return True
    return part.pair.aligned_a is not None and part.delta_squared <= ROUNDED.aligned_delta**2 * float(
        part.rows.bb.sum()
    )


def _all_roles(comparison: WeightComparison) -> dict[Role, list[Measurement]]:
    grouped: dict[Role, list[Measurement]] = defaultdict(list)
    for part in comparison.measurements.values():
        if part.pair.b.in_core:
            grouped[part.pair.b.role].append(part)
    return grouped


def _reduced(pair: TensorPair, window: Window, untouched: frozenset[Role]) -> MatrixPair:
    a, b, tensor = window.a, window.b, pair.b
    delta = b - a
    rounding = 2.0 ** -(min(_mantissa_bits(a), _mantissa_bits(b)) + 1)
    spectrum = spectrum_of(delta, rounding_edge(b, rounding))
    # A fifth of slack: where both sides were rounded, the finer one's error adds to the coarser one's.
    allowed = 1.2 * rounding * np.maximum(np.abs(a), np.abs(b))
    first = spectrum.left[:, 0]
    return MatrixPair(
        role=tensor.role,
        layer=tensor.layer or 0,
        shape=(b.shape[0], b.shape[1]),
        rows_a=window.rows_a,
        rows_b=window.rows_b,
        rounding=rounding,
        untouched=untouched,
        has_every_row=len(b) == tensor.shape[0],
        is_changed=bool((np.abs(delta) > allowed).any()),
        spectrum=spectrum,
        written_a=float(np.linalg.norm(first @ a)),
        written_b=float(np.linalg.norm(first @ b)),
        moments=(moments := _moments(a, b, delta)),
        projection_of_a=_projection(a, b, rounding) if _may_be_cut(moments, moments.along_b) else None,
        projection_of_b=_projection(b, a, rounding) if _may_be_cut(moments, moments.along_a) else None,
        codes_in=_codes_in(pair),
    )


def _codes_in(pair: TensorPair) -> frozenset[Literal["A", "B"]]:
    sides: tuple[tuple[Literal["A", "B"], TensorRef], ...] = (("A", pair.a), ("B", pair.b))
    return frozenset(letter for letter, tensor in sides if tensor.quantization is not None)


def _may_be_cut(moments: Moments, along: float) -> bool:
    """Tell whether the delta is orthogonal to one side: what a projection takes is, and few other things are."""
    return moments.delta_size > 0 and abs(along) <= ROUNDED.orthogonal * moments.delta_size


def _projection(whole: FloatArray, part: FloatArray, rounding: float) -> Projection:
    """Project one side on the row space (or column space, where rows are more) of the other."""
    is_tall = part.shape[0] > part.shape[1]
    whole, part = (whole.T, part.T) if is_tall else (whole, part)  # rows are then no more than columns
    basis, rank = _column_space(part, rounding)
    projected = basis @ (basis.T @ whole.astype(np.float64))
    size = max(float(np.linalg.norm(part)), NOTHING)
    return Projection(rank, _column_space(whole, rounding)[1], float(np.linalg.norm(projected - part)) / size)


def _column_space(matrix: FloatArray, rounding: float) -> tuple[npt.NDArray[np.float64], int]:
    """An orthonormal basis of the columns' space, and its dimension: singular values clear of rounding."""
    squared, vectors = np.linalg.eigh(matrix.astype(np.float64) @ matrix.T.astype(np.float64))
    values = np.sqrt(np.maximum(squared, 0.0))
    rank = int(
        np.count_nonzero(values > max(rounding_edge(matrix, rounding), ROUNDED.no_direction * float(values[-1])))
    )
    return vectors[:, len(vectors) - rank :], rank


def _moments(a: FloatArray, b: FloatArray, delta: FloatArray) -> Moments:
    deviation = _deviation(delta)
    standardised = (delta - np.float32(delta.mean())) / np.float32(max(deviation, NOTHING))
    np.square(standardised, out=standardised)
    size_a, size_b = (_product(side, side) ** 0.5 for side in (a, b))
    return Moments(
        deviation=deviation,
        kurtosis=_product(standardised, standardised) / delta.size,
        delta_size=_product(delta, delta) ** 0.5,
        deviation_a=_deviation(a),
        deviation_b=_deviation(b),
        size_a=size_a,
        along_a=ratio(_product(delta, a), size_a),
        along_b=ratio(_product(delta, b), size_b),
    )


def _deviation(values: FloatArray) -> float:
    """Standard deviation of all elements."""
    mean = float(values.sum(axis=1).sum(dtype=np.float64)) / values.size
    return math.sqrt(max(0.0, _product(values, values) / values.size - mean**2))


def _product(x: FloatArray, y: FloatArray) -> float:
    """Inner product, summed by row in single precision and over rows in double."""
    return float(np.einsum("ij,ij->i", x, y).sum(dtype=np.float64))


def _mantissa_bits(values: FloatArray) -> int:
    """Mantissa bits that the values use: 7 where they are all bfloat16, 10 where they fit float16's, else 23."""
    used = int(np.bitwise_or.reduce(np.ascontiguousarray(values).view(np.uint32), axis=None))
    return 7 if used & 0xFFFF == 0 else 10 if used & 0x1FFF == 0 else 23
