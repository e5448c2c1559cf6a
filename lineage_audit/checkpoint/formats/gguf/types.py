"""The element types of GGUF: how many elements a block has, and how many bytes it takes.

Source: ``ggml.h`` and ``ggml-common.h`` of llama.cpp. Decoding itself is left to the ``gguf`` library.
"""

from __future__ import annotations

from msgspec import Struct


class GgmlType(Struct, frozen=True):
    """One element type.

    Attributes:
        name: ggml's name, or safetensors' where that has the type.
        block: elements of a block; rows are whole blocks.
        bytes: bytes of a block.
        is_quantized: a block holds codes with their scales, not plain numbers.
    """

    name: str
    block: int
    bytes: int
    is_quantized: bool = True

    @property
    def bits(self) -> float:
        """Bits of one element, its share of the block's scales included."""
        return 8 * self.bytes / self.block


GGML_TYPES: dict[int, GgmlType] = {
    0: GgmlType("F32", 1, 4, is_quantized=False),
    1: GgmlType("F16", 1, 2, is_quantized=False),
    2: GgmlType("Q4_0", 32, 18),
    3: GgmlType("Q4_1", 32, 20),
    6: GgmlType("Q5_0", 32, 22),
    7: GgmlType("Q5_1", 32, 24),
    8: GgmlType("Q8_0", 32, 34),
    9: GgmlType("Q8_1", 32, 40),
    10: GgmlType("Q2_K", 256, 84),
    11: GgmlType("Q3_K", 256, 110),
    12: GgmlType("Q4_K", 256, 144),
    13: GgmlType("Q5_K", 256, 176),
    14: GgmlType("Q6_K", 256, 210),
    15: GgmlType("Q8_K", 256, 292),
    16: GgmlType("IQ2_XXS", 256, 66),
    17: GgmlType("IQ2_XS", 256, 74),
    18: GgmlType("IQ3_XXS", 256, 98),
    19: GgmlType("IQ1_S", 256, 50),
    20: GgmlType("IQ4_NL", 32, 18),
    21: GgmlType("IQ3_S", 256, 110),
    22: GgmlType("IQ2_S", 256, 82),
    23: GgmlType("IQ4_XS", 256, 136),
    24: GgmlType("I8", 1, 1, is_quantized=False),
    25: GgmlType("I16", 1, 2, is_quantized=False),
    26: GgmlType("I32", 1, 4, is_quantized=False),
    27: GgmlType("I64", 1, 8, is_quantized=False),
    28: GgmlType("F64", 1, 8, is_quantized=False),
    29: GgmlType("IQ1_M", 256, 56),
    30: GgmlType("BF16", 1, 2, is_quantized=False),
    34: GgmlType("TQ1_0", 256, 54),
    35: GgmlType("TQ2_0", 256, 66),
    39: GgmlType("MXFP4", 32, 17),
    40: GgmlType("NVFP4", 64, 36),
}
"""Types by their number in the file."""

WITHOUT_DECODER = frozenset({"Q8_1", "Q8_K"})
"""Types of intermediate results, which no file of weights holds and the library does not decode."""
