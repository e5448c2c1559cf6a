"""FFN units: matched by the size of the cosines of their gate rows (up rows where there is no gate).

Up and down are left for verification: a sign flip changes neither the sizes of gate cosines nor what is chosen by
them, so the sign test on up and down stays exact. B may have fewer units than A, never more.
"""

from __future__ import annotations

import numpy as np

from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import IntArray
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.alignment.maps import FloatArray, ResidualMap, UnitMap
from lineage_audit.comparison.assignment import assign, clear_lead, mean_lead
from lineage_audit.comparison.evidence.base import unit_rows

CLEAR_LEAD = 0.1
"""Mean lead of the matched |cosine| over the second best at which an order counts as found; noise never has it."""


def proposing_role(weights: CanonicalWeights, layer: int, expert: int | None) -> Role:
    """The role whose rows propose: gate where the FFN is gated."""
    return Role.GATE if weights.find(Role.GATE, layer, expert) else Role.UP


def match_units(
    a: CanonicalWeights,
    b: CanonicalWeights,
    place: tuple[int, int | None],
    source: tuple[int, int | None],
    residual: ResidualMap,
) -> UnitMap | None:
    """Match the units of one FFN of B with those of one FFN of A; None unless the match is clear."""
    rows_a = a.matrix(proposing_role(a, *source), *source)
    rows_b = b.matrix(proposing_role(b, *place), *place)
    if rows_a is None or rows_b is None or len(rows_b) > len(rows_a):
        return None
    sizes = cosine_sizes(rows_b, residual.image(rows_a))
    own = _own_numbers(sizes)
    if own is not None:
        return UnitMap(*source, own, mean_lead(sizes), float(sizes[np.arange(len(own)), own].mean()))
    lead = mean_lead(sizes)
    if lead < clear_lead(CLEAR_LEAD, rows_b.shape[1]):
        return None
    units = assign(sizes)
    return UnitMap(*source, units, lead, float(sizes[np.arange(len(units)), units].mean()))


def cosine_sizes(rows_b: FloatArray, rows_a: FloatArray) -> FloatArray:
    """Absolute cosines ``[B's rows, A's rows]``."""
    sizes: FloatArray = np.abs(unit_rows(rows_b) @ unit_rows(rows_a).T)
    return sizes


def _own_numbers(sizes: FloatArray) -> IntArray | None:
    """The plain order, where most units best match their own number."""
    if sizes.shape[0] != sizes.shape[1]:
        return None
    numbers = np.arange(len(sizes))
    return numbers if bool((sizes.argmax(axis=1) == numbers).mean() > 0.5) else None
