"""How far two fingerprints agree as they stand, number by number: what a disguise disturbs and training hardly does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from lineage_audit.comparison.evidence.base import unit_rows
from lineage_audit.library.fingerprint import Fingerprint

DoubleArray = npt.NDArray[np.float64]
_Key = tuple[int, str, str]
_Held = tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]


def disorder(fingerprints: Sequence[Fingerprint]) -> DoubleArray:
    """One less the mean cosine of sketches of the same number, ``[models, models]``; one where nothing compares."""
    held = [dict(_sketches(fingerprint)) for fingerprint in fingerprints]
    found = np.ones((len(held), len(held)))
    for one, first in enumerate(held):
        for other in range(one, len(held)):
            cosines = [_cosine(first[key], held[other][key]) for key in first.keys() & held[other].keys()]
            usable = [cosine for cosine in cosines if cosine is not None]
            if usable:
                found[one, other] = found[other, one] = 1.0 - float(np.mean(usable))
    return found


def _sketches(fingerprint: Fingerprint) -> Iterator[tuple[_Key, _Held]]:
    for layer in fingerprint.layers:
        for part in ("units", "values", "keys"):
            block = getattr(layer, part)
            if block is not None:
                for role, sketches in block.roles.items():
                    yield (
                        (layer.layer, part, str(role)),
                        (block.numbers, unit_rows(sketches.channels.astype(np.float32))),
                    )


def _cosine(one: _Held, other: _Held) -> float | None:
    """Mean cosine of the vectors of the same numbers; None where the two do not hold the same ones."""
    if one[1].shape != other[1].shape or not np.array_equal(one[0], other[0]):
        return None
    return float(np.einsum("ij,ij->i", one[1], other[1]).mean())
