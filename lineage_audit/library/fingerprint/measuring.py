"""Two fingerprints as the comparator takes any two models: sketches that belong together become measured tensors.

What is sketched of a tensor is a smaller one that stands the way round it does: a row for each sketched row of gate,
up, v, k and q (of q the sum over a group's heads), a column for each sketched column of down and o, and across them the
numbers of the sketches. Vectors are as long as in the model, and each stands for as many as were not sketched.

Negating a vector negates its sketch exactly, and numbers of sketched units are those of the units, so the tests hold
word for word. Levels hide small differences and exaggerate them in the mean; what quantisation does to the cosines of
a tensor is read off their sizes alone, one factor for all of it, so that no sign enters there either.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from lineage_audit.checkpoint.role_table import WRITERS
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import TensorRef
from lineage_audit.comparison.alignment.maps import ResidualMap
from lineage_audit.comparison.evidence.base import WeightComparison, standardised
from lineage_audit.comparison.pairing.tensors import TensorPair, numbers
from lineage_audit.comparison.reading.measurement import (
    Agreement,
    DoubleArray,
    Measurement,
    measure_values,
    place_of,
)
from lineage_audit.comparison.reading.plan import Reading
from lineage_audit.comparison.reading.sketched import Axis, Sketched
from lineage_audit.library.fingerprint.distance import relative_distance
from lineage_audit.library.fingerprint.head_layouts import sketched_heads
from lineage_audit.library.fingerprint.parameters import SCHEME
from lineage_audit.library.fingerprint.projection import FloatArray, as_unit_rows
from lineage_audit.library.fingerprint.values import Gain, Levels
from lineage_audit.library.fingerprint.vectors import SKETCHED, Correspondence, LayerPair, Part

_EMBEDDED = 1e-3
"""Size of a channel over token sums: sketches do not say how large embeddings are, so they weigh nothing in sums."""

_QUANTISED = (0.9, 1.1)
"""What quantisation may do to cosines; anything beyond is chance in a few vectors."""


def compare_sketches(found: Correspondence, residual: ResidualMap, setting: WeightComparison) -> WeightComparison:
    """Measure everything in B that has a counterpart in A.

    Args:
        found: what belongs together.
        residual: how B's channels come from A's.
        setting: what the tests need to know of the two models.
    """
    measured = [*_matrices(found), *_embeddings(found, residual), *_gains(found, residual)]
    return replace(
        setting,
        measurements={place_of(one.pair): one for one in measured},
        heads=sketched_heads(found, setting.heads),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """Sketches of some vectors of one tensor, ``[vectors, numbers]``, and the norms of the vectors."""

    tensor: TensorRef
    levels: Levels
    sizes: npt.NDArray[np.float32]

    def scaled(self, sizes: npt.NDArray[np.float32]) -> FloatArray:
        """The sketches as vectors of these sizes."""
        return as_unit_rows(self.levels) * sizes[:, None]


def _matrices(found: Correspondence) -> Iterator[Measurement]:
    for pair in found.pairs:
        for part, role in SKETCHED:
            yield from _of_role(found, pair, part, role)


def _of_role(found: Correspondence, pair: LayerPair, part: Part, role: Role) -> Iterator[Measurement]:
    """A role of a layer of B; each of its experts alone."""
    block_a, block_b, match = found.a.block(pair.a, part), found.b.block(pair.b, part), pair.match(part)
    levels_a = found.a.levels(pair.a, part, role, found.basis)
    levels_b = found.b.levels(pair.b, part, role, found.basis)
    tensors_a, tensors_b = found.a.tensors(pair.a, role), found.b.tensors(pair.b, role)
    looked_at = tensors_b[: SCHEME.experts] if part == "units" else tensors_b[:1]
    if (block_a is None or block_b is None or match is None or levels_a is None or levels_b is None) or not (
        tensors_a and looked_at
    ):
        return
    sizes_a, sizes_b = _known_sizes(block_a.roles[role].sizes[match.a], block_b.roles[role].sizes[match.b])
    expert = block_b.numbers[match.b] // max(1, block_b.size // len(looked_at))
    parameters = sum(tensor.size for tensor in tensors_b) // len(looked_at)
    times = block_b.size / max(1, len(block_b.numbers)) * len(tensors_b) / len(looked_at)
    for number, tensor in enumerate(looked_at):
        own = np.flatnonzero(expert == number)
        if len(own):
            yield _measured(
                _Side(tensors_a[0], levels_a[match.a[own]], sizes_a[own]),
                _Side(tensor, levels_b[match.b[own]], sizes_b[own]),
                parameters,
                times,
            )


def _known_sizes(
    a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """The sizes of both; where those of one were not read it is taken to be as large as the other, or one."""
    of_a, of_b = (side if side.any() else None for side in (a, b))
    ones = np.ones(len(b), np.float32)
    first = of_a if of_a is not None else of_b if of_b is not None else ones
    return first, of_b if of_b is not None else first


def _measured(a: _Side, b: _Side, parameters: int, times: float) -> Measurement:
    """Measure vectors that belong together.

    Args:
        a: A's vectors.
        b: B's.
        parameters: parameters of B that they stand for.
        times: how many vectors of B each stands for.
    """
    across = b.tensor.role in WRITERS
    scale = np.float32(times**0.5)
    sides = [side.scaled(scale * side.sizes) for side in (a, b)]
    values_a, values_b = (np.ascontiguousarray(side.T) if across else side for side in sides)
    raw = _of_values(a.tensor, b.tensor, values_a, values_b, kept=0 if across else len(values_b))
    axis: Axis = "rows" if across else "columns"
    return _as_sketches(raw, _undone(a, b), Sketched(axis, parameters))


def _of_values(a: TensorRef, b: TensorRef, values_a: FloatArray, values_b: FloatArray, kept: int) -> Measurement:
    """Measure numbers that are at hand as a tensor of their shape."""
    everyone = numbers(len(values_b))
    pair = TensorPair(replace(a, shape=values_a.shape), replace(b, shape=values_b.shape), everyone, everyone)
    return measure_values(Reading(pair, everyone, kept), (values_a, values_b), (values_a, values_b))


def _undone(a: _Side, b: _Side) -> float:
    """The factor by which quantisation made cosines smaller or larger, from their sizes alone."""
    distance = relative_distance(a.levels, b.levels, SCHEME)
    cosines = np.abs(np.einsum("ij,ij->i", as_unit_rows(a.levels), as_unit_rows(b.levels), dtype=np.float64))
    weights = a.sizes.astype(np.float64) * b.sizes
    seen = float((cosines * weights).sum())
    if distance is None or seen <= 0.0:
        return 1.0
    return float(np.clip((1.0 - distance**2 / 2.0) * float(weights[cosines > 0].sum()) / seen, *_QUANTISED))


def _as_sketches(raw: Measurement, factor: float, sketched: Sketched) -> Measurement:
    """What sketches say of the weights: nothing of which is equal, and cosines as they are without quantisation."""
    rows, columns = _times(raw.rows, factor), _times(raw.columns, factor)
    return replace(
        raw,
        rows=rows,
        columns=columns,
        delta_squared=max(0.0, float(rows.aa.sum() + rows.bb.sum() - 2.0 * rows.dot.sum())),
        equal=0,
        comparable=0,
        copied=0,
        chance_copied=None,
        rounded=None,
        sketched=sketched,
    )


def _times(agreement: Agreement, factor: float) -> Agreement:
    return replace(agreement, dot=agreement.dot * factor)


def _embeddings(found: Correspondence, residual: ResidualMap) -> Iterator[Measurement]:
    """Every channel over the token sums, as an embedding of so many tokens; none where channels were rotated."""
    a, b = found.a.fingerprint, found.b.fingerprint
    tensors = found.a.tensors(None, Role.EMBED), found.b.tensors(None, Role.EMBED)
    if a.embedding is None or b.embedding is None or not all(tensors) or not residual.joins(a.width, b.width):
        return
    values_a, values_b = (_over_tokens(levels) for levels in (a.embedding, b.embedding))
    if residual.kind == "rotation":
        return
    values_a = residual.aligned_a(values_a)
    raw = _of_values(tensors[0][0], tensors[1][0], values_a, values_b, kept=len(values_b))
    yield _as_sketches(raw, 1.0, Sketched("rows", 1))


def _over_tokens(levels: Levels) -> FloatArray:
    """Channels as columns over the token sums, centred over them as they were before they were quantised."""
    columns = as_unit_rows(levels)
    return np.ascontiguousarray((columns - columns.mean(axis=1, keepdims=True)).T) * np.float32(_EMBEDDED)


def _gains(found: Correspondence, residual: ResidualMap) -> Iterator[Measurement]:
    """Gains of the norms that belong together, as vectors; a rotation takes them along."""
    a, b = found.a.fingerprint, found.b.fingerprint
    if residual.kind == "rotation" or not residual.joins(a.width, b.width):
        return
    of_a = {(gain.role, gain.layer): gain for gain in a.gains}
    layer_in_a: dict[int | None, int | None] = {None: None, **{pair.b: pair.a for pair in found.pairs}}
    for gain in b.gains:
        other = of_a.get((gain.role, layer_in_a[gain.layer])) if gain.layer in layer_in_a else None
        if other is None or len(other.levels) != a.width or len(gain.levels) != b.width:
            continue
        tensors = found.a.tensors(other.layer, gain.role), found.b.tensors(gain.layer, gain.role)
        if all(tensors):
            values_a, values_b = _values(other), _values(gain)
            values_a = values_a if residual.channels is None else values_a[residual.channels]
            raw = _of_values(tensors[0][0], tensors[1][0], values_a, values_b, kept=len(values_b))
            yield _as_sketches(raw, 1.0, Sketched(None, b.width))


def _values(gain: Gain) -> FloatArray:
    """A norm's gains to within the steps of their levels; centred and of unit variance where no moments are stated."""
    levels: DoubleArray = standardised(gain.levels)
    values = levels if gain.mean is None or gain.deviation is None else gain.mean + gain.deviation * levels
    return values.astype(np.float32)
