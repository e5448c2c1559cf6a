"""What a quantisation scheme is to the loader: names that belong together, and a way to read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from lineage_audit.checkpoint.encoding import Encoding, FloatArray, RawArray
from lineage_audit.checkpoint.tensors import StoredTensor

ACTIVATIONS = (
    ".input_scale",
    ".input_zero_point",
    ".input_global_scale",
    ".output_scale",
    ".activation_scale",
    ".k_scale",
    ".v_scale",
    ".kv_scale",
)
"""Companions that scale activations or the cache of keys and values, and say nothing of the weights."""

_BIAS = 127


@dataclass(frozen=True, slots=True)
class Stored:
    """The stored tensors of one quantised matrix.

    Attributes:
        stem: what their names have in common.
        tensors: suffix -> stored tensor, the main one among them.
        notes: suffix -> content, of the companions that the scheme asks to be read.
        settings: what the repository states of its quantisation; anything may be missing or wrong.
    """

    stem: str
    tensors: Mapping[str, StoredTensor]
    notes: Mapping[str, bytes]
    settings: Mapping[str, object]

    def __getitem__(self, suffix: str) -> StoredTensor:
        """The tensor of a suffix that the scheme needs."""
        return self.tensors[suffix]

    def get(self, suffix: str) -> StoredTensor | None:
        """The tensor of a suffix that may be missing."""
        return self.tensors.get(suffix)


@dataclass(frozen=True, slots=True)
class Encoded:
    """The float tensor that the stored ones stand for.

    Attributes:
        shape: of the floats, oriented as the plain tensor would be.
        dtype: what a report calls its elements: ``INT4``, ``FP8``, ...
        encoding: how its rows are read.
    """

    shape: tuple[int, ...]
    dtype: str
    encoding: Encoding


@dataclass(frozen=True, slots=True)
class Scheme:
    """One way to store quantised matrices.

    Attributes:
        main: suffix of the tensor that holds the codes.
        logical: suffix of the name of the float tensor.
        needs: suffixes of companions without which it is not this scheme.
        may_have: suffixes of companions that are taken along.
        notes: suffixes of small companions whose content is needed to know the shape.
        read: checks shapes and types and says what the tensor is, or None where they are not of this scheme.
    """

    main: str
    logical: str
    needs: tuple[str, ...]
    read: Callable[[Stored], Encoded | None]
    may_have: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def integer_rounding(bits: int) -> float:
    """The relative error that rounding to integers in groups stays within: three steps of 2^-bits."""
    return min(1.0, 3.0 * 2.0**-bits)


def grouped(scheme: str, bits: int, group: int, columns: int) -> str:
    """Name a scheme with its bits and its group: ``GPTQ int4, groups of 128``."""
    grouping = "one scale a row" if group >= columns else f"groups of {group}"
    return f"{scheme} int{bits}, {grouping}"


def are_exponents(scales: StoredTensor) -> bool:
    """Tell whether a tensor of scales can only be exponents: bytes, or their own type."""
    return scales.dtype in ("U8", "F8_E8M0")


def as_scales(read: RawArray) -> FloatArray:
    """The scales as floats; what was read as bytes is exponents."""
    if read.dtype == np.uint8:
        powers: FloatArray = np.ldexp(np.float32(1), read.astype(np.int32) - _BIAS)
        return powers
    return read.astype(np.float32)
