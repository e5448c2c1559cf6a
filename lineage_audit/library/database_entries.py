"""What a library database of fingerprints says of its models, without their fingerprints."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from msgspec import Struct


class Label(Struct, frozen=True):
    """What the library database's keeper says of a model: its name there, family, licence and a note."""

    name: str
    family: str | None = None
    license: str | None = None
    note: str | None = None


class DatabaseEntry(Struct, frozen=True):
    """One model in the database, without its fingerprint; ``width`` counts residual channels, ``units`` FFN units."""

    name: str
    ref: str
    revision: str | None
    digest: str
    scheme: str
    effort: str
    architecture: str
    parameters: int
    width: int
    units: int
    family: str | None
    license: str | None
    note: str | None
    added: str
    bytes: int


class Signatures(Struct, frozen=True, eq=False):
    """Every signature of the current scheme.

    Attributes:
        names: the models.
        shapes: their residual channels and FFN units, int64 ``[models, 2]``.
        values: int8 ``[models, parts, numbers]``.
    """

    names: tuple[str, ...]
    shapes: npt.NDArray[np.int64]
    values: npt.NDArray[np.int8]

    def without(self, names: frozenset[str]) -> Signatures:
        """All but the named ones."""
        if not names:
            return self
        kept = np.array([position for position, name in enumerate(self.names) if name not in names], dtype=np.int64)
        return Signatures(tuple(self.names[position] for position in kept), self.shapes[kept], self.values[kept])
