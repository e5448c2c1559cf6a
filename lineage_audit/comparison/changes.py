"""What models changed in a common base: the same rows of the same matrices, read of all of them at once.

Matrices of layers alone: vocabularies change for reasons of their own. What storing the models leaves is no change.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.dtypes import EXACT_BITS, round_to
from lineage_audit.checkpoint.model_parts import ModelPart
from lineage_audit.checkpoint.reading import RowRequest
from lineage_audit.checkpoint.tensors import TensorRef
from lineage_audit.comparison.alignment.spreading import spread
from lineage_audit.comparison.merging.streaming import storage_steps
from lineage_audit.comparison.pairing.tensors import TOKEN_ROLES, TensorPair, pair_tensors
from lineage_audit.comparison.reading.finite import zero_where_unusable
from lineage_audit.comparison.verdict.thresholds import SIBLINGS

DoubleArray = npt.NDArray[np.float64]

MATRICES = 96
"""Most matrices that are looked at, spread over the model."""
ROWS = 128
"""Rows read of each, next to each other: one byte range a matrix and model."""

Products = tuple[float, float, float]
"""Inner products of a matrix and the base's: with each other, of each with itself."""


class MatrixChanges(Struct, frozen=True, eq=False):
    """What several models changed in one matrix.

    Attributes:
        changes: of each model, in the order given.
        base: the base's own values.
        rounding: squared size that storing models and base may leave of no change.
        with_base: inner products of each model and the base.
    """

    changes: tuple[DoubleArray, ...]
    base: DoubleArray
    rounding: float
    with_base: tuple[Products, ...]

    @property
    def elements(self) -> int:
        """Weights read of each model."""
        return int(self.base.size)

    @property
    def is_in_order(self) -> bool:
        """Whether every model has the matrix in the base's order of rows and columns."""
        return min(map(correlation, self.with_base)) >= SIBLINGS.least_in_place


def changes_of(models: Sequence[Checkpoint], base: Checkpoint, part: ModelPart | None) -> Iterator[MatrixChanges]:
    """Read one matrix after the other; none outlives its sums.

    Args:
        models: the models that changed the base.
        base: their common base.
        part: the part of the models that is asked about; None for the language model's core.
    """
    for *tensors, base_tensor in spread(_places(models, base, part), MATRICES):
        count = base_tensor.shape[0]
        first = max(0, (count - ROWS) // 2)
        rows = np.arange(first, min(count, first + ROWS))
        read = [
            zero_where_unusable(model.read([RowRequest(tensor, rows)])[0])
            for model, tensor in zip((*models, base), (*tensors, base_tensor), strict=True)
        ]
        # A base in a finer type than the fine-tunes would leave them the same rounding errors: no change of theirs.
        coarsest = min(tensors, key=_mantissa_bits)
        if _mantissa_bits(coarsest) < _mantissa_bits(base_tensor):
            read[-1] = round_to(read[-1], coarsest.dtype)
        *own, theirs = (values.astype(np.float64) for values in read)
        yield MatrixChanges(
            changes=tuple(values - theirs for values in own),
            base=theirs,
            rounding=sum(_rounding(own[-1], tensor) for tensor in (*tensors, base_tensor)),
            with_base=tuple(products(values, theirs) for values in own),
        )


def products(x: DoubleArray, y: DoubleArray) -> Products:
    """Inner products of two arrays: with each other, of each with itself."""
    return float((x * y).sum()), float((x * x).sum()), float((y * y).sum())


def correlation(found: Products) -> float:
    """The cosine that inner products give; 0 where one of the two is nothing."""
    dot, xx, yy = found
    return dot / math.sqrt(xx * yy) if xx > 0 and yy > 0 else 0.0


def _places(models: Sequence[Checkpoint], base: Checkpoint, part: ModelPart | None) -> list[tuple[TensorRef, ...]]:
    """The tensors of all models and the base that stand in one place."""
    first, *others = ({pair.a: pair for pair in pair_tensors(base, model).pairs} for model in models)
    return [
        (pair.b, *(other[tensor].b for other in others), tensor)
        for tensor, pair in first.items()
        if _is_looked_at(pair, part)
        and all(tensor in other and other[tensor].b.shape == pair.b.shape for other in others)
    ]


def _is_looked_at(pair: TensorPair, part: ModelPart | None) -> bool:
    in_part = pair.b.in_core if part is None else pair.b.part == part
    is_matrix = pair.b.layer is not None and len(pair.b.shape) == 2 and pair.a.shape == pair.b.shape
    return in_part and is_matrix and pair.b.role not in TOKEN_ROLES


def _rounding(values: DoubleArray, tensor: TensorRef) -> float:
    """Squared size of the rounding errors that storing values so may leave."""
    encoding = tensor.parts[0].stored.encoding
    if encoding is not None and encoding.scheme is not None:
        return encoding.rounding**2 * float((values * values).sum())
    return float((storage_steps(values, tensor.dtype) ** 2).sum()) / 12


def _mantissa_bits(tensor: TensorRef) -> int:
    return EXACT_BITS.get(tensor.dtype, EXACT_BITS["F32"])
