"""What the layers of one layout of query and key heads give to the test of their signs; and those of latent attention.

In latent attention each head has keys of its own without position, which are made of the compressed keys and values,
and all heads share one rotated key. Nothing stands between a dimension without position in a query and the one in its
key, so that both may be negated; a rotated pair may be with the same pair of every head's query.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import replace

from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.evidence.base import WeightComparison
from lineage_audit.comparison.evidence.copies import are_distinct, origins, random_signs_of
from lineage_audit.comparison.evidence.sign_sums import CosineTerm, SignTerms, row_term, sum_cosines
from lineage_audit.comparison.reading.measurement import FloatArray, Measurement
from lineage_audit.comparison.symmetries.geometry import LatentHeads


class KeyLayout(Struct, frozen=True, eq=False):
    """What the layers of one head layout give: sums, the layers of A they were held against, and marks of k."""

    terms: Sequence[SignTerms]
    sources: Sequence[int | None]
    elements: int
    vectors: tuple[list[FloatArray], list[FloatArray]]


def measure_latent(comparison: WeightComparison) -> KeyLayout | None:
    """The units of latent attention in every layer that has it; None without any, or where its heads are not known."""
    heads = comparison.latent
    found = [
        (layer, key)
        for layer, _ in comparison.places(Role.K_B)
        if (key := comparison.find(Role.K_B, layer)) is not None
    ]
    if heads is None or not found or any(len(key.pair.b.shape) != 2 for _, key in found):
        return None
    keys = [key for _, key in found]
    copies = origins(keys)
    own = [are_distinct(key, origin, number) for number, (key, origin) in enumerate(zip(keys, copies, strict=True))]
    terms, sources, elements = [], [], 0
    for (layer, key), origin in zip(found, copies, strict=True):
        used = _measured(comparison, layer, heads)
        summed = sum_cosines(layer, heads.count * heads.plain + heads.rotated // 2, [one for _, one in used])
        terms.append(replace(summed, random_signs=random_signs_of(origin, len(summed.values))))
        sources.append(key.pair.a.layer)
        elements += sum(measured.elements for measured, _ in used)
    vectors = tuple(
        [getattr(key.marks, side)[mine] for key, mine in zip(keys, own, strict=True)] for side in ("a", "b")
    )
    return KeyLayout(terms, sources, elements, (vectors[0], vectors[1]))


def _measured(comparison: WeightComparison, layer: int, heads: LatentHeads) -> list[tuple[Measurement, CosineTerm]]:
    """The rows of queries, of the heads' keys and of the shared key, each with the number of its unit."""
    width = heads.plain + heads.rotated
    found = []
    for role, rows, units in (
        (Role.Q_B, heads.count * width, _units_of_queries(heads)),
        (Role.Q, heads.count * width, _units_of_queries(heads)),
        (Role.K_B, heads.count * heads.plain, np.arange(heads.count * heads.plain)),
        (Role.K_ROPE, heads.rotated, heads.count * heads.plain + np.arange(heads.rotated) // 2),
    ):
        measured = comparison.find(role, layer)
        if measured is not None and measured.pair.b.shape[0] == rows:
            found.append((measured, row_term(measured, units[measured.positions])))
    return found


def _units_of_queries(heads: LatentHeads) -> npt.NDArray[np.int64]:
    """For each row of a query its head's own dimension, or the pair that all heads share."""
    plain = np.arange(heads.count)[:, None] * heads.plain + np.arange(heads.plain)
    shared = heads.count * heads.plain + np.arange(heads.rotated) // 2
    return np.concatenate([plain, np.broadcast_to(shared, (heads.count, heads.rotated))], axis=1).ravel()
