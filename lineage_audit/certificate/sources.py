"""Where the units of a rule stand in a model, by layer: rows of v, of gated FFNs' up projections, of rotary keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum

import numpy as np
from msgspec import Struct

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.reading import is_readable
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import IntArray, TensorKey, TensorRef
from lineage_audit.comparison.invariants.rotary_keys import KeySource, ends_of, shared_key_sources
from lineage_audit.comparison.symmetries.geometry import heads_by_layer
from lineage_audit.comparison.symmetries.setting import broken_symmetries

_WANTED_SIGNS = 256
_MOST_AT_EACH_END = 8
"""Key heads times frequencies that are read where there are so many, and frequencies at most of each end."""


class Kind(StrEnum):
    """What can be negated without changing what a model computes."""

    VALUES = "values"
    FFN_UNITS = "ffn-units"
    ROTARY_KEYS = "rotary-keys"


class UnitSource(Struct, frozen=True, eq=False):
    """The units of one layer.

    Attributes:
        layer: its number.
        tensor: the matrix that they are rows of.
        rows: row numbers, ``[units, frequencies, 2]`` for the pairs of rotary keys, ``[units, 1, 1]`` for others.
        block: how many units follow one another in one head; all of them where they fall into no heads.
    """

    layer: int
    tensor: TensorRef
    rows: IntArray
    block: int

    @property
    def units(self) -> int:
        """How many there are."""
        return len(self.rows)

    @property
    def weights(self) -> int:
        """Weights in their rows."""
        return self.rows.size * self.tensor.shape[1]


Sources = Mapping[int, UnitSource]
"""Layer -> its units."""


def unit_sources(a: Checkpoint, b: Checkpoint, kind: Kind) -> tuple[Sources, Sources]:
    """The units of both models; none where the signs of neither's are free, or where both models' roles are guesses."""
    if _SAME_SYMMETRY.get(kind) in broken_symmetries(a, b):
        return {}, {}
    found = _FINDERS[kind](a, b)
    if all(any(source.tensor.inferred for source in side.values()) for side in found):
        return {}, {}
    return found


def _values(a: Checkpoint, b: Checkpoint) -> tuple[Sources, Sources]:
    return _rows_by_layer(_values_of(a)), _rows_by_layer(_values_of(b))


def _values_of(checkpoint: Checkpoint) -> Iterable[tuple[TensorRef, int]]:
    by_layer = heads_by_layer(checkpoint)
    for tensor in checkpoint.core:
        if tensor.role in (Role.V, Role.V_B) and tensor.expert is None:
            heads = by_layer.at(tensor.layer) if by_layer is not None else None
            fits = heads is not None and tensor.shape[0] % heads.value_dim == 0
            yield tensor, heads.value_dim if heads is not None and fits else tensor.shape[0]


def _ffn_units(a: Checkpoint, b: Checkpoint) -> tuple[Sources, Sources]:
    return _rows_by_layer(_gated_of(a)), _rows_by_layer(_gated_of(b))


def _gated_of(checkpoint: Checkpoint) -> Iterable[tuple[TensorRef, int]]:
    """The up projection of each layer's FFN, of experts the first one's, where a gate of as many units stands by it."""
    for tensor in checkpoint.core:
        if tensor.role == Role.UP and tensor.expert in (None, 0):
            gate = checkpoint.by_key.get(TensorKey(Role.GATE, "weight", tensor.layer, tensor.expert))
            if gate is not None and gate.shape[0] == tensor.shape[0]:
                yield tensor, tensor.shape[0]


def _rows_by_layer(found: Iterable[tuple[TensorRef, int]]) -> Sources:
    """Each row a unit."""
    return {
        tensor.layer: UnitSource(tensor.layer, tensor, np.arange(tensor.shape[0]).reshape(-1, 1, 1), block)
        for tensor, block in found
        if tensor.layer is not None and tensor.slot == "weight" and len(tensor.shape) == 2 and is_readable(tensor)
    }


def _rotary_keys(a: Checkpoint, b: Checkpoint) -> tuple[Sources, Sources]:
    """Each key head a unit, by its fastest and its slowest frequencies: as many of both models."""
    of_a, of_b = shared_key_sources(a, b)
    heads = min(sum(source.heads for source in side) for side in (of_a, of_b))
    at_each_end = min(_MOST_AT_EACH_END, -(-_WANTED_SIGNS // (2 * max(1, heads))))
    pairs = min((source.pairs for source in (*of_a, *of_b)), default=0)
    return _heads_by_layer(of_a, min(at_each_end, pairs // 2)), _heads_by_layer(of_b, min(at_each_end, pairs // 2))


def _heads_by_layer(sources: Iterable[KeySource], at_each_end: int) -> Sources:
    return {
        source.layer: UnitSource(source.layer, source.tensor, source.rows_of(ends_of(source.pairs, at_each_end)), 1)
        for source in sources
        if at_each_end
    }


_FINDERS: Mapping[Kind, Callable[[Checkpoint, Checkpoint], tuple[Sources, Sources]]] = {
    Kind.VALUES: _values,
    Kind.FFN_UNITS: _ffn_units,
    Kind.ROTARY_KEYS: _rotary_keys,
}

_SAME_SYMMETRY: Mapping[Kind, str] = {Kind.FFN_UNITS: "ffn-signs", Kind.ROTARY_KEYS: "query-key-signs"}
"""Kind -> the test of the engine that stands on the same symmetry, which some architectures break."""
