"""bitsandbytes' NF4 and FP4: two codes a byte, a scale for 64 weights, the scales quantised once more if asked.

Layout: ``weight`` uint8 (two codes a byte, the first one high), ``weight.absmax`` (float, or uint8 codes into
``weight.nested_quant_map`` with a scale for 256 in ``weight.nested_absmax``), ``weight.quant_map`` (the 16 values), and
``weight.quant_state.bitsandbytes__nf4`` or ``__fp4``, a JSON text with shape and block sizes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from lineage_audit.checkpoint.bounded_json import parse_json_object
from lineage_audit.checkpoint.encoding import FloatArray, RawArray, Section, rows_of, whole
from lineage_audit.checkpoint.quantization.grid import Grid, GridRule, OnGrid, nearest_level, one_group
from lineage_audit.checkpoint.quantization.rules import by_extents, by_largest
from lineage_audit.checkpoint.quantization.scheme import Encoded, Scheme, Stored
from lineage_audit.checkpoint.tensors import StoredTensor

_STATES = {".weight.quant_state.bitsandbytes__nf4": "NF4", ".weight.quant_state.bitsandbytes__fp4": "FP4"}
_ROUNDING = {"NF4": 0.15, "FP4": 0.25}
_LOOKED_UP = 2.0**-15
"""Share of the largest within which the kernel that quantises scales takes a neighbouring code (seen: 1.3e-5)."""

_LARGEST_BLOCK = 2**20


@dataclass(frozen=True, slots=True)
class _Nested:
    """Scales that are quantised themselves: their values, the scales of these by ``block``, and what is added."""

    values: StoredTensor
    scales: StoredTensor
    block: int
    offset: float


@dataclass(frozen=True, slots=True)
class _FourBit(OnGrid):
    """One matrix.

    Attributes:
        codes: two elements a byte, in row-major order of the matrix.
        scales: one for ``block`` elements in that order.
        values: what the 16 codes stand for.
        nested: how the scales are read, or None where they are floats.
        columns: columns of the matrix.
        block: elements that share a scale.
        kind: ``NF4`` or ``FP4``.
    """

    codes: StoredTensor
    scales: StoredTensor
    values: StoredTensor
    nested: _Nested | None
    columns: int
    block: int
    kind: str

    @property
    def scheme(self) -> str:
        """Name, kind and block."""
        return f"bitsandbytes {self.kind}, blocks of {self.block}" + (", double quantised" if self.nested else "")

    @property
    def bits(self) -> float:
        """Bits of a code, and its share of a scale."""
        return 4 + (8 if self.nested else 32) / self.block

    @property
    def rounding(self) -> float:
        """That of the sixteen values."""
        return _ROUNDING[self.kind]

    def sections(self, low: int, high: int) -> tuple[Section, ...]:
        """The bytes of the codes, the scales of their blocks, and the small tables."""
        first, last = low * self.columns, high * self.columns
        blocks = first // self.block, -(-last // self.block)
        plain = (
            rows_of(self.codes, 1, first // 2, -(-last // 2)),
            rows_of(self.scales, 1, *blocks),
            whole(self.values),
        )
        if self.nested is None:
            return plain
        nested_blocks = blocks[0] // self.nested.block, -(-blocks[1] // self.nested.block)
        return (*plain, whole(self.nested.values), rows_of(self.nested.scales, 1, *nested_blocks))

    def decode(self, low: int, high: int, arrays: Sequence[RawArray]) -> FloatArray:
        """Look the codes up and scale them block by block."""
        first, last = low * self.columns, high * self.columns
        nibbles, values = self._nibbles(low, high, arrays[0]), arrays[2].reshape(-1)
        with np.errstate(all="ignore"):
            scales = self._scales(first // self.block, arrays)
            by_element = scales[np.arange(first, last) // self.block - first // self.block]
            floats: FloatArray = (values.astype(np.float32)[nibbles] * by_element).astype(np.float32)
        return floats.reshape(high - low, self.columns)

    @property
    def together(self) -> int:
        """Rows that fill whole blocks, and whole blocks of scales."""
        block = self.block * (self.nested.block if self.nested is not None else 1)
        return block // math.gcd(block, self.columns)

    @property
    def rules(self) -> tuple[GridRule, ...]:
        """Each block over its largest size; what is stored of that is rounded afterwards."""
        return (GridRule("largest size of a block", by_extents(by_largest(1.0), rounds_before_storing=True)),)

    def grid(self, low: int, high: int, arrays: Sequence[RawArray]) -> Grid:
        """One block a row; where the last one is short, zeros fill it."""
        levels, places = np.unique(arrays[2].reshape(-1).astype(np.float32), return_inverse=True)
        codes = places.astype(np.int16)[self._nibbles(low, high, arrays[0])]
        short = -len(codes) % self.block
        blocks = np.pad(codes, (0, short), constant_values=int(nearest_level(levels, np.zeros(1, np.float32))[0]))
        scales = self._scales(low * self.columns // self.block, arrays)[:, None]
        rows, columns = np.arange(len(scales)), one_group(self.block)
        as_stored, slack = self._as_stored(arrays), self._slack(arrays, len(scales))
        return Grid(blocks.reshape(-1, self.block), levels, scales, rows, columns, as_stored=as_stored, slack=slack)

    def _slack(self, arrays: Sequence[RawArray], count: int) -> FloatArray | None:
        """How far the library's kernel may be off when it looks up the code of a scale."""
        if self.nested is None:
            return None
        largest = np.repeat(arrays[4].reshape(-1), self.nested.block)[:count, None]
        return np.asarray(largest * np.float32(_LOOKED_UP), np.float32)

    def _nibbles(self, low: int, high: int, packed: RawArray) -> RawArray:
        """The codes of some rows, one after the other."""
        codes, first, last = packed.reshape(-1), low * self.columns, high * self.columns
        return np.stack([codes >> 4, codes & 15], axis=1).reshape(-1)[first % 2 : first % 2 + last - first]

    def _scales(self, first: int, arrays: Sequence[RawArray]) -> FloatArray:
        """The scales of blocks ``first`` and following."""
        scales = arrays[1].reshape(-1)
        if self.nested is None:
            return scales
        return _unnested(self.nested, first, scales, arrays[3], arrays[4])

    def _as_stored(self, arrays: Sequence[RawArray]) -> Callable[[FloatArray], FloatArray]:
        nested = self.nested
        if nested is None:
            return lambda scales: scales
        levels = np.unique(arrays[3].reshape(-1).astype(np.float32))
        largest = arrays[4].reshape(-1, 1).astype(np.float32)
        return lambda scales: _nested_scales(nested, levels, largest, scales)


def _unnested(nested: _Nested, first: int, codes: RawArray, values: RawArray, scales: RawArray) -> FloatArray:
    """Scales ``first`` and following from their codes."""
    places = np.arange(first, first + len(codes)) // nested.block - first // nested.block
    floats: FloatArray = values.reshape(-1)[codes] * scales.reshape(-1)[places] + np.float32(nested.offset)
    return floats


def _nested_scales(nested: _Nested, levels: FloatArray, largest: FloatArray, scales: FloatArray) -> FloatArray:
    """Scales less the offset, rounded in blocks from the first one on, each over its largest size, and read back."""
    flat = scales.reshape(-1) - np.float32(nested.offset)
    blocks = np.pad(flat, (0, -len(flat) % nested.block)).reshape(-1, nested.block)
    back = levels[nearest_level(levels, (blocks / np.maximum(largest, 1e-38)).astype(np.float32))] * largest
    floats: FloatArray = (back.reshape(-1)[: len(flat)] + np.float32(nested.offset)).reshape(scales.shape)
    return floats


def _read(stored: Stored) -> Encoded | None:
    suffix = next((suffix for suffix in _STATES if suffix in stored.notes), None)
    if suffix is None:
        return None
    state = parse_json_object(stored.notes[suffix], stored[".weight"].file)
    codes, scales, values = stored[".weight"], stored[".weight.absmax"], stored[".weight.quant_map"]
    shape, block = state.get("shape"), state.get("blocksize")
    if not isinstance(shape, list) or len(shape) < 2 or not all(type(side) is int and side > 0 for side in shape):
        return None
    if type(block) is not int or not 0 < block <= _LARGEST_BLOCK or values.size != 16 or codes.dtype != "U8":
        return None
    elements = math.prod(shape)
    if codes.size != -(-elements // 2) or scales.size != -(-elements // block):
        return None
    nested = _nested(stored, state, scales)
    if (scales.dtype == "U8") != (nested is not None):
        return None
    kind = _STATES[suffix]
    return Encoded(tuple(shape), kind, _FourBit(codes, scales, values, nested, shape[-1], block, kind))


def _nested(stored: Stored, state: dict[str, object], scales: StoredTensor) -> _Nested | None:
    values, over = stored.get(".weight.nested_quant_map"), stored.get(".weight.nested_absmax")
    block, offset = state.get("nested_blocksize"), state.get("nested_offset")
    if values is None or over is None or values.size != 256 or not values.dtype == over.dtype == "F32":
        return None
    if type(block) is not int or not 0 < block <= _LARGEST_BLOCK or not isinstance(offset, int | float):
        return None
    return _Nested(values, over, block, float(offset)) if over.size == -(-scales.size // block) else None


SCHEME = Scheme(
    ".weight",
    ".weight",
    (".weight.absmax", ".weight.quant_map"),
    _read,
    may_have=(".weight.nested_absmax", ".weight.nested_quant_map"),
    notes=tuple(_STATES),
)
