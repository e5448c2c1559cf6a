"""The rule of units in any order: rows held against anchor tokens, matched by size alone, tested by sign.

What a row says of tokens does not change when layers, heads, units or channels are renumbered, negated or rotated, so a
copy finds its original by the size of the product; that its sign is the same as well is what chance does not give.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from lineage_audit.certificate.anchors import directions, draw_anchors
from lineage_audit.certificate.derivation import NOT_THERE, Derivation, OneSide, ReadValues
from lineage_audit.certificate.places import Layout, layout_over_tokens
from lineage_audit.certificate.sources import Kind, Sources, UnitSource, unit_sources
from lineage_audit.certificate.vectors import (
    DIGITS,
    DoubleArray,
    FloatArray,
    copies_among,
    joined_copies,
    lean,
    trained,
)
from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.reading import RowRequest
from lineage_audit.checkpoint.tensors import IntArray
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.alignment.spreading import LAYER_PATTERNS
from lineage_audit.comparison.invariants.anchor_tokens import embedding_of

_Vectors = npt.NDArray[np.inexact[Any]]
"""Units over tokens, ``[units, frequencies, tokens]``: complex for rotary keys, whose pairs rotate, else real."""

_ENOUGH_WEIGHTS = 2**22
"""Weights of one model that are enough, as many as a sample reads: the first pattern of layers within it is taken."""

_MOST_WEIGHTS = 2**24
_MOST_UNITS = 3072
"""Weights and units that are read of one model at most, where no pattern keeps within what is enough."""


def derive_over_tokens(a: Checkpoint, b: Checkpoint, kind: Kind, seed: str) -> Derivation | None:
    """Draw anchor tokens by the seed, match and test; None where the rule does not apply."""
    of_a, of_b = thinned(*unit_sources(a, b, kind))
    anchors = draw_anchors(a, b, seed) if of_a and of_b else None
    if anchors is None:
        return None
    read = ReadValues(), ReadValues()
    canonical_a, canonical_b = CanonicalWeights(a), CanonicalWeights(b)
    units_a = units_over_tokens(canonical_a, of_a, read[0].add(anchors.a), read[0])
    units_b = units_over_tokens(canonical_b, of_b, read[1].add(anchors.b), read[1])
    if not (len(units_a) and len(units_b)):
        return None
    copies = copies_among(sizes_of(units_a, units_a))
    if lean([_real(units_a[np.unique(copies)])]) and lean([_real(units_b)]):
        return None
    sizes = np.round(sizes_of(units_b, units_a), DIGITS)
    sources = sizes.argmax(axis=1)
    return Derivation(
        tokens=anchors.ids,
        frequencies=units_b.shape[1],
        units=np.concatenate([_places(of_b), _places(of_a)[sources]], axis=1),
        random_signs=joined_copies(copies[sources], copies_among(sizes_of(units_b, units_b))),
        cosines=np.ascontiguousarray((units_b * units_a[sources].conj()).sum(axis=2).real.T),
        match_margins=_match_margins(sizes, sources, copies),
        read=(read[0].digest, read[1].digest),
        weights=(read[0].count, read[1].count),
        layouts=(layout_over_tokens(a, canonical_a, of_a), layout_over_tokens(b, canonical_b, of_b)),
    )


def read_again_over_tokens(model: Checkpoint, kind: Kind, said: OneSide) -> Iterator[str]:
    """The hash over what is said to have been read of one model, by each pattern of layers that it may have been."""
    embedding, (sources, _) = embedding_of(model), unit_sources(model, model, kind)
    if embedding is None or not sources:
        return
    layers = set(map(int, said.units[:, 0]))
    if not (_are_below(said.tokens, embedding.shape[0]) and layers.issubset(sources)):
        yield NOT_THERE
        return
    embeddings = model.read([RowRequest(embedding, said.tokens)])[0]
    for chosen in _layer_choices(sources, layers):
        placed = {layer: _placed(sources[layer], said.layout) for layer in chosen}
        if not all(_are_below(source.rows, source.tensor.shape[0]) for source in placed.values()) or not _fits(
            placed, _MOST_WEIGHTS
        ):
            continue
        read = ReadValues()
        units_over_tokens(CanonicalWeights(model), placed, read.add(embeddings), read)
        yield read.digest


def _layer_choices(sources: Sources, named: set[int]) -> list[tuple[int, ...]]:
    """The layers that every pattern takes, where all that are named are among them; each choice once."""
    taken = (
        tuple(layer for layer in sorted(sources) if layer % period in residues) for period, residues in LAYER_PATTERNS
    )
    return list(dict.fromkeys(layers for layers in taken if named.issubset(layers)))


def _placed(source: UnitSource, layout: Layout) -> UnitSource:
    """The units of a layer by the rows that a layout gives the first of them."""
    first = np.array(layout.rows, dtype=np.int64)
    return replace(source, rows=np.arange(source.units)[:, None, None] * layout.step + first)


def _are_below(numbers: IntArray, count: int) -> bool:
    return bool(numbers.size and numbers.min() >= 0 and numbers.max() < count)


def thinned(a: Sources, b: Sources) -> tuple[Sources, Sources]:
    """The layers of the first pattern that is enough, else of the last one within the limits; none where none is."""
    patterns = [(_taken(a, period, residues), _taken(b, period, residues)) for period, residues in LAYER_PATTERNS]
    enough, within = (
        [pair for pair in patterns if all(_fits(side, most) for side in pair)]
        for most in (_ENOUGH_WEIGHTS, _MOST_WEIGHTS)
    )
    return next(iter(enough or within[::-1]), ({}, {}))


def _taken(sources: Sources, period: int, residues: Sequence[int]) -> Sources:
    return {layer: sources[layer] for layer in sorted(sources) if layer % period in residues}


def _fits(sources: Sources, most: int) -> bool:
    """Whether there are any, of at most so many weights and not too many units."""
    few_weights = sum(source.weights for source in sources.values()) <= most
    return few_weights and 0 < sum(source.units for source in sources.values()) <= _MOST_UNITS


def units_over_tokens(model: CanonicalWeights, sources: Sources, embeddings: FloatArray, read: ReadValues) -> _Vectors:
    """Units over the anchor tokens, ``[units, frequencies, tokens]``, of length one or zero; complex for rotary keys.

    Empty where the rows do not read the stream of the embeddings.
    """
    held_against = directions(embeddings)
    values = model.checkpoint.read([RowRequest(source.tensor, source.rows.ravel()) for source in sources.values()])
    parts = [
        _unit_vectors(source, read.add(rows), _gain(model, source, read), held_against)
        for source, rows in zip(sources.values(), values, strict=True)
        if rows.shape[1] == held_against.shape[1]
    ]
    return np.concatenate(parts) if len(parts) == len(sources) else np.empty((0, 1, 0))


def _gain(model: CanonicalWeights, source: UnitSource, read: ReadValues) -> FloatArray:
    """The norm gain in front of a layer's rows; ones where there is none."""
    gain = model.gain(source.tensor.role, source.layer)
    width = source.tensor.shape[1]
    return read.add(np.ones(width, np.float32) if gain is None or len(gain) != width else gain)


def _unit_vectors(source: UnitSource, rows: FloatArray, gain: FloatArray, held_against: DoubleArray) -> _Vectors:
    """Rows carried over to the tokens; the two rows of a rotary pair are real and imaginary part of one vector."""
    over = (trained(rows) * gain.astype(np.float64)) @ held_against.T
    over = over.reshape(*source.rows.shape, -1)
    vectors = over[:, :, 0] + 1j * over[:, :, 1] if over.shape[2] == 2 else over[:, :, 0]
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    found: _Vectors = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return found


def sizes_of(units: _Vectors, others: _Vectors) -> DoubleArray:
    """Mean size over the frequencies of the products of all units with all others, ``[units, others]``."""
    total: DoubleArray = np.zeros((len(units), len(others)))
    for frequency in range(units.shape[1]):
        total += np.abs(units[:, frequency] @ others[:, frequency].conj().T)
    total /= max(1, units.shape[1])
    return total


def _match_margins(sizes: DoubleArray, sources: IntArray, copies: IntArray) -> DoubleArray:
    """By how much the size of each unit's match leads that of the best one that is no copy of it; 0 where all are."""
    matched = sizes[np.arange(len(sizes)), sources]
    others = np.where(copies == copies[sources][:, None], -np.inf, sizes).max(axis=1)
    return np.where(np.isfinite(others), matched - others, 0.0)


def _real(units: _Vectors) -> DoubleArray:
    """Every frequency of every unit as one real vector; their products are the real parts of the complex ones."""
    flat = units.reshape(-1, units.shape[2])
    return np.concatenate([flat.real, flat.imag], axis=1)


def _places(sources: Sources) -> IntArray:
    """Layer and number of each unit, ``[units, 2]``."""
    return np.array([(source.layer, number) for source in sources.values() for number in range(source.units)])
