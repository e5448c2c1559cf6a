"""What the numbers that people quote are made of, of two models, whoever gives it: their weights, or fingerprints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import permutations

import numpy as np
from msgspec import Struct, field

from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.reading.measurement import DoubleArray
from lineage_audit.results import ArchitectureFinding, DifferenceHistogram, TokenizerFinding

CURVE_ROLES = (Role.Q, Role.K, Role.V, Role.O)
"""Roles whose standard deviations people draw over the layers."""

FEWEST_LAYERS = 3
"""Layers from which a curve over them is one."""


class Norm(Struct, frozen=True, eq=False):
    """The gains of one norm in both models, as they are stored."""

    role: Role
    a: DoubleArray
    b: DoubleArray

    @property
    def cosine(self) -> float:
        """Cosine of the two, not centred."""
        return cosine(self.a, self.b)


class Curve(Struct, frozen=True, eq=False):
    """The standard deviations of one role's matrices over the layers, in both models."""

    layers: tuple[int, ...]
    a: DoubleArray
    b: DoubleArray


class Quoted(Struct, frozen=True, eq=False):
    """What was read of two models, by number and not after any alignment.

    Attributes:
        norms: the norms that both have.
        curves: curves by role.
        raw_cosine: cosine of all matrices of the layers, or None.
        wrong_rows: cosines of rows that do not stand in the same place.
        relative_difference: size of the differences over that of A's numbers, or None.
        architecture: how the architectures compare.
        tokenizer: how the tokenizers compare.
        differences: the histogram of the differences, or None where no weight was kept.
    """

    norms: tuple[Norm, ...]
    curves: Mapping[Role, Curve]
    raw_cosine: float | None
    wrong_rows: tuple[float, ...]
    relative_difference: float | None
    architecture: ArchitectureFinding
    tokenizer: TokenizerFinding
    differences: DifferenceHistogram | None = field(default=None)

    @property
    def other_norms(self) -> Iterator[float]:
        """Cosines of A's norms with B's of the same role in other layers."""
        for one, other in permutations(self.norms, 2):
            if one.role == other.role and len(one.a) == len(other.b):
                yield cosine(one.a, other.b)


def cosine(a: DoubleArray, b: DoubleArray) -> float:
    """Cosine of two vectors; 0 where one is zero."""
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / size if size else 0.0
