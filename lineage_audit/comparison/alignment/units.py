"""FFN units: matched by the size of the cosines of their gate rows (up rows where there is no gate).

Up and down are left for verification: a sign flip changes neither the sizes of gate cosines nor what is chosen by
them, so the sign test on up and down stays exact. B may have fewer units than A, never more.
"""

from __future__ import annotations

import numpy as np

from lineage_audit.checkpoint.tensors import IntArray
from lineage_audit.comparison.alignment.basis import SharedBasis
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.alignment.maps import FloatArray, UnitMap
from lineage_audit.comparison.assignment import assign, clear_lead, mean_lead
from lineage_audit.comparison.kernels import active_kernel

CLEAR_LEAD = 0.1
"""Mean lead of the matched |cosine| over the second best at which an order counts as found; noise never has it."""


def match_units(
    a: CanonicalWeights,
    b: CanonicalWeights,
    place: tuple[int, int | None],
    source: tuple[int, int | None],
    basis: SharedBasis,
) -> UnitMap | None:
    """Match the units of one FFN of B with those of one FFN of A; None unless the match is clear."""
    rows_a = a.matrix(a.proposing_role(*source), *source)
    rows_b = b.matrix(b.proposing_role(*place), *place)
    if rows_a is None or rows_b is None or len(rows_b) > len(rows_a):
        return None
    sizes = active_kernel().product_sizes(basis.own(rows_b), basis.image(rows_a))
    own = _own_numbers(sizes)
    if own is not None:
        return UnitMap(*source, own, mean_lead(sizes), float(sizes[np.arange(len(own)), own].mean()))
    lead = mean_lead(sizes)
    if lead < clear_lead(CLEAR_LEAD, basis.width):
        return None
    units = assign(sizes)
    return UnitMap(*source, units, lead, float(sizes[np.arange(len(units)), units].mean()))


def _own_numbers(sizes: FloatArray) -> IntArray | None:
    """The plain order, where most units best match their own number."""
    if sizes.shape[0] != sizes.shape[1]:
        return None
    numbers = np.arange(len(sizes))
    return numbers if bool((sizes.argmax(axis=1) == numbers).mean() > 0.5) else None
