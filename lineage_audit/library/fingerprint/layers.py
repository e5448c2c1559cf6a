"""One layer as sketches: which FFN units, value and key dimensions stand for it, and their vectors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import IntArray, TensorRef
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.alignment.spreading import spread_places
from lineage_audit.comparison.evidence.value_output_signs import value_rows_of_columns
from lineage_audit.comparison.symmetries.geometry import Heads
from lineage_audit.library.fingerprint.parameters import SketchScheme
from lineage_audit.library.fingerprint.projection import FloatArray
from lineage_audit.library.fingerprint.rows import Lens, RawSketches, joined
from lineage_audit.library.fingerprint.values import Block, Fingerprint, LayerSketch

FFN_ROLES = (Role.GATE, Role.UP, Role.DOWN)


class RawBlock(Struct, frozen=True, eq=False):
    """Unquantised sketches of one block, each role in the order of ``numbers``."""

    numbers: IntArray
    size: int
    roles: dict[Role, RawSketches]

    def quantised(self, chosen: IntArray, scheme: SketchScheme) -> Block:
        """Keep some, as levels."""
        roles = {role: part.take(chosen).quantised(scheme) for role, part in self.roles.items()}
        return Block(self.numbers[chosen], self.size, roles)


class RawLayer(Struct, frozen=True, eq=False):
    """Everything that was sketched of a layer, before the units that stand for it are chosen."""

    layer: int
    units: RawBlock | None
    values: RawBlock | None
    keys: RawBlock | None

    def quantised(self, count: int | None, scheme: SketchScheme) -> LayerSketch:
        """Keep ``count`` units (all of them if None) and every dimension."""
        units = self.units
        kept = None
        if units is not None:
            sizes = [part.sizes for part in units.roles.values()]
            kept = standing_for(units.numbers, units.size, sizes, count)
        return LayerSketch(
            self.layer,
            units.quantised(kept, scheme) if units is not None and kept is not None else None,
            self.values.quantised(np.arange(len(self.values.numbers)), scheme) if self.values else None,
            self.keys.quantised(np.arange(len(self.keys.numbers)), scheme) if self.keys else None,
        )


def as_in_file(fingerprint: Fingerprint, scheme: SketchScheme) -> Fingerprint:
    """A fingerprint with the units alone that a file of it holds."""
    count = units_of_each(len(fingerprint.layers), scheme)
    layers = []
    for layer in fingerprint.layers:
        units = layer.units
        if units is not None:
            sizes = [part.sizes for part in units.roles.values()]
            units = units.take(standing_for(units.numbers, units.size, sizes, count))
        layers.append(replace(layer, units=units))
    return replace(fingerprint, layers=tuple(layers))


def units_of_each(layers: int, scheme: SketchScheme) -> int:
    """Units that a file holds of each of so many layers."""
    return min(scheme.units // max(1, layers), scheme.units_in_layer)


def sketch_layer(
    weights: CanonicalWeights, lens: Lens, layer: int, heads: Heads | None, budget: tuple[int, int], *, whole: bool
) -> RawLayer:
    """Sketch one layer.

    Args:
        weights: the model.
        lens: what to project on.
        layer: its number.
        heads: the head layout, or None.
        budget: same-number units, and dimensions.
        whole: read everything; otherwise only the same-number rows.
    """
    units, dimensions = budget
    return RawLayer(
        layer,
        _units(weights, lens, layer, units, whole=whole),
        _values(weights, lens, layer, heads, dimensions, whole=whole),
        _keys(weights, lens, layer, heads, dimensions),
    )


def same_numbers(size: int, count: int) -> IntArray:
    """The units that stand for a width by their numbers: a run in the middle."""
    count = min(size, count)
    start = (size - count) // 2
    return np.arange(start, start + count)


def standing_for(numbers: IntArray, size: int, sizes: Sequence[FloatArray], count: int | None) -> IntArray:
    """Positions of the units that stand for a layer: half by number, half by size.

    Sizes are products of the norms of a unit's vectors, which no permutation, rotation, flip or rescaling changes.

    Args:
        numbers: numbers of the units that were sketched.
        size: units that the layer has.
        sizes: norms, one array a role.
        count: how many to keep; all if None.
    """
    if count is None or count >= len(numbers):
        return np.arange(len(numbers))
    by_number = np.flatnonzero(np.isin(numbers, same_numbers(size, count // 2)))
    product = np.prod([part.astype(np.float64) for part in sizes], axis=0)
    product[by_number] = -1.0
    by_size = np.argsort(-product, kind="stable")[: count - len(by_number)]
    return np.sort(np.concatenate([by_number, by_size]))


def _units(weights: CanonicalWeights, lens: Lens, layer: int, count: int, *, whole: bool) -> RawBlock | None:
    """FFN units of a layer; those of several experts are counted through."""
    first = 0
    numbers: list[IntArray] = []
    parts: list[dict[Role, RawSketches]] = []
    for expert in weights.experts(layer)[: lens.scheme.experts]:
        up = weights.find(Role.UP, layer, expert)
        if up is None or len(up.shape) != 2:
            continue
        rows = np.arange(up.shape[0]) if whole else same_numbers(up.shape[0], count)
        if whole or not parts:
            parts.append(_expert(weights, lens, layer, expert, rows, whole=whole))
            numbers.append(first + rows)
        first += up.shape[0]
    roles = [role for role in FFN_ROLES if parts and all(role in part for part in parts)]
    if not roles:
        return None
    return RawBlock(np.concatenate(numbers), first, {role: joined([part[role] for part in parts]) for role in roles})


def _expert(
    weights: CanonicalWeights, lens: Lens, layer: int, expert: int | None, rows: IntArray, *, whole: bool
) -> dict[Role, RawSketches]:
    found: dict[Role, RawSketches] = {}
    units = weights.find(Role.UP, layer, expert)
    for role in (Role.GATE, Role.UP):
        tensor = weights.find(role, layer, expert)
        if tensor is not None and units is not None and tensor.shape == units.shape:
            found[role] = lens.rows(tensor, weights.gain(role, layer), rows)
    down = weights.find(Role.DOWN, layer, expert)
    if down is not None and units is not None and down.shape == units.shape[::-1]:
        found[Role.DOWN] = lens.columns(down, rows[:, None], whole=whole)
    return found


def _head_dimensions(heads: int, dimensions: int, count: int) -> IntArray:
    """Fixed dimensions of every head, as many in each, ``count`` at most (one a head where that is more)."""
    chosen = min(heads, count)
    each = min(dimensions, max(1, count // max(1, chosen)))
    inside = spread_places(dimensions, each)
    return (np.arange(chosen)[:, None] * dimensions + inside).ravel()


def _values(
    weights: CanonicalWeights, lens: Lens, layer: int, heads: Heads | None, count: int, *, whole: bool
) -> RawBlock | None:
    """Value dimensions: rows of v, and the columns of o that read them, summed over the query heads of a group."""
    value = weights.find(Role.V, layer) or weights.find(Role.V_B, layer)
    output = weights.find(Role.O, layer)
    if value is None or len(value.shape) != 2:
        return None
    known = heads is not None and heads.kv_heads * heads.value_dim == value.shape[0]
    kv_heads, dim = (heads.kv_heads, heads.value_dim) if heads and known else (1, value.shape[0])
    chosen = _head_dimensions(kv_heads, dim, count)
    roles = {Role.V: lens.rows(value, weights.gain(Role.V, layer) if value.role == Role.V else None, chosen)}
    columns = _reading_columns(output, value, heads, chosen)
    if output is not None and columns is not None:
        roles[Role.O] = lens.columns(output, columns, whole=whole)
    return RawBlock(chosen, value.shape[0], roles)


def _reading_columns(
    output: TensorRef | None, value: TensorRef, heads: Heads | None, chosen: IntArray
) -> IntArray | None:
    """For each value dimension the columns of o that read it, ``[dimensions, query heads of a group]``."""
    if output is None or len(output.shape) != 2:
        return None
    readers = value_rows_of_columns(output.shape[1], value.shape[0], heads)
    if readers is None:
        return None
    each = output.shape[1] // value.shape[0]
    return np.argsort(readers, kind="stable").reshape(-1, each)[chosen]


def _keys(weights: CanonicalWeights, lens: Lens, layer: int, heads: Heads | None, count: int) -> RawBlock | None:
    """Key dimensions: rows of k, and the rows of q of the same place, summed over the query heads of a group."""
    key, query = weights.find(Role.K, layer), weights.find(Role.Q, layer)
    if heads is None or key is None or len(key.shape) != 2 or key.shape[0] != heads.kv_heads * heads.head_dim:
        return None
    chosen = _head_dimensions(heads.kv_heads, heads.head_dim, count)
    roles = {Role.K: lens.rows(key, weights.gain(Role.K, layer), chosen)}
    if query is not None and query.shape[0] == key.shape[0] * heads.per_group:
        head, dim = np.divmod(chosen, heads.head_dim)
        queries = head[:, None] * heads.per_group + np.arange(heads.per_group)
        roles[Role.Q] = lens.summed_rows(query, weights.gain(Role.Q, layer), queries * heads.head_dim + dim[:, None])
    return RawBlock(chosen, key.shape[0], roles)
