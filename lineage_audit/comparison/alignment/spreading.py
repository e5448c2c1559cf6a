"""Some of many: which layers, FFNs, rows or units are looked at where all would be too many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from lineage_audit.checkpoint.tensors import IntArray

_Item = TypeVar("_Item")

LAYER_PATTERNS: tuple[tuple[int, tuple[int, ...]], ...] = (
    (1, (0,)),
    (3, (0, 1)),
    (7, (0, 1, 3)),
    (13, (0, 1, 3, 9)),
    (21, (3, 6, 7, 12, 14)),
    (31, (1, 5, 11, 24, 25, 27)),
    (57, (1, 6, 7, 9, 19, 38, 42, 49)),
)
"""(period, residues): perfect difference sets (Singer 1938), so that layers that were shifted still overlap.

Certificates stand on this table: another one would make those that were written before unverifiable.
"""


def spread(items: Sequence[_Item], most: int) -> list[_Item]:
    """At most so many of the items, in their order, the first and the last among them."""
    return [items[place] for place in spread_places(len(items), most)]


def spread_places(count: int, most: int) -> IntArray:
    """At most so many of the numbers below ``count``, spread evenly and rounded, the first and last included."""
    return np.unique(np.linspace(0, max(0, count - 1), min(count, most)).round().astype(np.int64))


def spread_numbers(count: int, most: int) -> IntArray:
    """As ``spread_places``, but rounded down: what certificates draw."""
    return np.unique(np.linspace(0, max(0, count - 1), min(count, most)).astype(np.int64))
