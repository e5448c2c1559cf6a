"""How the rows of GGUF tensors become floats: ggml's blocks, and what the converter stored as another number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from lineage_audit.checkpoint.encoding import FloatArray, RawArray, Section, rows_of
from lineage_audit.checkpoint.formats.gguf.float_quants import FLOAT_QUANTS, float_quantized
from lineage_audit.checkpoint.formats.gguf.grids import BLOCK_GRIDS, grid_of
from lineage_audit.checkpoint.formats.gguf.k_quants import K_QUANTS, k_quantized
from lineage_audit.checkpoint.formats.gguf.types import GgmlType
from lineage_audit.checkpoint.quantization.grid import Extent, Grid, GridRule, OnGrid
from lineage_audit.checkpoint.tensors import StoredTensor

_REFERENCE = "ggml's reference without an importance matrix"
_VARIES = 0.01
"""Share of constants that builds of llama.cpp choose otherwise where they search (seen: .005)."""

_SINGLE_PRECISION = 2.0**-21
"""A few units in the last place of what is stored in single precision."""


@dataclass(frozen=True, slots=True)
class GgmlBlocks:
    """Rows of whole blocks, decoded by the ``gguf`` library.

    Attributes:
        raw: the tensor's bytes.
        type: its element type.
        columns: elements of a row.
    """

    raw: StoredTensor
    type: GgmlType
    columns: int

    @property
    def scheme(self) -> str:
        """The type, by ggml's name."""
        return self.type.name

    @property
    def bits(self) -> float:
        """Bits of one element with its share of the block's scales."""
        return self.type.bits

    @property
    def rounding(self) -> float:
        """Three steps of the grid that the bits allow; one bit for scales is not counted."""
        return min(1.0, 3.0 * 2.0 ** -int(self.type.bits))

    def sections(self, low: int, high: int) -> tuple[Section, ...]:
        """The rows' bytes."""
        return (rows_of(self.raw, self.columns // self.type.block * self.type.bytes, low, high),)

    def decode(self, low: int, high: int, arrays: Sequence[RawArray]) -> FloatArray:
        """Dequantise whole rows; a damaged scale that is not finite gives values that are not finite."""
        from gguf import GGMLQuantizationType, dequantize

        with np.errstate(all="ignore"):
            values = dequantize(arrays[0], GGMLQuantizationType[self.type.name])
        return np.asarray(values, dtype=np.float32).reshape(high - low, self.columns)


@dataclass(frozen=True, slots=True)
class GgmlGrid(GgmlBlocks, OnGrid):
    """Blocks of a type whose elements each lie on a grid."""

    @property
    def rules(self) -> tuple[GridRule, ...]:
        """The library's own quantiser, or the reference's rule for K-quants and types with uneven levels."""
        name = self.type.name
        if name in K_QUANTS:
            return (GridRule(f"{_REFERENCE}, {name}", self._k_quantize, _VARIES),)
        if name in FLOAT_QUANTS:
            return tuple(
                GridRule(f"{_REFERENCE}, {rule}", partial(self._float_quantize, rule), _VARIES)
                for rule in FLOAT_QUANTS[name]
            )
        return (GridRule(f"{_REFERENCE}, {name}", self._quantize),) if name in _QUANTISED_BY_LIBRARY else ()

    def grid(self, low: int, high: int, arrays: Sequence[RawArray]) -> Grid:
        """One group a row."""
        blocks = arrays[0].reshape(-1, self.type.bytes)
        return grid_of(BLOCK_GRIDS[self.type.name], blocks, self.decode(low, high, arrays))

    def _k_quantize(self, floats: FloatArray, stored: Grid, extent: Extent | None) -> Grid:  # noqa: ARG002
        return k_quantized(self.type.name, floats)

    def _float_quantize(self, rule: str, floats: FloatArray, stored: Grid, extent: Extent | None) -> Grid:  # noqa: ARG002
        return float_quantized(rule, floats)

    def _quantize(self, floats: FloatArray, stored: Grid, extent: Extent | None) -> Grid:  # noqa: ARG002
        rows = floats.reshape(-1, self.columns)
        with np.errstate(all="ignore"):
            return self.grid(0, len(rows), [quantized(rows, self.type.name)])


@dataclass(frozen=True, slots=True)
class OneMore:
    """Gains stored as ``1 + w``, read as ``w``, which is what the model's own repository holds.

    Attributes:
        raw: the vector as the file holds it.
        bits: bits of one stored element.
        scheme: None: nothing was rounded to a grid.
        rounding: none that counts.
        slack: what adding one and taking it off again costs.
    """

    raw: StoredTensor
    bits: float
    scheme: None = None
    rounding: float = 0.0
    slack: float = _SINGLE_PRECISION

    def sections(self, low: int, high: int) -> tuple[Section, ...]:
        """The elements themselves."""
        return (rows_of(self.raw, 1, low, high),)

    def decode(self, low: int, high: int, arrays: Sequence[RawArray]) -> FloatArray:
        """Take the one off again."""
        return arrays[0].astype(np.float32).reshape(high - low, 1) - np.float32(1)


@dataclass(frozen=True, slots=True)
class Decay:
    """Decays stored as ``-exp(w)``, read as ``w``, which is what the model's own repository holds.

    Attributes:
        raw: the tensor as the file holds it.
        bits: bits of one stored element.
        columns: elements of a row.
        scheme: None: nothing was rounded to a grid.
        rounding: none that counts.
        slack: what an exponential and its logarithm cost.
    """

    raw: StoredTensor
    bits: float
    columns: int
    scheme: None = None
    rounding: float = 0.0
    slack: float = _SINGLE_PRECISION

    def sections(self, low: int, high: int) -> tuple[Section, ...]:
        """The elements themselves."""
        return (rows_of(self.raw, self.columns, low, high),)

    def decode(self, low: int, high: int, arrays: Sequence[RawArray]) -> FloatArray:
        """Take the logarithm; what no converter writes gives values that are not finite."""
        with np.errstate(all="ignore"):
            logarithms = np.log(-arrays[0].astype(np.float64))
        return logarithms.astype(np.float32).reshape(high - low, self.columns)


_QUANTISED_BY_LIBRARY = frozenset({"Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "TQ1_0", "TQ2_0", "MXFP4"})
"""Types that the ``gguf`` library quantises, bit for bit as the reference does."""


def quantized(rows: FloatArray, name: str) -> npt.NDArray[np.uint8]:
    """Rows of a matrix as the bytes of their blocks."""
    from gguf import GGMLQuantizationType, quantize

    return np.asarray(quantize(np.ascontiguousarray(rows), GGMLQuantizationType[name]), dtype=np.uint8)
