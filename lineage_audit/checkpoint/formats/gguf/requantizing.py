"""Floats to ggml's blocks, where the ``gguf`` library does it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lineage_audit.checkpoint.encoding import FloatArray

QUANTISED_BY_LIBRARY = frozenset({"Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "TQ1_0", "TQ2_0", "MXFP4"})
"""Types that the ``gguf`` library quantises, bit for bit as the reference does."""


def quantized(rows: FloatArray, name: str) -> npt.NDArray[np.uint8]:
    """Rows of a matrix as the bytes of their blocks."""
    from gguf import GGMLQuantizationType, quantize

    return np.asarray(quantize(np.ascontiguousarray(rows), GGMLQuantizationType[name]), dtype=np.uint8)
