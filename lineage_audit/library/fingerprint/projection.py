"""Fixed random projections, and four-bit levels.

Signs come from SHAKE-256, so that they are the same on every machine and in every version of every library, and for
every width: a model with fewer channels uses a prefix.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from lineage_audit.library.fingerprint.parameters import SketchScheme
from lineage_audit.library.fingerprint.values import Levels

FloatArray = npt.NDArray[np.float32]


@lru_cache(maxsize=8)
def channel_signs(width: int, scheme: SketchScheme) -> FloatArray:
    """The projection of ``width`` channels to a sketch: entries of ±1, ``[width, numbers]``."""
    return random_signs(b"channels", width * scheme.numbers).reshape(width, scheme.numbers)


def random_signs(purpose: bytes, count: int) -> FloatArray:
    """``count`` fixed signs; a longer request begins with a shorter one."""
    stream = hashlib.shake_256(b"lineage-audit " + purpose).digest((count + 7) // 8)
    bits = np.unpackbits(np.frombuffer(stream, dtype=np.uint8), count=count)
    signs: FloatArray = bits.astype(np.float32) * 2 - 1
    return signs


def to_levels(values: FloatArray, scheme: SketchScheme) -> Levels:
    """Quantise each row by its root mean square; negating a row negates its levels exactly."""
    size = np.sqrt(np.mean(np.square(values, dtype=np.float64), axis=1, keepdims=True))
    scaled = np.divide(values, scheme.step * size, out=np.zeros(values.shape), where=size > 0)
    levels: Levels = np.clip(np.rint(scaled), -scheme.largest, scheme.largest).astype(np.int8)
    return levels


def pack(levels: Levels) -> npt.NDArray[np.uint8]:
    """Two levels a byte, ``[rows, columns / 2]`` (an odd last column stands alone)."""
    shifted = (levels + 8).astype(np.uint8)
    if shifted.shape[1] % 2:
        shifted = np.pad(shifted, ((0, 0), (0, 1)), constant_values=8)
    packed: npt.NDArray[np.uint8] = (shifted[:, ::2] << 4 | shifted[:, 1::2]).astype(np.uint8)
    return packed


def unpack(packed: npt.NDArray[np.uint8], columns: int) -> Levels:
    """Undo ``pack``."""
    both = np.stack([packed >> 4, packed & 15], axis=2).reshape(len(packed), -1)[:, :columns]
    levels: Levels = both.astype(np.int8) - np.int8(8)
    return levels


def as_unit_rows(levels: Levels) -> FloatArray:
    """Levels as float32 rows of length one; zero rows stay zero."""
    values = levels.astype(np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", values, values))[:, None]
    scaled: FloatArray = np.divide(values, lengths, out=np.zeros_like(values), where=lengths > 0)
    return scaled
