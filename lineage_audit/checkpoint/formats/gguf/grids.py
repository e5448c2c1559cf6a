"""The grids of ggml's block types: which elements share a scale, and what the codes stand for.

Source of the layouts: ``ggml-common.h`` of llama.cpp. Types whose codes name entries of a codebook of several
elements at once (IQ1 to IQ3) are on no such grid.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from lineage_audit.checkpoint.encoding import FloatArray
from lineage_audit.checkpoint.quantization.grid import Grid, groups_of_size, nearest_level, whole_numbers
from lineage_audit.checkpoint.quantization.mxfp4 import LEVELS as FLOAT4_LEVELS

_Bytes = npt.NDArray[np.uint8]
Constants = tuple[FloatArray, FloatArray | None]
"""Scales and offsets ``[blocks, groups of a block]``."""

_UNEVEN = np.array([-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113], np.float32)
"""The levels of IQ4_NL and IQ4_XS."""

_TO_HALF = 2.0**-11
"""What rounding to half precision leaves: IQ4 takes codes by scales that are rounded afterwards."""

_DOUBLED = 2 * FLOAT4_LEVELS
"""FP4's levels as ggml holds them: twice as large, under half the scale."""


class _BlockGrid(Struct, frozen=True):
    """How one type's blocks are a grid.

    Attributes:
        group: elements that share a scale.
        levels: what codes stand for, ascending.
        constants: scales and offsets of blocks ``[blocks, bytes]``.
        loose: codes are taken by scales that differ from the stored ones by so much of their size.
    """

    group: int
    levels: FloatArray
    constants: Callable[[_Bytes], Constants]
    loose: float = 0.0


def grid_of(kind: _BlockGrid, blocks: _Bytes, floats: FloatArray) -> Grid:
    """Blocks as a grid, one group a row.

    Args:
        kind: of the type.
        blocks: ``[blocks, bytes]``.
        floats: what they stand for.
    """
    scales, offsets = (None if one is None else one.reshape(-1, 1) for one in kind.constants(blocks))
    assert scales is not None, "every type has scales"
    values = floats.reshape(len(scales), kind.group)
    with np.errstate(all="ignore"):
        places = (values if offsets is None else values - offsets) / scales
    codes = nearest_level(kind.levels, np.where(np.isfinite(places), places, np.float32(0)))
    columns = groups_of_size(kind.group, kind.group)
    return Grid(codes, kind.levels, scales, np.arange(len(scales)), columns, offsets=offsets, loose=kind.loose)


def _half(blocks: _Bytes, start: int) -> FloatArray:
    """A half-precision number at a place in every block, as a column."""
    values: FloatArray = np.ascontiguousarray(blocks[:, start : start + 2]).view("<f2").astype(np.float32)
    return values


def _one_scale(start: int, blocks: _Bytes) -> Constants:
    return _half(blocks, start), None


def _scale_and_least(blocks: _Bytes) -> Constants:
    return _half(blocks, 0), _half(blocks, 2)


def _q2_k(blocks: _Bytes) -> Constants:
    scales = blocks[:, :16]
    return _half(blocks, 80) * (scales & 15), -_half(blocks, 82) * (scales >> 4)


def _q3_k(blocks: _Bytes) -> Constants:
    packed = blocks[:, 96:108]
    low = np.concatenate([packed[:, :8] & 15, packed[:, :8] >> 4], axis=1)
    high = np.concatenate([(packed[:, 8:] >> shift) & 3 for shift in (0, 2, 4, 6)], axis=1)
    return _half(blocks, 108) * ((low | (high << 4)).astype(np.float32) - 32), None


def _six_bit_pairs(packed: _Bytes) -> tuple[_Bytes, _Bytes]:
    """The eight scales and eight minima of Q4_K and Q5_K, from their twelve bytes."""
    low, minima, both = packed[:, :4], packed[:, 4:8], packed[:, 8:]
    scales = np.concatenate([low & 63, (both & 15) | ((low >> 2) & 48)], axis=1)
    return scales, np.concatenate([minima & 63, (both >> 4) | ((minima >> 2) & 48)], axis=1)


def _q45_k(blocks: _Bytes) -> Constants:
    scales, minima = _six_bit_pairs(blocks[:, 4:16])
    return _half(blocks, 0) * scales, -_half(blocks, 2) * minima


def _q6_k(blocks: _Bytes) -> Constants:
    return _half(blocks, 208) * blocks[:, 192:208].view(np.int8), None


def _iq4_xs(blocks: _Bytes) -> Constants:
    high = np.ascontiguousarray(blocks[:, 2:4]).view("<u2").astype(np.int32)
    low = np.stack([blocks[:, 4:8] & 15, blocks[:, 4:8] >> 4], axis=-1).reshape(-1, 8).astype(np.int32)
    return _half(blocks, 0) * ((low | (((high >> (2 * np.arange(8))) & 3) << 4)) - 32).astype(np.float32), None


def _exponents(blocks: _Bytes) -> Constants:
    return np.ldexp(np.float32(1), blocks[:, :1].astype(np.int32) - 128), None


def _nvfp4(blocks: _Bytes) -> Constants:
    codes = blocks[:, :4].astype(np.int32)
    exponents, fractions = codes >> 3, (codes & 7).astype(np.float32)
    normal = np.ldexp(1 + fractions / 8, np.maximum(exponents, 1) - 7)
    values = np.where(exponents == 0, fractions * np.float32(2.0**-9), normal)
    return np.where(codes == 127, 0, values / 2).astype(np.float32), None


def _scaled(group: int, least: int, largest: int, constants: Callable[[_Bytes], Constants]) -> _BlockGrid:
    return _BlockGrid(group, whole_numbers(least, largest), constants)


BLOCK_GRIDS: Mapping[str, _BlockGrid] = {
    "Q8_0": _scaled(32, -128, 127, partial(_one_scale, 0)),
    "Q4_0": _scaled(32, -8, 7, partial(_one_scale, 0)),
    "Q4_1": _scaled(32, 0, 15, _scale_and_least),
    "Q5_0": _scaled(32, -16, 15, partial(_one_scale, 0)),
    "Q5_1": _scaled(32, 0, 31, _scale_and_least),
    "Q2_K": _scaled(16, 0, 3, _q2_k),
    "Q3_K": _scaled(16, -4, 3, _q3_k),
    "Q4_K": _scaled(32, 0, 15, _q45_k),
    "Q5_K": _scaled(32, 0, 31, _q45_k),
    "Q6_K": _scaled(16, -32, 31, _q6_k),
    "TQ1_0": _scaled(256, -1, 1, partial(_one_scale, 52)),
    "TQ2_0": _scaled(256, -1, 2, partial(_one_scale, 64)),
    "IQ4_NL": _BlockGrid(32, _UNEVEN, partial(_one_scale, 0), _TO_HALF),
    "IQ4_XS": _BlockGrid(32, _UNEVEN, _iq4_xs, _TO_HALF),
    "MXFP4": _BlockGrid(32, _DOUBLED, _exponents),
    "NVFP4": _BlockGrid(16, _DOUBLED, _nvfp4),
}
"""By the type's name."""
