"""Truncated: one side's matrices have a lower rank, and are the other side's with the smallest directions left out.

The reconstruction is carried out: the fuller side, projected on the space that the other side is left with, must give
it to within rounding.
"""

from __future__ import annotations

from collections.abc import Sequence

from lineage_audit.comparison.operations.delta.difference import Difference
from lineage_audit.comparison.operations.delta.matrices import ROLES, MatrixPair, Projection
from lineage_audit.comparison.operations.directed import DirectedOperation, directed
from lineage_audit.comparison.verdict.thresholds import TRUNCATED
from lineage_audit.sizes import plural


def find_truncation(difference: Difference) -> DirectedOperation | None:
    """Name the roles whose ranks were cut, and the ranks that are left."""
    changed = difference.changed
    for name, other, shows in (("B", "A", "a->b"), ("A", "B", "b->a")):
        cut = [pair for pair in changed if _is_cut(pair.projection_of_a if name == "B" else pair.projection_of_b)]
        if cut and len(cut) >= TRUNCATED.fitting * len(changed):
            ranks = [_of(pair, name) for pair in cut]
            detail = f"{name}'s {_roles(cut)} keep {_range([one.rank for one in ranks])} directions of {other}'s"
            detail += f" {_range([one.of for one in ranks])}"
            left = max(one.left for one in ranks)
            evidence = f"{other} projected on them gives {name} to within {left:.2%} in {plural(len(cut), 'matrix')}"
            return directed("low-rank-truncated", detail, evidence, "a->b" if shows == "a->b" else "b->a")
    return None


def _of(pair: MatrixPair, name: str) -> Projection:
    found = pair.projection_of_a if name == "B" else pair.projection_of_b
    assert found is not None, "a matrix that was cut was projected"
    return found


def _is_cut(found: Projection | None) -> bool:
    return found is not None and found.rank < TRUNCATED.lower * found.of and found.left <= TRUNCATED.left


def _roles(pairs: Sequence[MatrixPair]) -> str:
    return ", ".join(role for role in ROLES if any(pair.role == role for pair in pairs))


def _range(numbers: Sequence[int]) -> str:
    return f"{min(numbers)}" if min(numbers) == max(numbers) else f"{min(numbers)} to {max(numbers)}"
