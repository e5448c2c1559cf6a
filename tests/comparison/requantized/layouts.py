"""Codes in AutoAWQ's layout, whoever chose them."""

from __future__ import annotations

import numpy as np
import torch

from tests.comparison.requantized.quantisers import Tensors

_ORDER = (0, 2, 4, 6, 1, 3, 5, 7)


def awq_layout(codes: np.ndarray, scales: np.ndarray, zeros: np.ndarray) -> Tensors:
    """Codes ``[out, in]``, scales and zero points ``[out, groups]``, eight outputs to a word."""
    return {
        ".qweight": _packed(codes.T),
        ".qzeros": _packed(zeros.T),
        ".scales": torch.from_numpy(np.ascontiguousarray(scales.T)).half(),
    }


def _packed(values: np.ndarray) -> torch.Tensor:
    words = np.zeros((len(values), values.shape[1] // 8), np.uint32)
    for place, column in enumerate(_ORDER):
        words |= values[:, column::8].astype(np.uint32) << np.uint32(4 * place)
    return torch.from_numpy(words.view(np.int32))
