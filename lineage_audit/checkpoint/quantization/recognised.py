"""Schemes whose codes are known by their names and shapes, and that are not decoded: trellises, lattices, codebooks.

Each says which matrix its tensors stand for, so that reports count weights and not bytes; the values stay unread.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from lineage_audit.checkpoint.dtypes import BITS
from lineage_audit.checkpoint.encoding import Undecoded
from lineage_audit.checkpoint.quantization.scheme import Encoded, Scheme, Stored

Shape = Callable[[Stored], tuple[int, ...] | None]
"""The matrix that stored tensors stand for, or None where they do not fit."""

_LARGEST = 2**48
"""Most weights that a matrix may claim to have."""


def _from_ends(outputs: str, inputs: str, stored: Stored) -> tuple[int, ...]:
    """One vector has an element for each output, another for each input."""
    return stored[outputs].size, stored[inputs].size


def _exl2(stored: Stored) -> tuple[int, ...] | None:
    codes = stored[".q_weight"].shape
    return (codes[1], stored[".q_invperm"].size) if len(codes) == 2 else None


def _aqlm(stored: Stored) -> tuple[int, ...] | None:
    codes, books = stored[".codes"].shape, stored[".codebooks"].shape
    return (codes[0] * books[2], codes[1] * books[3]) if len(codes) == 3 and len(books) == 4 else None


def _eetq(stored: Stored) -> tuple[int, ...] | None:
    codes, scales = stored[".weight"], stored[".weight_scales"]
    fit = codes.dtype == "I8" and len(codes.shape) == 2 and scales.size == codes.shape[1]
    return (codes.shape[1], codes.shape[0]) if fit else None


def _torchao(stored: Stored) -> tuple[int, ...] | None:
    """Two codes a byte, eight a word; scales stand the other way round."""
    codes, scales = stored["._weight_qdata"], stored["._weight_scale"].shape
    if len(codes.shape) != 2 or len(scales) != 2 or scales[1] != codes.shape[0]:
        return None
    columns = codes.shape[1] * int(BITS[codes.dtype]) // 4
    return (codes.shape[0], columns) if not columns % max(1, scales[0]) else None


def _torchao_tiles(stored: Stored) -> tuple[int, ...] | None:
    """Eight codes a word, in tiles of the kernel; of scales and zero points there are as many as rows and groups."""
    codes, scales = stored["._weight_qdata"], stored["._weight_scale_and_zero"].shape
    rows = scales[1] if len(scales) == 3 else 0
    weights = codes.size * BITS[codes.dtype] // 4
    return (rows, weights // rows) if rows and not weights % rows else None


def _read(main: str, name: str, shape_of: Shape, stored: Stored) -> Encoded | None:
    shape, codes = shape_of(stored), stored[main]
    if shape is None or not 0 < math.prod(shape) < _LARGEST:
        return None
    bits = codes.size * BITS[codes.dtype] / math.prod(shape)
    return Encoded(shape, name.split()[0].upper(), Undecoded(name, bits))


def _scheme(name: str, main: str, needs: tuple[str, ...], shape_of: Shape, may_have: tuple[str, ...] = ()) -> Scheme:
    return Scheme(main, ".weight", needs, partial(_read, main, name, shape_of), may_have)


SCHEMES = (
    _scheme(
        "EXL2",
        ".q_weight",
        (".q_invperm",),
        _exl2,
        (".q_scale", ".q_scale_max", ".q_groups", ".q_group_map", ".q_perm"),
    ),
    _scheme("EXL3", ".trellis", (".suh", ".svh"), partial(_from_ends, ".svh", ".suh"), (".su", ".sv", ".mcg", ".mul1")),
    _scheme("AQLM", ".codes", (".codebooks", ".scales"), _aqlm),
    _scheme(
        "QuIP#",
        ".Qidxs",
        (".SU", ".SV"),
        partial(_from_ends, ".SV", ".SU"),
        (".codebook_id", ".Wscale", ".grid_packed_abs", ".trellis", ".tlut", ".rcp", ".tp_rank"),
    ),
    _scheme(
        "torchao int4",
        "._weight_qdata",
        ("._weight_scale", "._weight_zero_point"),
        _torchao,
        ("._weight_act_pre_scale",),
    ),
    _scheme("torchao int4, laid out for its kernel", "._weight_qdata", ("._weight_scale_and_zero",), _torchao_tiles),
    _scheme("EETQ int8, laid out for its kernel", ".weight", (".weight_scales",), _eetq),
)
