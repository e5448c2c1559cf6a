"""Vectors of units in double precision: which rows count, whether units lean one way, which are copies of one another.

Everything here looks at sizes alone. Rows that were set rather than trained (identities, masks, padding) say nothing;
units of which both models hold a common direction have no free signs; copies inside either model share one random sign.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from lineage_audit.checkpoint.tensors import IntArray

FloatArray = npt.NDArray[np.float32]
DoubleArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

DIGITS = 6
"""Sizes are rounded to so many digits before the largest is chosen, so that every processor chooses the same one."""

LARGEST = 1e16
"""Numbers from here on are no weights."""

_FEWEST_SIZES = 6
_SAME_SIZE = 1e-4
"""Sizes that a row's numbers must take, relative to the largest: what is set takes one or two."""

_FEWEST_EFFECTIVE = 8.0
"""Numbers that must share a row's length, (Σx²)² / Σx⁴: a row of the identity has one."""

RUN = 16
"""Neighbours of one value other than zero from which on a row was set."""

_LEANING = 8.0
"""Standard deviations from which on units lean one way."""

_COPY = 0.6
"""|cosine| of two units of one model from which on they are copies."""

_BLOCK_COPY = 0.0625
"""Mean squared cosine of rows with the same number, beyond that with the next, from which on two blocks are copies."""


def believed(rows: FloatArray) -> tuple[FloatArray, BoolArray]:
    """The rows, those that hold anything but numbers of a believable size zero; and which do not."""
    believable: BoolArray = np.all(np.abs(rows) < LARGEST, axis=1)
    return np.where(believable[:, None], rows, np.float32(0)), believable


def usable_rows(rows: FloatArray) -> BoolArray:
    """Which rows ``[n, width]`` hold trained numbers."""
    clean, believable = believed(rows)
    values = clean.astype(np.float64)
    largest = np.abs(values).max(axis=1, initial=0.0)
    scaled = np.abs(values) / np.where(largest > 0, largest, 1.0)[:, None]
    sizes = 1 + (np.diff(np.sort(scaled, axis=1), axis=1) > _SAME_SIZE).sum(axis=1)
    squares = np.square(scaled)
    is_spread = np.square(squares.sum(axis=1)) >= _FEWEST_EFFECTIVE * np.square(squares).sum(axis=1)
    usable: BoolArray = believable & (largest > 0) & (sizes >= _FEWEST_SIZES) & is_spread & ~_has_run(values)
    return usable


def _has_run(values: DoubleArray) -> BoolArray:
    """Which rows hold one value other than zero over a run of neighbours."""
    same = (values[:, 1:] == values[:, :-1]) & (values[:, 1:] != 0)
    for _ in range(RUN - 2):
        same = same[:, 1:] & same[:, :-1]
    found: BoolArray = same.any(axis=1)
    return found


def trained(rows: FloatArray) -> DoubleArray:
    """The rows in double precision, those that hold no trained numbers zero."""
    return np.where(usable_rows(rows)[:, None], rows, np.float32(0)).astype(np.float64)


def unit(vectors: DoubleArray) -> DoubleArray:
    """Vectors scaled to length one along the last axis; zero ones stay zero."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: DoubleArray = vectors / np.where(lengths > 0, lengths, 1.0)
    return scaled


def lean(blocks: Iterable[DoubleArray]) -> bool:
    """Whether unit vectors have a direction in common within their blocks, beyond what random signs would give them."""
    common, spread = 0.0, 0.0
    for block in blocks:
        rows = block[block.any(axis=1)]
        products = rows @ rows.T
        common += float(products.sum()) - len(rows)
        spread += 2.0 * max(0.0, float(np.square(products).sum()) - len(rows))
    return bool(spread > 0 and common > _LEANING * spread**0.5)


def copies_among(sizes: DoubleArray) -> IntArray:
    """For each unit the first of those that it is a copy of, directly or through others, from ``[n, n]`` |cosines|."""
    alike = np.round(sizes, DIGITS) >= _COPY
    np.fill_diagonal(alike, True)
    return _components(alike)


def joined_copies(*labels: IntArray) -> IntArray:
    """For each unit the first that shares its random sign, by any of several lists of copies, or through others."""
    return _components(np.logical_or.reduce([own[:, None] == own for own in labels]))


def copied_blocks(blocks_a: Sequence[DoubleArray], blocks_b: Sequence[DoubleArray]) -> IntArray:
    """For each block of unit rows the first that it is a copy of in either model; rows have the same numbers in all.

    Either of the two may be the one whose training treats signs alike, so that copies in either share a random sign.
    """
    count = len(blocks_a)
    alike = np.eye(count, dtype=bool)
    for one in range(count):
        for other in range(one):
            alike[one, other] = alike[other, one] = any(
                _are_copies(blocks[one], blocks[other]) for blocks in (blocks_a, blocks_b)
            )
    return _components(alike)


def _are_copies(one: DoubleArray, other: DoubleArray) -> bool:
    if one.shape != other.shape:
        return False
    own, next_ones = (np.square((one * rows).sum(axis=1)).mean() for rows in (other, np.roll(other, 1, axis=0)))
    return bool(round(float(own - next_ones), DIGITS) >= _BLOCK_COPY)


def _components(alike: BoolArray) -> IntArray:
    """The smallest number that each can be reached from."""
    labels = np.arange(len(alike))
    while True:
        joined = np.where(alike, labels, len(alike)).min(axis=1, initial=len(alike))
        if (joined == labels).all():
            return labels
        labels = joined
