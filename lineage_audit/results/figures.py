"""What only a picture of a comparison needs, as plain frozen values: spreads, grids, spectra."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

NullFamily = Literal["sign-sum", "fixed-points"]
Stage = Literal["in-place", "moved"]


@dataclass(frozen=True, slots=True)
class NullSpread:
    """How the statistic of a test is spread among independent trainings.

    Attributes:
        family: ``sign-sum`` for a sum of terms whose signs are fair random signs: mean 0, and p is at most exp(-t²/2)
            at t standard deviations; ``fixed-points`` for a count of units that keep their number, one expected a
            block.
        scale: the standard deviation of the sum, or the expected count.
    """

    family: NullFamily
    scale: float


@dataclass(frozen=True, slots=True)
class RoleLayer:
    """What the matrices of one role have in common in one layer of B, experts together."""

    role: str
    layer: int
    correlation: float


@dataclass(frozen=True, slots=True)
class LayerPairs:
    """Every layer of B held against every layer of A that was read.

    Attributes:
        a: layers of A, in order.
        b: layers of B, in order.
        cosines: ``[b][a]``, the mean cosine of rows with the same number (after the search, of rows that it matched).
    """

    a: tuple[int, ...]
    b: tuple[int, ...]
    cosines: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class DeltaSpectrum:
    """Singular values of one matrix's delta.

    Attributes:
        role: the matrix's role.
        layer: its layer in B.
        values: the largest ones, falling, as shares of the size (Frobenius norm) of A's matrix.
        edge: largest one that rounding alone gives, as such a share.
        rank: the rank that the operation states.
    """

    role: str
    layer: int
    values: tuple[float, ...]
    edge: float
    rank: int


@dataclass(frozen=True, slots=True)
class ExplainedStage:
    """How much of B A explains, number by number (``in-place``) or after what the search found (``moved``).

    Attributes:
        stage: what had been done to A.
        compared_share: share of B's parameters that had a counterpart in A.
        explained_variance: parameter-weighted squared correlation over those.
    """

    stage: Stage
    compared_share: float
    explained_variance: float
