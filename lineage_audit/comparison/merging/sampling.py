"""A bounded number of elements of every place, as deltas from the base."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lineage_audit.checkpoint.reading import RowRequest
from lineage_audit.comparison.alignment.spreading import spread_places
from lineage_audit.comparison.merging.members import CommonPlace, Members
from lineage_audit.comparison.merging.patterns import Sample
from lineage_audit.comparison.reading.finite import zero_where_unusable

_SAMPLED_ELEMENTS = 3_000_000
"""Elements read of each model for all places together: with three parents about 150 MB of doubles."""

_LEAST_A_PLACE = 2048


def sample_places(members: Members, places: Sequence[CommonPlace]) -> tuple[Sample, ...]:
    """Read evenly spread rows of every place whose weights are matrices; the members must have a base."""
    matrices = [number for number, place in enumerate(places) if len(place.child.shape) > 1]
    share = max(_LEAST_A_PLACE, _SAMPLED_ELEMENTS // max(1, len(matrices)))
    return tuple(_sample(members, places[number], number, share) for number in matrices)


def _sample(members: Members, place: CommonPlace, number: int, elements: int) -> Sample:
    rows = place.child.shape[0]
    width = place.child.size // rows
    wanted = min(rows, max(1, elements // width))
    chosen = spread_places(rows, wanted)
    models = (members.child, *members.sources)
    tensors = (place.child, *place.sources)
    child, *parents, base = (
        zero_where_unusable(model.read([RowRequest(tensor, chosen)])[0]).ravel().astype(np.float64)
        for model, tensor in zip(models, tensors, strict=True)
    )
    deltas = np.stack([parent - base for parent in parents])
    return Sample(number, child - base, deltas, base, place.child.dtype)
