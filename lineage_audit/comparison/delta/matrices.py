"""Whole matrices of A's image and of B, a bounded number of them, for questions that need all of a delta."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.reading import RowRequest
from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.delta.spectrum import Spectrum, rounding_edge, spectrum_of
from lineage_audit.comparison.evidence.base import WeightComparison
from lineage_audit.comparison.finite import zero_where_unusable
from lineage_audit.comparison.measurement import Measurement
from lineage_audit.comparison.pairing import TensorPair
from lineage_audit.results import DeltaSpectrum

FloatArray = npt.NDArray[np.float32]

ROLES: tuple[Role, ...] = (Role.Q, Role.K, Role.V, Role.O, Role.GATE, Role.UP, Role.DOWN)
_MATRICES_A_ROLE = 4
_LARGEST = 128 * 2**20
"""Elements of the largest matrix that is read whole."""


@dataclass(frozen=True, eq=False)
class MatrixPair:
    """One matrix of B and the image of A's, float32 ``[out, in]``.

    Attributes:
        role: its role.
        layer: layer of B.
        a: A's image.
        b: B's.
        rounding: relative rounding error of the coarser of the two sides, judged by the values themselves: a model is
            often stored in a finer type than it was computed in.
        untouched: roles of matrices that are equal in both models, all layers.
    """

    role: Role
    layer: int
    a: FloatArray
    b: FloatArray
    rounding: float
    untouched: frozenset[Role]

    @property
    def delta(self) -> FloatArray:
        """B - A's image."""
        return self.b - self.a

    @cached_property
    def spectrum(self) -> Spectrum:
        """The delta's singular values; taken once, since several kinds of change are read off them."""
        return spectrum_of(self.delta, rounding_edge(self.b, self.rounding))

    @cached_property
    def is_changed(self) -> bool:
        """Whether any element differs by more than rounding."""
        # A fifth of slack: where both sides were rounded, the finer one's error adds to the coarser one's.
        allowed = 1.2 * self.rounding * np.maximum(np.abs(self.a), np.abs(self.b))
        return bool((np.abs(self.delta) > allowed).any())


def show_spectra(pairs: Sequence[MatrixPair], rank: int) -> tuple[DeltaSpectrum, ...]:
    """The spectra of one matrix a role, as far as they show the cliff after ``rank`` values."""
    one_each = {pair.role: pair for pair in reversed(pairs)}
    return tuple(_shown(one_each[role], rank) for role in ROLES if role in one_each)


def _shown(pair: MatrixPair, rank: int) -> DeltaSpectrum:
    size = max(float(np.linalg.norm(pair.a)), 1e-30)
    values = tuple(float(value) / size for value in pair.spectrum.values[: 2 * rank + 14])
    return DeltaSpectrum(str(pair.role), pair.layer, values, pair.spectrum.edge / size, rank)


def read_matrices(a: Checkpoint, b: Checkpoint, comparison: WeightComparison) -> list[MatrixPair]:
    """Read up to four matrices of every role, spread over the layers, that differ between the two models."""
    by_role: dict[Role, list[Measurement]] = defaultdict(list)
    for part in comparison.matrices():
        if part.pair.b.role in ROLES and part.pair.b.layer is not None and part.elements <= _LARGEST:
            by_role[part.pair.b.role].append(part)
    untouched = frozenset(
        role
        for role, parts in _all_roles(comparison).items()
        if all(max(part.equal, part.rounded or 0) == part.elements for part in parts)
    )
    return [
        _read(a, b, part.pair, untouched)
        for role, parts in by_role.items()
        if role not in untouched
        for part in _spread(sorted(parts, key=lambda part: part.pair.b.layer or 0))
    ]


def _all_roles(comparison: WeightComparison) -> dict[Role, list[Measurement]]:
    grouped: dict[Role, list[Measurement]] = defaultdict(list)
    for part in comparison.measurements.values():
        grouped[part.pair.b.role].append(part)
    return grouped


def _spread(parts: Sequence[Measurement]) -> list[Measurement]:
    positions = np.unique(np.linspace(0, len(parts) - 1, _MATRICES_A_ROLE).round().astype(int))
    return [parts[position] for position in positions]


def _read(a: Checkpoint, b: Checkpoint, pair: TensorPair, untouched: frozenset[Role]) -> MatrixPair:
    everyone = np.arange(len(pair.b_rows))
    block_a = zero_where_unusable(a.read([RowRequest(pair.a, pair.a_rows)])[0])
    block_b = zero_where_unusable(b.read([RowRequest(pair.b, pair.b_rows)])[0])
    if pair.image is not None:
        block_a, block_b = pair.image.of_a(block_a, everyone), pair.image.of_b(block_b)
    bits = min(_mantissa_bits(block_a), _mantissa_bits(block_b))
    return MatrixPair(pair.b.role, pair.b.layer or 0, block_a, block_b, 2.0 ** -(bits + 1), untouched)


def _mantissa_bits(values: FloatArray) -> int:
    """Mantissa bits that the values use: 7 where they are all bfloat16, 10 where they fit float16's, else 23."""
    used = int(np.bitwise_or.reduce(np.ascontiguousarray(values).view(np.uint32), axis=None))
    return 7 if used & 0xFFFF == 0 else 10 if used & 0x1FFF == 0 else 23
