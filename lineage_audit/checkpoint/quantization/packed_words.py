"""Small integers packed densely into 32-bit words, the lowest bits first."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lineage_audit.checkpoint.encoding import RawArray
from lineage_audit.errors import UnreadableFileError

Codes = npt.NDArray[np.uint32]

WORD = 32
_UNUSED = -1
"""The group of every input where groups follow each other and the index was kept only for its name."""


def words_for(count: int, bits: int) -> int:
    """Words that a number of codes takes."""
    return -(-count * bits // WORD)


def bits_of(count: int, words: int) -> int | None:
    """Bits of a code, from how many words hold how many of them; None where no width up to 8 fits."""
    return next((bits for bits in (4, 8, 3, 2, 6, 5, 7, 1) if words_for(count, bits) == words), None)


def unpack(words: RawArray, bits: int, count: int) -> Codes:
    """Unpack ``count`` codes from each row of words ``[rows, words]``; codes may straddle words."""
    unsigned = np.ascontiguousarray(words).view(np.uint32)
    mask = np.uint32(2**bits - 1)
    if WORD % bits == 0:
        shifts = np.arange(0, WORD, bits, dtype=np.uint32)
        return ((unsigned[:, :, None] >> shifts) & mask).reshape(len(unsigned), -1)[:, :count]
    starts = np.arange(count) * bits
    places, offsets = starts // WORD, (starts % WORD).astype(np.uint64)
    wide = np.pad(unsigned, ((0, 0), (0, 1))).astype(np.uint64)
    both = wide[:, places] | (wide[:, places + 1] << np.uint64(WORD))
    return (both >> offsets).astype(np.uint32) & mask


def groups_of(stated: RawArray | None, count: int, size: int, groups: int, what: str) -> npt.NDArray[np.int64]:
    """The group of each of ``count`` inputs: as stated, or one after the other where nothing is, or -1 throughout.

    Args:
        stated: a number for each input, or None.
        count: inputs.
        size: of a group.
        groups: how many there are.
        what: the tensor, for the message.

    Raises:
        UnreadableFileError: a stated group does not exist.
    """
    numbers = np.arange(count) // size if stated is None else stated.reshape(-1).astype(np.int64)
    if stated is not None and bool((numbers == _UNUSED).all()):
        numbers = np.arange(count) // size
    if numbers.size and not 0 <= numbers.min() <= numbers.max() < groups:
        raise UnreadableFileError(f"{what}: its groups are damaged; fetch it again")
    return numbers
