"""What adapters add to a matrix of their base, ``[out, in]`` before scaling, computed by rows from small factors.

LoRA adds ``B A``; VeRA ``(b B) (d A)`` with projections that all modules share and a vector on either side; LoHa the
elementwise product of two low-rank matrices; LoKr a Kronecker product of two matrices, each whole or low-rank.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from lineage_audit.checkpoint.composed.on_base import Taken
from lineage_audit.checkpoint.composed.rows import columns, row_count, sections_of
from lineage_audit.checkpoint.encoding import FloatArray, Section, columns_of
from lineage_audit.checkpoint.tensors import StoredTensor


class Update(Protocol):
    """A matrix that is computed by rows.

    Attributes:
        shape: rows and columns.
    """

    @property
    def shape(self) -> tuple[int, int]: ...  # noqa: D102

    def sections(self, low: int, high: int) -> tuple[Section, ...]:
        """What must be read for rows ``low`` to ``high``."""
        ...

    def values(self, low: int, high: int, taken: Taken) -> FloatArray:
        """Rows ``low`` to ``high``, from the arrays of ``sections(low, high)``."""
        ...

    def transposed(self) -> Update:
        """The same matrix with rows and columns exchanged."""
        ...


@dataclass(frozen=True, slots=True)
class Whole:
    """A stored matrix."""

    stored: StoredTensor

    @property
    def shape(self) -> tuple[int, int]:
        """As stored."""
        return row_count(self.stored), columns(self.stored)

    def sections(self, low: int, high: int) -> tuple[Section, ...]:
        """The rows."""
        return sections_of(self.stored, low, high)

    def values(self, low: int, high: int, taken: Taken) -> FloatArray:
        """The rows."""
        return taken.values(self.stored, low, high)

    def transposed(self) -> Update:
        """Its columns."""
        return _Transposed(self)


@dataclass(frozen=True, slots=True)
class Product:
    """``b @ a``.

    Attributes:
        a: ``[rank, in]``.
        b: ``[out, rank]``.
    """

    b: StoredTensor
    a: StoredTensor

    @property
    def shape(self) -> tuple[int, int]:
        """``[out, in]``."""
        return row_count(self.b), columns(self.a)

    def sections(self, low: int, high: int) -> tuple[Section, ...]:
        """All of ``a``, and the rows of ``b``."""
        return (*sections_of(self.a, 0, row_count(self.a)), *sections_of(self.b, low, high))

    def values(self, low: int, high: int, taken: Taken) -> FloatArray:
        """Multiply."""
        a = taken.values(self.a, 0, row_count(self.a))
        product: FloatArray = taken.values(self.b, low, high) @ a
        return product

    def transposed(self) -> Update:
        """``(b @ a).T`` by the columns of ``a``, where those can be read alone: an embedding's row is one of them."""
        return _TransposedProduct(self.b, self.a) if self.a.encoding is None else _Transposed(self)


@dataclass(frozen=True, slots=True)
class _TransposedProduct:
    """``(b @ a).T``, ``[in, out]``, of a plainly stored ``a``."""

    b: StoredTensor
    a: StoredTensor

    @property
    def shape(self) -> tuple[int, int]:
        """``[in, out]``."""
        return columns(self.a), row_count(self.b)

    def sections(self, low: int, high: int) -> tuple[Section, ...]:
        """The columns of ``a``, and all of ``b``."""
        return (columns_of(self.a, low, high), *sections_of(self.b, 0, row_count(self.b)))

    def values(self, low: int, high: int, taken: Taken) -> FloatArray:  # noqa: ARG002
        """Multiply."""
        a = taken.next()
        product: FloatArray = a.T @ taken.values(self.b, 0, row_count(self.b)).T
        return product

    def transposed(self) -> Update:
        """``b @ a``."""
        return Product(self.b, self.a)


@dataclass(frozen=True, slots=True)
class Projected:
    """VeRA's ``(lambda_b B) @ (lambda_d A)``, from projections that are as large as the largest module needs.

    Attributes:
        a: ``[rank, in or more]``.
        b: ``[out or more, rank]``.
        lambda_b: ``[out]``.
        lambda_d: ``[rank]``.
        width: ``in``.
    """

    b: StoredTensor
    a: StoredTensor
    lambda_b: StoredTensor
    lambda_d: StoredTensor
    width: int

    @property
    def shape(self) -> tuple[int, int]:
        """``[out, in]``."""
        return row_count(self.lambda_b), self.width

    def sections(self, low: int, high: int) -> tuple[Section, ...]:
        """The columns of ``A`` that the module has, rows of ``B``, and the vectors."""
        return (
            columns_of(self.a, 0, self.width),
            *sections_of(self.b, low, high),
            *sections_of(self.lambda_b, low, high),
            *sections_of(self.lambda_d, 0, row_count(self.lambda_d)),
        )

    def values(self, low: int, high: int, taken: Taken) -> FloatArray:
        """Multiply."""
        a, b = taken.next(), taken.values(self.b, low, high)
        left = taken.values(self.lambda_b, low, high) * b
        product: FloatArray = left @ (taken.values(self.lambda_d, 0, row_count(self.lambda_d)) * a)
        return product

    def transposed(self) -> Update:
        """Its columns."""
        return _Transposed(self)


@dataclass(frozen=True, slots=True)
class Elementwise:
    """LoHa: the elementwise product of two updates of one shape."""

    first: Update
    second: Update

    @property
    def shape(self) -> tuple[int, int]:
        """Of either."""
        return self.first.shape

    def sections(self, low: int, high: int) -> tuple[Section, ...]:
        """Those of both."""
        return (*self.first.sections(low, high), *self.second.sections(low, high))

    def values(self, low: int, high: int, taken: Taken) -> FloatArray:
        """Multiply."""
        first = self.first.values(low, high, taken)
        return first * self.second.values(low, high, taken)

    def transposed(self) -> Update:
        """The elementwise product of both, transposed."""
        return Elementwise(self.first.transposed(), self.second.transposed())


@dataclass(frozen=True, slots=True)
class Kronecker:
    """LoKr: every element of the left matrix times the whole right one."""

    left: Update
    right: Update

    @property
    def shape(self) -> tuple[int, int]:
        """The product of both shapes."""
        (rows, width), (inner_rows, inner_width) = self.left.shape, self.right.shape
        return rows * inner_rows, width * inner_width

    def sections(self, low: int, high: int) -> tuple[Section, ...]:
        """The left rows, and all of the right matrix."""
        return (*self.left.sections(*self._left_rows(low, high)), *self.right.sections(0, self.right.shape[0]))

    def values(self, low: int, high: int, taken: Taken) -> FloatArray:
        """Multiply."""
        first, last = self._left_rows(low, high)
        left, right = self.left.values(first, last, taken), self.right.values(0, self.right.shape[0], taken)
        outer, inner = np.divmod(np.arange(low, high), max(1, self.right.shape[0]))
        products = left[outer - first][:, :, None] * right[inner][:, None, :]
        flat: FloatArray = products.reshape(high - low, self.shape[1])
        return flat

    def transposed(self) -> Update:
        """The Kronecker product of both, transposed."""
        return Kronecker(self.left.transposed(), self.right.transposed())

    def _left_rows(self, low: int, high: int) -> tuple[int, int]:
        inner = max(1, self.right.shape[0])
        return low // inner, -(-high // inner)


@dataclass(frozen=True, slots=True)
class _Transposed:
    """Any update with rows and columns exchanged; it is computed whole each time."""

    update: Update

    @property
    def shape(self) -> tuple[int, int]:
        """``[in, out]``."""
        rows, width = self.update.shape
        return width, rows

    def sections(self, low: int, high: int) -> tuple[Section, ...]:  # noqa: ARG002
        """Everything."""
        return self.update.sections(0, self.update.shape[0])

    def values(self, low: int, high: int, taken: Taken) -> FloatArray:
        """Some columns of the whole."""
        return self.update.values(0, self.update.shape[0], taken)[:, low:high].T

    def transposed(self) -> Update:
        """The update itself."""
        return self.update
