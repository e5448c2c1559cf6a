"""The same sums with PyTorch, for a graphics card; results agree with numpy's to rounding."""

from __future__ import annotations

from typing import Any

import numpy as np

from lineage_audit.comparison.reading.kernels.block import BlockSums, FloatArray, Rounding
from lineage_audit.comparison.reading.kernels.numpy_kernel import without_unusable

_DTYPES = {"BF16": "bfloat16", "F16": "float16"}
_PLAIN = 1e30
"""Squared norm of a row below which every element is a number of believable size."""


class TorchKernel:
    """One device of PyTorch's."""

    chunk_elements = 2**24
    workers = 1

    def __init__(self, device: str) -> None:
        import torch

        self._torch = torch
        self._device = torch.device(device)

    def sums(self, a: FloatArray, b: FloatArray, rounding: Rounding) -> BlockSums:
        """Take all sums over two blocks at once."""
        on_a, on_b = self._moved(a), self._moved(b)
        not_finite = apart = 0
        largest = [float((side * side).sum(1).max()) for side in (on_a, on_b)]
        if not all(size < _PLAIN for size in largest):  # also where it is NaN
            a, b, not_finite, apart = without_unusable(a, b)
            on_a, on_b = self._moved(a), self._moved(b)
        same, varying = on_a == on_b, _varying(on_a)
        comparable = (on_a != 0) & varying[:, None]
        products = (on_a * on_b, on_a * on_a, on_b * on_b)
        return BlockSums(
            rows=np.stack([self._sum(product, 1) for product in products]),
            columns=np.stack([self._sum(product, 0) for product in products]),
            delta_squared=float((on_b - on_a).square_().sum(dtype=self._torch.float64)),
            equal=int(same.sum()),
            comparable=int(comparable.sum()),
            copied=int((comparable & same).sum()),
            rounded=self._equal_after_rounding(on_a, on_b, rounding),
            not_finite=not_finite,
            not_finite_apart=apart,
            varying=(varying & _varying(on_b)).cpu().numpy(),
        )

    def product_sizes(self, b: FloatArray, a: FloatArray) -> FloatArray:
        """Absolute inner products of all rows of B with all rows of A."""
        sizes: FloatArray = (self._moved(b) @ self._moved(a).T).abs_().cpu().numpy()
        return sizes

    def _moved(self, values: FloatArray) -> Any:
        return self._torch.from_numpy(np.ascontiguousarray(values)).to(self._device)

    def _sum(self, product: Any, axis: int) -> Any:
        return product.sum(axis, dtype=self._torch.float64).cpu().numpy()

    def _equal_after_rounding(self, a: Any, b: Any, rounding: Rounding) -> int:
        finer, coarser, dtype = (a, b, rounding.a) if rounding.a else (b, a, rounding.b)
        if dtype is None:
            return 0
        if dtype in _DTYPES:
            finer = finer.to(getattr(self._torch, _DTYPES[dtype])).float()
        return int((finer == coarser).sum())


def _varying(values: Any) -> Any:
    """Tell which rows are not one constant."""
    return values.amax(1) != values.amin(1)
