"""FFN units in another order: matched by the size of the cosines of their gate rows.

Only gate rows (or, without a gate, up rows) propose; up and down are left for verification. The order is accepted
where the matched cosine stands clear of the second best, which noise never does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import IntArray
from lineage_audit.comparison.alignment.assignment import assign
from lineage_audit.comparison.evidence.base import WeightComparison, unit_rows
from lineage_audit.comparison.measurement import Measurement
from lineage_audit.comparison.pairing import TensorPair

CLEAR_LEAD = 0.1
"""Mean lead of the matched |cosine| over the best of the others at which an order is accepted."""

_MOST_UNITS = 4096
"""Units of a layer that are assigned here; the assignment costs their cube."""


@dataclass(frozen=True, slots=True, eq=False)
class UnitOrder:
    """For each FFN unit of B's layer (and expert) the number of A's unit, ``[units]``, and the mean lead."""

    layer: int
    expert: int | None
    a_units: IntArray
    lead: float


def find_unit_orders(comparison: WeightComparison) -> tuple[UnitOrder, ...]:
    """Find FFNs whose units clearly stand in another order."""
    found = []
    for layer, expert in comparison.places(Role.UP):
        proposer = comparison.find(Role.GATE, layer, expert) or comparison.find(Role.UP, layer, expert)
        if proposer and _is_kept_whole(proposer) and len(proposer.kept_b) <= _MOST_UNITS:
            a_units, lead = _assign(proposer)
            moved = int(np.count_nonzero(a_units != np.arange(len(a_units))))
            if lead > CLEAR_LEAD and moved > len(a_units) // 100:
                found.append(UnitOrder(layer, expert, a_units, lead))
    return tuple(found)


def reorder_pairs(comparison: WeightComparison, orders: Iterable[UnitOrder]) -> list[TensorPair]:
    """Pairs of the FFN tensors with A's units in B's order."""
    pairs = []
    for order in orders:
        for role in (Role.GATE, Role.UP):
            measured = comparison.find(role, order.layer, order.expert)
            if measured:
                pair = measured.pair
                pairs.append(replace(pair, a_rows=pair.a_rows[order.a_units]))
        down = comparison.find(Role.DOWN, order.layer, order.expert)
        if down:
            pairs.append(replace(down.pair, a_columns=order.a_units))
    return pairs


def _is_kept_whole(measured: Measurement) -> bool:
    return len(measured.kept_b) == measured.pair.b.shape[0] == len(measured.kept_a)


def _assign(proposer: Measurement) -> tuple[IntArray, float]:
    """Optimal one-to-one assignment on |cosine|, and its mean lead over each unit's best other candidate."""
    sizes = np.abs(unit_rows(proposer.kept_b) @ unit_rows(proposer.kept_a).T)
    everyone = np.arange(len(sizes))
    if len(sizes) < 2 or bool((sizes.argmax(axis=1) == everyone).mean() > 0.5):
        return everyone, 0.0
    top_two = np.partition(sizes, -2, axis=1)[:, -2:]
    if float(np.mean(top_two[:, 1] - top_two[:, 0])) <= CLEAR_LEAD:
        return everyone, 0.0  # no assignment leads by more than the rows' own maxima do
    a_units = assign(sizes)
    matched = sizes[everyone, a_units]
    sizes[everyone, a_units] = 0.0
    return a_units, float(np.mean(matched - sizes.max(axis=1)))
