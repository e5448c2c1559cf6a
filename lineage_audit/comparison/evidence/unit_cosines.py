"""Cosines of all units of one model with all of another, among which zeros in the same places tell no one apart.

A mask, a block-diagonal matrix or padded heads leave zeros where they are, in two strangers alike. A unit then shares
more elements with the one of its own number than with any other, and would find it by that alone. Where zeros agree
beyond chance, cosines are taken over what both units have, and only units that share enough of it count as rivals.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lineage_audit.comparison.evidence.base import unit_rows

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]

_FEWEST_SHARED = 16
"""Elements that two units must share to be rivals; cosines over fewer are near one by chance."""

_TELLING = 0.02
"""Share of elements that are zero in both models, beyond what units of other numbers have, from which zeros tell."""

_ORDERS = 4
"""Wrong orders that tell how many zeros agree by chance."""


@dataclass(frozen=True, slots=True, eq=False)
class UnitCosines:
    """Cosines of B's units with A's.

    Attributes:
        values: sums of cosines ``[B's units, A's units]``; 0 where two are no rivals.
        rivals: which of A's units each of B's may be taken for, ``[B's units, A's units]``.
    """

    values: FloatArray
    rivals: BoolArray

    def __add__(self, other: UnitCosines) -> UnitCosines:
        """The sums over the vectors of both, for the units that are rivals in both."""
        rivals = self.rivals & other.rivals
        return UnitCosines(np.where(rivals, self.values + other.values, np.float32(0)), rivals)

    @property
    def sizes(self) -> UnitCosines:
        """The same without their signs."""
        return UnitCosines(np.abs(self.values), self.rivals)

    @property
    def by_chance(self) -> float:
        """Units of strangers that match their own number: one of all that may be exchanged with each other."""
        rivals = self.rivals.sum(axis=1)
        return max(1.0, float((1.0 / rivals[rivals > 0]).sum()))


def cosines_of_units(a: FloatArray, b: FloatArray) -> UnitCosines:
    """Cosines of the rows of B with those of A, one row a unit."""
    if not _zeros_tell(a, b):
        return UnitCosines(unit_rows(b) @ unit_rows(a).T, np.ones((len(b), len(a)), np.bool_))
    a, b = unit_rows(a), unit_rows(b)
    in_a, in_b = ((side != 0).astype(np.float32) for side in (a, b))
    lengths = np.sqrt((np.square(b) @ in_a.T) * (in_b @ np.square(a).T))
    rivals = (in_b @ in_a.T >= _FEWEST_SHARED) & (lengths > 0)
    return UnitCosines(np.divide(b @ a.T, lengths, out=np.zeros_like(lengths), where=rivals), rivals)


def _zeros_tell(a: FloatArray, b: FloatArray) -> bool:
    """Whether zeros stand in the same places of units with the same number, more than of others."""
    count = min(len(a), len(b))
    zeros_a, zeros_b = a[:count] == 0, b[:count] == 0
    if min(zeros_a.mean(), zeros_b.mean()) < _TELLING:
        return False
    random = np.random.default_rng(0)
    by_chance = [(zeros_a & zeros_b[random.permutation(count)]).mean() for _ in range(_ORDERS)]
    return bool((zeros_a & zeros_b).mean() - np.mean(by_chance) > _TELLING)
