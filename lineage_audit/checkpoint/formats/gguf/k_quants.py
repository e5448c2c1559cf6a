"""The grids that llama.cpp's reference makes of floats for its K-quants, without an importance matrix.

The rules are those of ``ggml-quants.c``: each group's scale is the best of a few tries, by a weighted squared (or
absolute) error, and the scales of a block are rounded to few bits themselves. Sums run over a group's elements one
after the other in single precision, as they do there. A build that fuses multiplications and additions chooses
otherwise in a few groups of a thousand, as any may where two tries are equally good.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np
from msgspec import Struct

from lineage_audit.checkpoint.dtypes import round_to
from lineage_audit.checkpoint.encoding import FloatArray
from lineage_audit.checkpoint.formats.gguf.grids import BLOCK_GRIDS
from lineage_audit.checkpoint.quantization.grid import Grid, groups_of_size

_BLOCK = 256
_NOTHING = np.float32(1e-15)
"""Largest size up to which a group counts as zero."""

_Tried = tuple[FloatArray, FloatArray]
"""Scales and minima of groups; a group's elements stand along the first axis of what they are made from."""


class _Search(Struct, frozen=True):
    """How scales with minima are searched: steps around the plain one, and what weighs the errors.

    Attributes:
        largest: largest code.
        first: first stretch of the range, in codes.
        steps: further stretches, each a tenth of a code more.
        largest_scale: codes of the scales of a block.
        is_absolute: errors count by their size, weighted by the elements' own, not squared.
    """

    largest: int
    first: float
    steps: int
    largest_scale: int
    is_absolute: bool = False


def k_quantized(name: str, floats: FloatArray) -> Grid:
    """Rows of a matrix on the grid of a type, one group a row."""
    kind = BLOCK_GRIDS[name]
    groups = np.ascontiguousarray(floats, dtype=np.float32).reshape(-1, kind.group)
    with np.errstate(all="ignore"):
        scales, offsets = _CONSTANTS[name](groups.T.copy(), _BLOCK // kind.group)
    rows, columns = np.arange(len(groups)), groups_of_size(kind.group, kind.group)
    least = None if offsets is None else offsets[:, None]
    made = Grid(np.zeros(groups.shape, np.int16), kind.levels, scales[:, None], rows, columns, offsets=least)
    return replace(made, codes=made.nearest(made.positions(groups)))


def _with_minima(search: _Search, x: FloatArray, per_block: int) -> tuple[FloatArray, FloatArray | None]:
    """Q2_K, Q4_K and Q5_K: scales and minima, both rounded to multiples of the block's largest."""
    typical = np.float32(0) if search.is_absolute else np.sqrt((x * x).sum(axis=0) / np.float32(len(x)))
    weights = np.asarray(typical + np.abs(x), np.float32)
    scales, minima = _search_range(search, x, weights)
    steps = np.float32(search.largest_scale)
    rounded = [_multiples(one.reshape(-1, per_block), steps) for one in (scales, minima)]
    return rounded[0].reshape(-1), -rounded[1].reshape(-1)


def _multiples(values: FloatArray, steps: FloatArray | np.float32) -> FloatArray:
    """Values of a block as whole multiples of the largest over ``steps``, which is stored in half precision."""
    largest = np.maximum(values.max(axis=1, keepdims=True), np.float32(0))
    per_step = np.where(largest > 0, steps / largest, np.float32(0))
    codes = np.minimum(np.rint(per_step * values), steps)
    return np.asarray(round_to(largest / steps, "F16") * codes, np.float32)


def _search_range(search: _Search, x: FloatArray, weights: FloatArray) -> _Tried:
    """The scale and the minimum of each group with the least error of all tries."""
    low, high = np.minimum(x.min(axis=0), 0), x.max(axis=0)
    extent, largest = high - low, np.float32(search.largest)
    sum_w, sum_x = weights.sum(axis=0), (weights * x).sum(axis=0)
    scale, least = 1 / (largest / extent), low
    codes = np.clip(np.rint((largest / extent) * (x - low)), 0, largest)
    best = _error(search, x, weights, codes, scale, least)
    for step in range(search.steps + 1):
        per_code = (np.float32(search.first) + np.float32(0.1) * np.float32(step) + largest) / (high - least)
        codes = np.clip(np.rint(per_code * (x - least)), 0, largest)  # from the best minimum so far
        weighted = weights * codes
        sum_l, sum_l2, sum_xl = weighted.sum(axis=0), (weighted * codes).sum(axis=0), (weighted * x).sum(axis=0)
        determinant = sum_w * sum_l2 - sum_l * sum_l
        tried = (sum_w * sum_xl - sum_x * sum_l) / determinant
        tried_least = (sum_l2 * sum_x - sum_l * sum_xl) / determinant
        tried, tried_least = np.where(tried_least > 0, sum_xl / sum_l2, tried), np.minimum(tried_least, 0)
        error = _error(search, x, weights, codes, tried, tried_least)
        is_better = (determinant > 0) & (error < best)
        best, scale, least = (
            np.where(is_better, new, old) for new, old in ((error, best), (tried, scale), (tried_least, least))
        )
    is_flat = high == low
    return np.where(is_flat, np.float32(0), scale), -np.where(is_flat, low, least)


def _error(
    search: _Search, x: FloatArray, weights: FloatArray, codes: FloatArray, scale: FloatArray, least: FloatArray
) -> FloatArray:
    away = scale * codes + least - x
    return np.asarray((weights * (np.abs(away) if search.is_absolute else away * away)).sum(axis=0), np.float32)


def _signed(values: FloatArray) -> FloatArray:
    """Of each column the first of the values that is largest in size."""
    return np.asarray(np.take_along_axis(values, np.abs(values).argmax(axis=0)[None], axis=0)[0])


def _q6_k(x: FloatArray, per_block: int) -> tuple[FloatArray, FloatArray | None]:
    """Scales that divide each group's signed extreme, 32 codes to a side, rounded to 8 bits with their block's."""
    extreme, weights = _signed(x), x * x
    scale = best = np.zeros_like(extreme)
    for step in (0, *range(-9, 0), *range(1, 10)):
        per_code = -(np.float32(32) + np.float32(0.1) * np.float32(step)) / extreme
        codes = np.clip(np.rint(per_code * x), -32, 31)
        sum_lx, sum_l2 = (weights * x * codes).sum(axis=0), (weights * codes * codes).sum(axis=0)
        is_better = (sum_l2 > 0) & ((sum_lx * sum_lx > best * sum_l2) if step else True)
        scale = np.where(is_better, sum_lx / sum_l2, scale)
        best = np.where(is_better, scale * sum_lx, best)
    scale = np.where(np.abs(extreme) < _NOTHING, np.float32(0), scale)
    return _signed_multiples(scale.reshape(-1, per_block), 128).reshape(-1), None


def _q3_k(x: FloatArray, per_block: int) -> tuple[FloatArray, FloatArray | None]:
    """Codes moved one after the other as long as that helps, four to a side; scales rounded to 6 bits."""
    extreme, weights = _signed(x), x * x
    codes = np.clip(np.rint((np.float32(-4) / extreme) * x), -4, 3)
    sum_lx, sum_l2 = (weights * x * codes).sum(axis=0), (weights * codes * codes).sum(axis=0)
    for _ in range(5):
        for place in range(len(x)):
            w, one = weights[place], x[place]
            lx, l2 = sum_lx - w * one * codes[place], sum_l2 - w * codes[place] * codes[place]
            new = np.clip(np.rint(one * l2 / lx), -4, 3)
            new_lx, new_l2 = lx + w * one * new, l2 + w * new * new
            helps = (lx > 0) & (new != codes[place]) & (new_l2 > 0)
            helps &= new_lx * new_lx * sum_l2 > sum_lx * sum_lx * new_l2
            codes[place] = np.where(helps, new, codes[place])
            sum_lx, sum_l2 = np.where(helps, new_lx, sum_lx), np.where(helps, new_l2, sum_l2)
    scale = np.where((sum_l2 > 0) & (np.abs(extreme) >= _NOTHING), sum_lx / sum_l2, np.float32(0))
    return _signed_multiples(scale.reshape(-1, per_block), 32).reshape(-1), None


def _signed_multiples(scales: FloatArray, half: int) -> FloatArray:
    """Scales of a block as whole multiples of a step that puts the largest at the least code, in half precision."""
    extreme = _signed(scales.T)[:, None]
    per_step = np.float32(-half) / extreme
    codes = np.clip(np.rint(per_step * scales), -half, half - 1)
    stored = round_to(np.asarray(1 / per_step, np.float32), "F16") * codes
    return np.where(np.abs(extreme) < _NOTHING, np.float32(0), stored).astype(np.float32)


_CONSTANTS: Mapping[str, Callable[[FloatArray, int], tuple[FloatArray, FloatArray | None]]] = {
    "Q2_K": partial(_with_minima, _Search(3, -0.5, 15, 15, is_absolute=True)),
    "Q3_K": _q3_k,
    "Q4_K": partial(_with_minima, _Search(15, -1.0, 20, 63)),
    "Q5_K": partial(_with_minima, _Search(31, -0.5, 15, 63)),
    "Q6_K": _q6_k,
}

K_QUANTS = frozenset(_CONSTANTS)
"""Types that are quantised here."""
