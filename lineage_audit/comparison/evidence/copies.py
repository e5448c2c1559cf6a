"""Copies inside one model share their random signs: a layer exported many times, KV heads expanded, equal experts.

Units are held against the units of the same number in another block (an FFN, a head). Only where the blocks are copies
in both models do their units flip together; where they are in one alone, the other's random signs are still its own.
Terms of one random sign are added before the test, which is right for terms that do not share one as well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lineage_audit.checkpoint.tensors import IntArray
from lineage_audit.comparison.alignment.spreading import spread_numbers
from lineage_audit.comparison.evidence.base import unit_rows
from lineage_audit.comparison.reading.marks import Marks
from lineage_audit.comparison.reading.measurement import Measurement
from lineage_audit.comparison.verdict.thresholds import FREE_SIGNS

FloatArray = npt.NDArray[np.float32]


_UNITS = 64
"""Units of a block that are held against those of others."""

_FEWEST_UNITS = 4
_AT_ONCE = 64
_APART = 2**24
"""More units than a block has: random signs of different blocks are numbered this far apart."""

_KINDS_APART = 2**54
"""The same of sets of blocks."""


def origins(parts: Sequence[Measurement | None], blocks: int = 1) -> list[IntArray]:
    """For each block of every part the number of the first block that it is a copy of in both models, or its own.

    Args:
        parts: rows of the layers (or experts), in one order of units; None where none were read.
        blocks: blocks in a part (heads); where they cannot be told apart a part is held against others as a whole.
    """
    found = [np.arange(blocks, dtype=np.int64) + number * blocks for number in range(len(parts))]
    alike: dict[tuple[int, ...], list[tuple[int, int, FloatArray, FloatArray]]] = defaultdict(list)
    for number, part in enumerate(parts):
        for block, (a, b) in enumerate(_in_blocks(part.marks, blocks) if part is not None else ()):
            alike[a.shape].append((number, block, a, b))
    for candidates in alike.values():
        firsts = _first_copies(*(np.stack([one[side] for one in candidates]) for side in (2, 3)))
        for (number, block, _, _), first in zip(candidates, firsts, strict=True):
            origin, its_block = candidates[first][:2]
            if _splits(parts[number], blocks):
                found[number][block] = origin * blocks + its_block
            else:
                found[number] = np.arange(blocks, dtype=np.int64) + origin * blocks
    return found


def random_signs_of(origin: IntArray, units: int, kind: int = 0) -> IntArray:
    """A number for each unit of blocks that have ``units`` each, the same for units that share a random sign.

    Args:
        origin: what ``origins`` found for a part's blocks.
        units: units of a block.
        kind: tells the numbers of several sets of parts apart, each of which ``origins`` was asked of.
    """
    return (kind * _KINDS_APART + origin[:, None] * _APART + np.arange(units)).ravel()


def are_distinct(part: Measurement, origin: IntArray, number: int) -> npt.NDArray[np.bool_]:
    """Which marked rows of a part are in blocks that are no copies of earlier ones.

    Args:
        part: the rows.
        origin: what ``origins`` found for its blocks.
        number: the part's place among the parts.
    """
    blocks, rows = len(origin), len(part.marks.a)
    own: npt.NDArray[np.bool_] = origin == number * blocks + np.arange(blocks)
    return np.repeat(own, rows // blocks) if rows % blocks == 0 else np.full(rows, own[0])


def _splits(part: Measurement | None, blocks: int) -> bool:
    """Whether every block of a part was read, with the same rows of each."""
    return part is not None and part.is_complete and len(part.marks.a) % blocks == 0


def _in_blocks(marks: Marks, blocks: int) -> list[tuple[FloatArray, FloatArray]]:
    """The marks of some units of each block, as unit rows."""
    if len(marks.a) % blocks:
        blocks = 1
    sides = [unit_rows(side).reshape(blocks, -1, side.shape[1]) for side in (marks.a, marks.b)]
    if sides[0].shape[1] < _FEWEST_UNITS:
        return []
    chosen = spread_numbers(sides[0].shape[1], _UNITS)
    return list(zip(*(side[:, chosen] for side in sides), strict=True))


def _first_copies(a: FloatArray, b: FloatArray) -> IntArray:
    """For each block the first that it is a copy of in both models, or itself; ``[blocks, units, numbers]`` in."""
    first = np.arange(len(a))
    for start in range(0, len(a), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        both = _are_copies(a, some) & _are_copies(b, some)
        both[np.arange(len(both)), np.arange(len(both)) + start] = True
        first[some] = both.argmax(axis=1)
    while not (first == first[first]).all():
        first = first[first]
    return first


def _are_copies(blocks: FloatArray, some: slice) -> npt.NDArray[np.bool_]:
    """Whether units of some blocks agree with those of the same number in others, and not with the next."""
    units = blocks.shape[1]
    by_unit = blocks.swapaxes(0, 1)
    own, of_next = (
        np.square(by_unit[:, some] @ np.roll(by_unit, -step, axis=0).swapaxes(1, 2)).sum(axis=0) for step in (0, 1)
    )
    copies: npt.NDArray[np.bool_] = own - of_next > max(FREE_SIGNS.alike * units, FREE_SIGNS.noise * units**0.5)
    return copies
