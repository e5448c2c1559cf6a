"""GPTQ and AWQ by their published rules, plainly: what calibration data do to codes.

GPTQ (Frantar et al., 2023): inputs are rounded one after the other, and what each rounding loses is taken up by those
that follow, by the inverse of the inputs' second moments. AWQ (Lin et al., 2024): inputs with large activations are
scaled up before rounding; the norm before the matrix takes the factor back.
"""

from __future__ import annotations

import numpy as np

from tests.checkpoint.quantization.schemes import rounded
from tests.models import Array

_DAMPING = 0.01


def activations(inputs: int, seed: int = 7) -> Array:
    """Calibration data: a few hundred correlated vectors, some inputs larger than others."""
    rng = np.random.default_rng(seed)
    mixing = rng.standard_normal((inputs, inputs)) / np.sqrt(inputs)
    sizes = np.exp(rng.normal(0, 0.8, inputs))
    vectors = rng.standard_normal((4 * inputs, inputs)) @ mixing + rng.standard_normal(inputs)
    return (vectors * sizes).astype(np.float32)


def gptq(matrix: Array, seen: Array, group: int = 32) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Codes ``[out, in]``, scales and zero points ``[out, groups]`` of 4 bits."""
    moments = 2 * seen.T.astype(np.float64) @ seen / len(seen)
    moments[np.diag_indices(len(moments))] += _DAMPING * np.diag(moments).mean()
    factor = np.linalg.cholesky(np.linalg.inv(moments)).T
    left = matrix.astype(np.float64)
    codes = np.zeros(matrix.shape, np.int64)
    scales, zeros = (np.zeros((len(matrix), matrix.shape[1] // group), np.float32) for _ in range(2))
    for column in range(matrix.shape[1]):
        place = column // group
        if column % group == 0:
            _, step, zero = rounded(left[:, column : column + group].astype(np.float32), 4, group)
            scales[:, place], zeros[:, place] = step[:, 0], zero[:, 0]
        codes[:, column] = np.clip(np.round(left[:, column] / scales[:, place]) + zeros[:, place], 0, 15)
        lost = (left[:, column] - (codes[:, column] - zeros[:, place]) * scales[:, place]) / factor[column, column]
        left[:, column + 1 :] -= lost[:, None] * factor[column, column + 1 :]
    return codes, scales, zeros


def awq_factors(matrix: Array, seen: Array, group: int = 32) -> Array:
    """One factor an input: the power of the mean activation that loses least, of a grid of powers."""
    sizes = np.abs(seen).mean(axis=0)

    def loss(factors: Array) -> float:
        codes, scales, zeros = rounded(matrix * factors, 4, group)
        back = (codes - np.repeat(zeros, group, axis=1)) * np.repeat(scales, group, axis=1) / factors
        return float(np.square(seen @ (back - matrix).T).mean())

    powers = [np.clip(sizes**power, 1e-4, None) for power in np.linspace(0, 0.95, 20)]
    return min((one / np.sqrt(one.max() * one.min()) for one in powers), key=loss).astype(np.float32)
