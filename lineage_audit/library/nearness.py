"""Which relative comes first: by what it leaves unexplained, and siblings after the model that both come from.

A fine-tune of the subject's parent can lie nearer to the subject than the parent does, since trainings of one base
drift alike at first. What a later stage of training adds is nearly orthogonal to what an earlier one added, so a
nearer model X is taken for a sibling, and put right behind Y, where the step from Y to X and the step from X to the
subject point the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lineage_audit.comparison.verdict.thresholds import TREES

_LOOKED_AT = 4
"""Nearest relatives among which siblings are looked for."""

_EQUAL_DIGITS = 3
"""Decimals of a distance; what differs beyond them is equal."""

Distance = Callable[[int, int], float | None]
"""Distance of two relatives by their positions, or None."""


def order_of(distances: Sequence[float], between: Distance) -> list[int]:
    """Positions of relatives in the order in which they are named.

    Args:
        distances: the subject's distance to each; equal ones keep the order in which they are given.
        between: their distance from each other; asked for few.
    """
    order = sorted(range(len(distances)), key=lambda position: round(distances[position], _EQUAL_DIGITS))
    front = order[:_LOOKED_AT]
    for x in front:
        for y in front:
            if order.index(x) < order.index(y) and _is_sibling(x, y, distances, between):
                order.remove(x)
                order.insert(order.index(y) + 1, x)
    return order


def _is_sibling(x: int, y: int, distances: Sequence[float], between: Distance) -> bool:
    """Tell whether X, nearer than Y but hardly, looks like another child of Y."""
    near, far = distances[x], distances[y]
    if not 0.0 < near < far or near < TREES.sibling_as_far * far:
        return False
    step = between(x, y)
    if not step:
        return False
    return (far**2 - near**2 - step**2) / (2 * step * near) >= TREES.same_way
