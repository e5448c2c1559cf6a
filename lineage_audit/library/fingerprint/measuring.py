"""Two fingerprints as the comparator takes any two models: sketches that belong together become measured tensors.

What is sketched of a tensor is a smaller one that stands the way round it does: a row for each sketched row of gate,
up, v, k and q (of q the sum over a group's heads), a column for each sketched column of down and o, and across them the
numbers of the sketches. Vectors are as long as in the model, and each stands for as many as were not sketched.

Negating a vector negates its sketch exactly, and numbers of sketched units are those of the units, so the tests hold
word for word. Levels hide small differences and exaggerate them in the mean; what quantisation does to the cosines of
a tensor is read off their sizes alone, one factor for all of it, so that no sign enters there either.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import replace

from lineage_audit.checkpoint.role_table import WRITERS
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import IntArray, TensorRef
from lineage_audit.comparison.alignment.factors import Factors
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
from lineage_audit.library.fingerprint.vectors import SKETCHED, Basis, Correspondence, Part, UnitVectors

_EMBEDDED = 1e-3
"""Size of a channel over token sums: sketches do not say how large embeddings are, so they weigh nothing in sums."""

_NO_FACTORS = Factors()

_QUANTISED = (0.9, 1.1)
"""What quantisation may do to cosines; anything beyond is chance in a few vectors."""


def compare_sketches(
    found: Correspondence, residual: ResidualMap, setting: WeightComparison, factors: Factors = _NO_FACTORS
) -> WeightComparison:
    """Measure everything in B that has a counterpart in A.

    Args:
        found: what belongs together.
        residual: how B's channels come from A's.
        setting: what the tests need to know of the two models.
        factors: what A's units are multiplied by.
    """
    measured = [*_matrices(found, factors), *_embeddings(found, residual), *_gains(found, residual)]
    return replace(
        setting,
        measurements={place_of(one.pair): one for one in measured},
        heads=sketched_heads(found, setting.heads),
    )


class _Side(Struct, frozen=True, eq=False):
    """Sketches of some vectors of one role in a layer of one model.

    Attributes:
        tensors: the model's own tensors of that role there; experts have one each.
        numbers: number of each vector in the layer.
        levels: the sketches, ``[vectors, numbers]``.
        sizes: the norms of the vectors.
        share: how many vectors of the layer each sketched one stands for.
        each: vectors of the layer in each of the tensors.
    """

    tensors: Sequence[TensorRef]
    numbers: IntArray
    levels: Levels
    sizes: npt.NDArray[np.float32]
    share: float
    each: int

    @property
    def parameters(self) -> int:
        """Parameters of the role in the layer."""
        return sum(tensor.size for tensor in self.tensors)

    @property
    def vectors(self) -> FloatArray:
        """The sketches as vectors as long as they are in the model, and as heavy as all that they stand for."""
        return as_unit_rows(self.levels) * (np.float32(self.share**0.5) * self.sizes)[:, None]

    def take(self, chosen: IntArray) -> _Side:
        """Some of the vectors."""
        return replace(self, numbers=self.numbers[chosen], levels=self.levels[chosen], sizes=self.sizes[chosen])


def _side(vectors: UnitVectors, layer: int, part: Part, role: Role, basis: Basis, chosen: IntArray) -> _Side | None:
    """The chosen vectors of a role; None where the model has none there."""
    block, levels = vectors.block(layer, part), vectors.levels(layer, part, role, basis)
    tensors = vectors.tensors(layer, role)
    if block is None or levels is None or not tensors:
        return None
    sketched = min(len(tensors), SCHEME.experts) if part == "units" else 1
    return _Side(
        tensors=tensors,
        numbers=block.numbers[chosen],
        levels=levels[chosen],
        sizes=block.roles[role].sizes[chosen],
        share=block.size / max(1, len(block.numbers)) * len(tensors) / sketched,
        each=max(1, block.size // sketched),
    )


def _matrices(found: Correspondence, factors: Factors) -> Iterator[Measurement]:
    for pair in found.pairs:
        for part, role in SKETCHED:
            match = pair.match(part)
            if match is None:
                continue
            a = _side(found.a, pair.a, part, role, found.basis, match.a)
            b = _side(found.b, pair.b, part, role, found.basis, match.b)
            if a is not None and b is not None:
                yield from _of_role(*_as_heavy(*_of_known_sizes(a, b)), factors)


def _of_role(a: _Side, b: _Side, factors: Factors) -> Iterator[Measurement]:
    """A role of a layer of B; each of its experts alone."""
    expert = b.numbers // b.each
    present = [(number, tensor) for number, tensor in enumerate(b.tensors) if (expert == number).any()]
    for number, tensor in present:
        own = np.flatnonzero(expert == number)
        yield _measured(a.take(own), b.take(own), tensor, b.parameters // len(present), factors)


def _of_known_sizes(a: _Side, b: _Side) -> tuple[_Side, _Side]:
    """Both with sizes; where those of one were not read it is taken to be as large as the other, or of length one."""
    known = [side.sizes for side in (a, b) if side.sizes.any()] or [np.ones(len(b.sizes), np.float32)]
    return replace(a, sizes=known[0]), replace(b, sizes=known[-1])


def _as_heavy(a: _Side, b: _Side) -> tuple[_Side, _Side]:
    """Both standing for as many vectors: of one model all may have been sketched, of the other some."""
    share = max(a.share, b.share)
    return replace(a, share=share), replace(b, share=share)


def _measured(a: _Side, b: _Side, tensor: TensorRef, parameters: int, factors: Factors) -> Measurement:
    """Measure vectors that belong together.

    Args:
        a: A's vectors.
        b: B's.
        tensor: the tensor of B that they are of.
        parameters: parameters of B that they stand for.
        factors: what A's units are multiplied by.
    """
    across = tensor.role in WRITERS
    values_a, values_b = (np.ascontiguousarray(side.vectors.T) if across else side.vectors for side in (a, b))
    rows, columns = (by_place.get(tensor.key) for by_place in (factors.rows, factors.columns))
    values_a = values_a if rows is None else values_a * rows[:, None]
    values_a = values_a if columns is None else values_a * columns
    raw = _of_values(a.tensors[0], tensor, values_a, values_b, kept=0 if across else len(values_b))
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
