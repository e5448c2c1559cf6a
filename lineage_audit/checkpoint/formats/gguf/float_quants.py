"""The grids that llama.cpp's reference makes of floats for types with uneven levels: IQ4_NL, IQ4_XS and NVFP4.

The rules are those of ``ggml-quants.c`` without an importance matrix. IQ4 looks for the best of a few scales by a
weighted squared error, sums running over a group's elements one after the other in single precision, and takes codes by
the scale before that is rounded to be stored. NVFP4 divides each group's largest size by the largest level.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from lineage_audit.checkpoint.dtypes import round_to
from lineage_audit.checkpoint.encoding import FloatArray
from lineage_audit.checkpoint.formats.gguf.grids import BLOCK_GRIDS
from lineage_audit.checkpoint.quantization.grid import Grid, IntArray, groups_of_size

_LEVELS = BLOCK_GRIDS["IQ4_NL"].levels
_TRIES = 7
"""Scales to each side of the plain one that ``llama-quantize`` tries."""

_PER_BLOCK = 8
"""Groups of a block of IQ4_XS, whose scales are whole multiples of one."""

_NOTHING = np.float32(1e-15)
"""Largest size up to which a group counts as zero."""

_LARGEST_SCALE = np.float32(448)


def float_quantized(rule: str, floats: FloatArray) -> Grid:
    """Rows of a matrix on the grid that a rule makes of them, one group a row."""
    return _MADE_BY[rule](np.ascontiguousarray(floats, dtype=np.float32))


def _on_grid(name: str, codes: IntArray, scales: FloatArray) -> Grid:
    kind = BLOCK_GRIDS[name]
    columns = groups_of_size(kind.group, kind.group)
    return Grid(codes, kind.levels, scales[:, None], np.arange(len(scales)), columns)


def _iq4_nl(tries: int, floats: FloatArray) -> Grid:
    """A scale a group, in half precision."""
    x = _groups("IQ4_NL", floats)
    with np.errstate(all="ignore"):
        scales, plain = _best_scales(x, tries)
        codes = _codes(_over_one(scales) * x) if tries else plain
    return _on_grid("IQ4_NL", codes.T, round_to(scales, "F16"))


def _iq4_xs(floats: FloatArray) -> Grid:
    """Scales of a block as whole multiples of a step that puts the largest at -32, in half precision."""
    x = _groups("IQ4_XS", floats)
    with np.errstate(all="ignore"):
        scales = _best_scales(x, _TRIES)[0].reshape(-1, _PER_BLOCK)
        largest = np.take_along_axis(scales, np.abs(scales).argmax(axis=1)[:, None], axis=1)
        step = -largest / np.float32(32)
        multiples = np.clip(np.rint(_over_one(step) * scales), -32, 31)
        codes = _codes(_over_one((step * multiples).reshape(-1)) * x)
    return _on_grid("IQ4_XS", codes.T, (round_to(step, "F16") * multiples).astype(np.float32).reshape(-1))


def _groups(name: str, floats: FloatArray) -> FloatArray:
    """A group's elements along the first axis, so that sums over it run one after the other."""
    return np.ascontiguousarray(floats.reshape(-1, BLOCK_GRIDS[name].group).T)


def _best_scales(x: FloatArray, tries: int) -> tuple[FloatArray, IntArray]:
    """The scale of each group with the least error of all tries, and the codes on the plain one."""
    extreme = np.take_along_axis(x, np.abs(x).argmax(axis=0)[None], axis=0)[0]
    plain = (-extreme if tries else extreme) / _LEVELS[0]
    codes = _codes((np.float32(1) / plain) * x)
    scale, error = _fitted(x, codes)
    scale = np.where(error > 0, scale / error, np.float32(0))
    best = scale * _fitted(x, codes)[0]
    for step in range(-tries, tries + 1) if tries else ():
        along, squares = _fitted(x, _codes(((np.float32(step) + _LEVELS[0]) / extreme) * x))
        is_better = (squares > 0) & (along * along > best * squares)
        scale = np.where(is_better, along / squares, scale)
        best = np.where(is_better, scale * along, best)
    return np.where(np.abs(extreme) < _NOTHING, np.float32(0), scale).astype(np.float32), codes


def _fitted(x: FloatArray, codes: IntArray) -> tuple[FloatArray, FloatArray]:
    """Weighted sums of the levels with the elements, and of their squares."""
    weights, levels = x * x, _LEVELS[codes]
    return (weights * levels * x).sum(axis=0), (weights * levels * levels).sum(axis=0)


def _codes(places: FloatArray) -> IntArray:
    """The nearest levels; of two as near the upper one."""
    above = np.clip(np.searchsorted(_LEVELS, places, side="right"), 1, len(_LEVELS) - 1)
    is_below = places - _LEVELS[above - 1] < _LEVELS[above] - places
    return np.asarray(above - is_below, dtype=np.int16)


def _over_one(scales: FloatArray) -> FloatArray:
    """One over each scale, zero for none."""
    return np.where(scales != 0, np.float32(1) / scales, np.float32(0)).astype(np.float32)


def _nvfp4(floats: FloatArray) -> Grid:
    """Scales of four bits of exponent and three of fraction, halved since levels are doubled; ties nearer to zero."""
    kind = BLOCK_GRIDS["NVFP4"]
    x = floats.reshape(-1, kind.group)
    scales = _as_stored_scale(np.abs(x).max(axis=1) / np.float32(6)) / np.float32(2)
    outwards = np.argsort(np.abs(kind.levels), kind="stable")
    codes, least = np.zeros(x.shape, np.int16), np.full(x.shape, np.inf, np.float32)
    for code in sorted(outwards, key=lambda place: (kind.levels[place] < 0, abs(kind.levels[place]))):
        away = np.abs(kind.levels[code] * scales[:, None] - x)
        codes = np.where(away < least, np.int16(code), codes)
        least = np.minimum(least, away)
    return _on_grid("NVFP4", codes, scales.astype(np.float32))


def _as_stored_scale(values: FloatArray) -> FloatArray:
    """To E4M3 without a sign, halves away from zero, as the reference does."""
    values = np.minimum(values, _LARGEST_SCALE)
    _, exponents = np.frexp(values)
    steps = np.ldexp(np.float32(1), np.maximum(exponents - 1, -6) - 3)
    rounded = np.floor(values / steps + np.float32(0.5)) * steps
    is_small = values < np.float32(2.0**-6)
    stored: FloatArray = np.where(is_small, np.minimum(rounded, np.float32(7 * 2.0**-9)), rounded).astype(np.float32)
    return stored


_MADE_BY: Mapping[str, Callable[[FloatArray], Grid]] = {
    "IQ4_NL": partial(_iq4_nl, _TRIES),
    "IQ4_NL, without a search": partial(_iq4_nl, 0),
    "IQ4_XS": _iq4_xs,
    "NVFP4": _nvfp4,
}

FLOAT_QUANTS: Mapping[str, tuple[str, ...]] = {
    "IQ4_NL": ("IQ4_NL", "IQ4_NL, without a search"),
    "IQ4_XS": ("IQ4_XS",),
    "NVFP4": ("NVFP4",),
}
"""Type -> the rules by which it is quantised here: what ``llama-quantize`` does, and what the bare reference does."""
