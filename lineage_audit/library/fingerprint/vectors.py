"""Sketches of two fingerprints as unit vectors, and what belongs to what in them."""

from __future__ import annotations

from typing import Literal

import numpy as np
from msgspec import Struct, field

from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import IntArray, TensorRef
from lineage_audit.library.fingerprint.layers import standing_for, units_of_each
from lineage_audit.library.fingerprint.parameters import SCHEME
from lineage_audit.library.fingerprint.projection import FloatArray, as_unit_rows
from lineage_audit.library.fingerprint.values import Block, Fingerprint, LayerSketch, Levels

Basis = Literal["channels", "tokens"]
Part = Literal["units", "values", "keys"]

SKETCHED: tuple[tuple[Part, Role], ...] = (
    ("units", Role.GATE),
    ("units", Role.UP),
    ("units", Role.DOWN),
    ("values", Role.V),
    ("values", Role.O),
    ("keys", Role.K),
    ("keys", Role.Q),
)
"""Every sketched role with the block that holds it."""

_Key = tuple[int, Part, Role, Basis]


class UnitVectors(Struct, frozen=True, eq=False):
    """The sketches of one fingerprint, made unit vectors once and kept."""

    fingerprint: Fingerprint
    _kept: dict[_Key, FloatArray] = field(default_factory=dict)
    _layers: dict[int, LayerSketch] = field(default_factory=dict)
    _tensors: dict[tuple[int | None, Role], list[TensorRef]] = field(default_factory=dict)

    def tensors(self, layer: int | None, role: Role) -> list[TensorRef]:
        """The model's own tensors of a role in a layer, by expert; values of latent attention count as values."""
        if not self._tensors:
            for tensor in self.fingerprint.tensors:
                if tensor.in_core and tensor.slot == "weight":
                    its_role = Role.V if tensor.role == Role.V_B else tensor.role
                    self._tensors.setdefault((tensor.layer, its_role), []).append(tensor)
            for held in self._tensors.values():
                held.sort(key=lambda tensor: tensor.expert or 0)
        return self._tensors.get((layer, role), [])

    def block(self, layer: int, part: Part) -> Block | None:
        """One block of one layer."""
        if not self._layers:
            self._layers.update({sketched.layer: sketched for sketched in self.fingerprint.layers})
        found = self._layers.get(layer)
        return getattr(found, part) if found is not None else None

    def levels(self, layer: int, part: Part, role: Role, basis: Basis) -> Levels | None:
        """Quantised sketches of one role, or None."""
        block = self.block(layer, part)
        sketches = block.roles.get(role) if block is not None else None
        return None if sketches is None else sketches.channels if basis == "channels" else sketches.tokens

    def rows(self, layer: int, part: Part, role: Role, basis: Basis) -> FloatArray | None:
        """The same as unit vectors, float32 ``[vectors, numbers]``."""
        key = (layer, part, role, basis)
        if key not in self._kept:
            levels = self.levels(layer, part, role, basis)
            if levels is None:
                return None
            self._kept[key] = as_unit_rows(levels)
        return self._kept[key]

    def proposing(self, layer: int, basis: Basis) -> FloatArray | None:
        """The rows by which FFN units are matched: gate where the FFN is gated."""
        gate = self.rows(layer, "units", Role.GATE, basis)
        return self.rows(layer, "units", Role.UP, basis) if gate is None else gate

    def standing(self, layer: int, basis: Basis) -> FloatArray | None:
        """The same of those units alone that a fingerprint file would hold."""
        rows, block = self.proposing(layer, basis), self.block(layer, "units")
        if rows is None or block is None or len(rows) <= SCHEME.units_in_layer:
            return rows
        count = units_of_each(len(self.fingerprint.layers), SCHEME)
        sizes = [part.sizes for part in block.roles.values()]
        return rows[standing_for(block.numbers, block.size, sizes, count)]

    def experts_of(self, layer: int) -> list[int | None]:
        """The FFNs of a layer whose units are sketched, one after the other; None names a dense one."""
        return [tensor.expert for tensor in self.tensors(layer, Role.UP)[: SCHEME.experts]]

    def experts(self) -> int:
        """Most experts whose units are pooled in a layer; 1 for dense FFNs."""
        return max((len(self.experts_of(layer.layer)) for layer in self.fingerprint.layers), default=1) or 1

    def has_tokens(self) -> bool:
        """Whether any sketch went through token embeddings."""
        return any(
            bool(sketches.tokens.any())
            for layer in self.fingerprint.layers[:1]
            for block in (layer.units, layer.values)
            if block is not None
            for sketches in block.roles.values()
        )


class Match(Struct, frozen=True, eq=False):
    """Positions of B and of A that belong together in one block of a pair of layers."""

    b: IntArray
    a: IntArray

    def __len__(self) -> int:
        return len(self.b)


class LayerPair(Struct, frozen=True, eq=False):
    """A layer of B, the layer of A that it is held against, and what belongs together in them."""

    b: int
    a: int
    units: Match | None
    values: Match | None
    keys: Match | None

    def match(self, part: Part) -> Match | None:
        """The match of one part."""
        return self.units if part == "units" else self.values if part == "values" else self.keys


class Correspondence(Struct, frozen=True, eq=False):
    """Everything in B that has a counterpart in A, and the basis in which the two are held against each other."""

    a: UnitVectors
    b: UnitVectors
    pairs: tuple[LayerPair, ...]
    basis: Basis


def same_numbers(a: UnitVectors, b: UnitVectors) -> Correspondence:
    """Every layer, unit and dimension of B with the one that has its number in A."""
    pairs = [
        LayerPair(layer.layer, layer.layer, *(_by_number(a, b, layer.layer, part) for part in _PARTS))
        for layer in b.fingerprint.layers
        if a.fingerprint.width == b.fingerprint.width and a.fingerprint.layer(layer.layer) is not None
    ]
    return Correspondence(a, b, tuple(pairs), "channels")


_PARTS: tuple[Part, Part, Part] = ("units", "values", "keys")


def _by_number(a: UnitVectors, b: UnitVectors, layer: int, part: Part) -> Match | None:
    block_a, block_b = a.block(layer, part), b.block(layer, part)
    if block_a is None or block_b is None or block_a.size != block_b.size:
        return None
    _, at_a, at_b = np.intersect1d(block_a.numbers, block_b.numbers, assume_unique=True, return_indices=True)
    return Match(at_b.astype(np.int64), at_a.astype(np.int64))
