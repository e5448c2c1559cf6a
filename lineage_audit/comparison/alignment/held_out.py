"""How well matched FFN units agree in what the matching never saw: down columns, and up rows where gates proposed.

Both sides are compared in a basis in which all directions weigh the same, so that what every unit of any model shares
counts for nothing. Independent models of one corpus and tokenizer then agree no better than random directions, while
one initialisation trained twice still agrees at .3 to .6. Where the cosines have become small, it still tells whether
what was held out finds the very unit that the matching found.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from lineage_audit.checkpoint.tensors import IntArray, TensorRef
from lineage_audit.comparison.alignment.basis import SharedBasis, carried_gram
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.alignment.maps import Alignment, FloatArray, UnitMap
from lineage_audit.comparison.alignment.spreading import spread, spread_numbers
from lineage_audit.comparison.alignment.whitening import whitening_weights
from lineage_audit.comparison.evidence.base import unit_rows
from lineage_audit.comparison.reading.kernels import active_kernel
from lineage_audit.comparison.symmetries.ffn_blocks import FfnBlock

BoolArray = npt.NDArray[np.bool_]

_FFNS, _FEWEST_FFNS = 8, 2
"""FFNs that are looked at, spread evenly over those matched; fewer in wide streams, and more units of each."""

_UNITS = 1024
"""Units that are looked at in each of them, and more where their Gram matrix would have too few rows a channel."""

_ROWS_A_CHANNEL = 2

_AMONG = 1024
"""Units among which the counterpart has to be found again."""


class HeldOutLayer(Struct, frozen=True, eq=False):
    """What the held-out rows or columns of the matched units of one FFN have in common.

    Attributes:
        layer: layer of B.
        sizes: |cosines| with the counterparts, float ``[n]``.
        found_again: whether the counterpart is the most similar of many, bool ``[m]``, m at most n; empty where only
            counterparts were compared.
    """

    layer: int
    sizes: FloatArray
    found_again: BoolArray


def measure_held_out(a: CanonicalWeights, b: CanonicalWeights, alignment: Alignment) -> tuple[HeldOutLayer, ...]:
    """Hold what the matching never saw of each matched unit against its counterpart."""
    blocks = sorted((block for block in alignment.units if not block.is_mixer), key=lambda block: block.rank)
    if not blocks:
        return ()
    chosen = spread(blocks, max(_FEWEST_FFNS, min(_FFNS, _FFNS * _UNITS // max(1, b.channels))))
    found = [*_down_columns(a, b, alignment, chosen), *_up_rows(a, b, alignment, chosen)]
    return tuple(sorted(found, key=lambda item: item.layer))


def _up_rows(
    a: CanonicalWeights, b: CanonicalWeights, alignment: Alignment, chosen: list[FfnBlock]
) -> Iterator[HeldOutLayer]:
    """Up rows, in the basis that gate rows gave."""
    basis = SharedBasis(a, b, alignment.residual)
    for block in chosen:
        units = alignment.units[block]
        if b.proposing_role(block) is not block.roles.gate:
            continue
        up_a, up_b = _up(a, units.source), _up(b, block)
        if up_a is None or up_b is None or not _fits(up_a.shape[0], up_b.shape[0], units):
            continue
        some = _some(units.known, _count(b, chosen))
        rows_a, rows_b = _rows(a, up_a, units.a_units[some]), _rows(b, up_b, some)
        if rows_a is not None and rows_b is not None:
            yield _agreement(block, basis.aligned_a(rows_a), basis.own(rows_b))


def _down_columns(
    a: CanonicalWeights, b: CanonicalWeights, alignment: Alignment, chosen: list[FfnBlock]
) -> Iterator[HeldOutLayer]:
    """Down columns, each side whitened out by its own Gram matrix over all chosen FFNs."""
    sides = [_Columns(a, _count(b, chosen)), _Columns(b, _count(b, chosen))]
    matched: dict[FfnBlock, tuple[FloatArray, FloatArray]] = {}
    for block in chosen:
        units = alignment.units[block]
        of_a, of_b = (side.take(one) for side, one in zip(sides, (units.source, block), strict=True))
        if of_a is not None and of_b is not None and _fits(of_a.shape[1], of_b.shape[1], units):
            some = _some(units.known, _count(b, chosen))
            matched[block] = _columns(of_a, units.a_units[some]), _columns(of_b, some)
    gram_a, gram_b = (side.gram for side in sides)
    if gram_a is None or gram_b is None:
        return
    flatten_a, flatten_b = whitening_weights(carried_gram(gram_a, alignment.residual)), whitening_weights(gram_b)
    for block, (columns_a, columns_b) in matched.items():
        aligned_a = alignment.residual.aligned_a(columns_a)
        yield _agreement(block, unit_rows(aligned_a @ flatten_a), unit_rows(columns_b @ flatten_b))


class _Columns:
    """Down matrices of one model, and the Gram matrix ``[d, d]`` of some columns of each as unit vectors.

    Attributes:
        gram: None before a matrix was taken, and where their widths differ.
    """

    def __init__(self, weights: CanonicalWeights, count: int) -> None:
        self._weights, self._count = weights, count
        self._widths: set[int] = set()
        self._sum: FloatArray | None = None

    @property
    def gram(self) -> FloatArray | None:
        return self._sum if len(self._widths) == 1 else None

    def take(self, block: FfnBlock) -> FloatArray | None:
        """A down matrix ``[d, units]``, which has its share in the Gram matrix."""
        down = self._weights.matrix(block.roles.down, block.layer, block.expert)
        if down is None:
            return None
        self._widths.add(len(down))
        if len(self._widths) == 1:
            unit = unit_rows(_columns(down, _some(np.arange(down.shape[1]), self._count)))
            inner = unit.T @ unit
            self._sum = inner if self._sum is None else self._sum + inner
        return down


def _count(b: CanonicalWeights, chosen: list[FfnBlock]) -> int:
    """How many units of an FFN are looked at."""
    return max(_UNITS, _ROWS_A_CHANNEL * b.channels // len(chosen))


def _some(units: IntArray, count: int) -> IntArray:
    """Units to look at, spread evenly."""
    return units[spread_numbers(len(units), count)]


def _up(weights: CanonicalWeights, block: FfnBlock) -> TensorRef | None:
    found = weights.find(block.roles.up, block.layer, block.expert)
    return found if found is not None and len(found.shape) == 2 else None


def _rows(weights: CanonicalWeights, tensor: TensorRef, units: IntArray) -> FloatArray | None:
    return weights.some_rows(tensor.role, tensor.layer, tensor.expert, units)


def _columns(down: FloatArray, units: IntArray) -> FloatArray:
    """The columns of some units as rows, ``[n, d]``; a whole matrix is never transposed."""
    return np.ascontiguousarray(down[:, units].T)


def _fits(count_a: int, count_b: int, units: UnitMap) -> bool:
    return count_b == len(units.a_units) and int(units.a_units.max(initial=-1)) < count_a


def _agreement(block: FfnBlock, aligned_a: FloatArray, own: FloatArray) -> HeldOutLayer:
    some = _some(np.arange(len(own)), _AMONG)
    best = active_kernel().product_sizes(own[some], aligned_a[some]).argmax(axis=1)
    return HeldOutLayer(block.layer, np.abs(np.einsum("nd,nd->n", aligned_a, own)), best == np.arange(len(some)))
