"""How well matched FFN units agree in what the matching never saw: down columns, and up rows where gates proposed.

Both sides are compared in a basis in which all directions weigh the same, so that what every unit of any model shares
counts for nothing. Independent models of one corpus and tokenizer then agree no better than random directions, while
one initialisation trained twice still agrees at .3 to .6. Where the cosines have become small, it still tells whether
what was held out finds the very unit that the matching found.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lineage_audit.checkpoint.tensors import IntArray
from lineage_audit.comparison.alignment.basis import SharedBasis, carried_gram
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.alignment.maps import Alignment, FloatArray, UnitMap
from lineage_audit.comparison.alignment.spreading import spread, spread_numbers
from lineage_audit.comparison.alignment.whitening import whitening_weights
from lineage_audit.comparison.evidence.base import unit_rows
from lineage_audit.comparison.reading.kernels import active_kernel
from lineage_audit.comparison.symmetries.ffn_blocks import FfnBlock

BoolArray = npt.NDArray[np.bool_]

_FFNS = 8
"""FFNs that are looked at, spread evenly over those that were matched."""

_UNITS = 4096
"""Units that are looked at in each of them."""

_AMONG = 1024
"""Units among which the counterpart has to be found again."""


@dataclass(frozen=True, slots=True, eq=False)
class HeldOutLayer:
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
    chosen = spread(blocks, _FFNS)
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
        rows_a, rows_b = _up(a, units.source), _up(b, block)
        if rows_a is not None and rows_b is not None and _fits(len(rows_a), len(rows_b), units):
            some = _some(units.known)
            yield _agreement(block, basis.aligned_a(rows_a[units.a_units[some]]), basis.own(rows_b[some]))


def _down_columns(
    a: CanonicalWeights, b: CanonicalWeights, alignment: Alignment, chosen: list[FfnBlock]
) -> Iterator[HeldOutLayer]:
    """Down columns, each side whitened out by its own Gram matrix over all chosen FFNs."""
    gram_a = _down_gram(a, [alignment.units[block].source for block in chosen])
    gram_b = _down_gram(b, chosen)
    if gram_a is None or gram_b is None:
        return
    flatten_a, flatten_b = whitening_weights(carried_gram(gram_a, alignment.residual)), whitening_weights(gram_b)
    for block in chosen:
        units = alignment.units[block]
        down_a, down_b = _down(a, units.source), _down(b, block)
        if down_a is None or down_b is None or not _fits(down_a.shape[1], down_b.shape[1], units):
            continue
        some = _some(units.known)
        aligned_a = alignment.residual.aligned_a(_columns(down_a, units.a_units[some]))
        yield _agreement(block, unit_rows(aligned_a @ flatten_a), unit_rows(_columns(down_b, some) @ flatten_b))


def _down_gram(weights: CanonicalWeights, blocks: list[FfnBlock]) -> npt.NDArray[np.float64] | None:
    """Gram matrix of down columns as unit vectors ``[d, d]``; None where their widths differ or there are none."""
    gram: npt.NDArray[np.float64] | None = None
    for block in blocks:
        down = _down(weights, block)
        if down is None:
            continue
        unit = unit_rows(_columns(down, _some(np.arange(down.shape[1]))))
        inner = (unit.T @ unit).astype(np.float64)
        if gram is not None and gram.shape != inner.shape:
            return None
        gram = inner if gram is None else gram + inner
    return gram


def _some(units: IntArray, count: int = _UNITS) -> IntArray:
    """Units to look at, spread evenly."""
    return units[spread_numbers(len(units), count)]


def _up(weights: CanonicalWeights, block: FfnBlock) -> FloatArray | None:
    """Up rows, ``[units, d]``."""
    return weights.matrix(block.roles.up, block.layer, block.expert)


def _down(weights: CanonicalWeights, block: FfnBlock) -> FloatArray | None:
    """Down columns, ``[d, units]``."""
    return weights.matrix(block.roles.down, block.layer, block.expert)


def _columns(down: FloatArray, units: IntArray) -> FloatArray:
    """The columns of some units as rows, ``[n, d]``; a whole matrix is never turned."""
    return np.ascontiguousarray(down[:, units].T)


def _fits(count_a: int, count_b: int, units: UnitMap) -> bool:
    return count_b == len(units.a_units) and int(units.a_units.max(initial=-1)) < count_a


def _agreement(block: FfnBlock, aligned_a: FloatArray, own: FloatArray) -> HeldOutLayer:
    some = _some(np.arange(len(own)), _AMONG)
    best = active_kernel().product_sizes(own[some], aligned_a[some]).argmax(axis=1)
    return HeldOutLayer(block.layer, np.abs(np.einsum("nd,nd->n", aligned_a, own)), best == np.arange(len(some)))
