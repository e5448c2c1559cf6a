"""The difference between two related models as the kinds are given it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from lineage_audit.comparison.evidence.base import WeightComparison
from lineage_audit.comparison.operations.delta.matrices import MatrixPair
from lineage_audit.comparison.operations.directed import DirectedOperation


class Difference(Struct, frozen=True, eq=False):
    """What was measured of the difference between aligned A and B.

    Attributes:
        comparison: sums over all tensors that were read.
        matrices: some whole matrices, or windows on them; empty where none could be read.
        size: size of B - A over the size of A, in the related matrices.
    """

    comparison: WeightComparison
    matrices: Sequence[MatrixPair]
    size: float

    @property
    def changed(self) -> list[MatrixPair]:
        """The matrices that differ by more than rounding."""
        return [pair for pair in self.matrices if pair.is_changed]


Kind = Callable[[Difference], DirectedOperation | None]
"""Names a difference, or gives None where it is not of that kind."""


def said_as_share(size: float) -> str:
    """A size in percent, for a sentence."""
    return f"{size:.2%}" if size < 0.1 else f"{size:.0%}"
