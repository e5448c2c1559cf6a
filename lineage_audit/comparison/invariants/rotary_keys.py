"""Rotary pairs of key heads as directions over anchor tokens: what stands for an attention layer at any size.

Under rotary positions the pair of rows with frequency j of a key head can be negated, rotated by an angle, scaled
against its query and moved with its head; it cannot change j. So two rows a frequency, read as one complex vector
over the anchor tokens, stand for the head whatever was done to its number, its layer and the stream. In the layout of
two halves the rows (h, last) and (h + 1, 0) are neighbours, and so are (h, half - 1) and (h, half): the fastest and
the slowest frequencies of a head are two short ranges. Latent attention has one rotary key a layer, shared by all
heads.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.reading import RowRequest, bytes_for_rows, is_readable
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import IntArray, TensorRef
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.alignment.spreading import LAYER_PATTERNS
from lineage_audit.comparison.invariants.decorrelation import decorrelated
from lineage_audit.comparison.symmetries.geometry import (
    Heads,
    HeadsByLayer,
    Rotary,
    heads_by_layer,
    heads_of_size,
    rotary_of,
)

FloatArray = npt.NDArray[np.float32]
ComplexArray = npt.NDArray[np.complex64]

_WANTED_RANDOM_SIGNS = 256
"""KV groups times frequencies that are read where the model has so many: far more than any bound needs."""

_MOST_AT_EACH_END = 8
"""Frequencies that are read at most of the fastest, and of the slowest."""

_MOST_RANGES = 2200
"""Requests that keys may cost of one remote model; hosts limit them."""

_MOST_KEYS = 2048
"""Key heads that are held against each other at most."""


class KeySource(Struct, frozen=True):
    """The key heads of one layer.

    Attributes:
        layer: its number.
        tensor: where they are stored.
        heads: how many there are.
        rows: rows of a head.
        rotary: how positions rotate them.
    """

    layer: int
    tensor: TensorRef
    heads: int
    rows: int
    rotary: Rotary

    @property
    def pairs(self) -> int:
        """Frequencies of a head."""
        return self.rotary.dims // 2

    def rows_of(self, pairs: IntArray) -> IntArray:
        """Numbers of the rows of these frequencies, ``[heads, pairs, 2]``."""
        first = 2 * pairs if self.rotary.adjacent else pairs
        second = first + (1 if self.rotary.adjacent else self.pairs)
        return np.arange(self.heads)[:, None, None] * self.rows + np.stack([first, second], axis=-1)


class RotaryKeys(Struct, frozen=True, eq=False, dict=True):
    """Key heads of one model, each frequency a direction over the anchor tokens.

    Attributes:
        layers: layer of each head, ``[heads]``, counting up.
        heads: number of each head in its layer, ``[heads]``.
        vectors: ``[heads, frequencies, tokens]``, each of length one (or zero where a row cannot be used).
        elements: weights that were read for them.
    """

    layers: IntArray
    heads: IntArray
    vectors: ComplexArray
    elements: int

    def __len__(self) -> int:
        """Number of key heads."""
        return len(self.layers)

    @cached_property
    def decorrelated(self) -> ComplexArray:
        """The same vectors, where what all of them have in common weighs no more than what tells them apart."""
        return _unit(decorrelated(self.vectors.reshape(-1, self.vectors.shape[-1]))).reshape(self.vectors.shape)


class KeyPlan(Struct, frozen=True, eq=False):
    """What is read of two models: the same frequencies of both, of as many layers as the limits allow."""

    sources_a: tuple[KeySource, ...]
    sources_b: tuple[KeySource, ...]
    at_each_end: int

    def pairs_of(self, source: KeySource) -> IntArray:
        """The frequencies to read, the fastest and the slowest."""
        return ends_of(source.pairs, self.at_each_end)


def shared_key_sources(a: Checkpoint, b: Checkpoint) -> tuple[tuple[KeySource, ...], tuple[KeySource, ...]]:
    """The rotary keys of both models; where one does not state its heads, they are taken to be as the other's."""
    heads_a, heads_b = heads_by_layer(a), heads_by_layer(b)
    heads_a, heads_b = heads_a or _like(a, heads_b), heads_b or _like(b, heads_a)
    rotary_a, rotary_b = (rotary_of(one, heads.usual) if heads else None for one, heads in ((a, heads_a), (b, heads_b)))
    return _key_sources(a, heads_a, rotary_a or rotary_b), _key_sources(b, heads_b, rotary_b or rotary_a)


def _like(checkpoint: Checkpoint, known: HeadsByLayer | None) -> HeadsByLayer | None:
    heads = None if known is None else heads_of_size(checkpoint, *known.usual.size)
    return None if heads is None else HeadsByLayer(heads)


def _key_sources(checkpoint: Checkpoint, heads: HeadsByLayer | None, rotary: Rotary | None) -> tuple[KeySource, ...]:
    """The rotary keys of every layer that has some and can be read.

    Args:
        checkpoint: the model.
        heads: its head layout, where it is known.
        rotary: how positions rotate them, where it is known.
    """
    latent = [_latent_source(tensor) for tensor in checkpoint.core if _is_weight(tensor, Role.K_ROPE)]
    if latent:
        return tuple(sorted((source for source in latent if source), key=lambda source: source.layer))
    if heads is None or rotary is None or not rotary.dims:
        return ()
    keys = [tensor for tensor in checkpoint.core if _is_weight(tensor, Role.K)]
    found = (_key_source(tensor, heads.usual, rotary) for tensor in keys if _has_usual_size(tensor, heads))
    return tuple(sorted((source for source in found if source), key=lambda source: source.layer))


def plan_keys(a: Sequence[KeySource], b: Sequence[KeySource], limit: int, *, count_ranges: bool) -> KeyPlan | None:
    """Choose layers and frequencies of both models.

    Args:
        a: what A has.
        b: what B has.
        limit: bytes that may be read of one model.
        count_ranges: whether every range is a request.
    """
    if not a or not b:
        return None
    pairs = min(source.pairs for source in (*a, *b))
    units = min(sum(source.heads for source in side) for side in (a, b))
    at_each_end = int(
        np.clip(np.ceil(_WANTED_RANDOM_SIGNS / 2 / max(1, units)), 1, min(_MOST_AT_EACH_END, max(1, pairs // 2)))
    )
    for period, residues in LAYER_PATTERNS:
        kept_a, kept_b = (_thinned(side, period, residues) for side in (a, b))
        if kept_a and kept_b and all(_fits(side, at_each_end, limit, count_ranges) for side in (kept_a, kept_b)):
            return KeyPlan(kept_a, kept_b, at_each_end)
    return None


def ends_of(pairs: int, at_each_end: int) -> IntArray:
    """The fastest and the slowest of so many frequencies; all of them where they are few."""
    if pairs <= 2 * at_each_end:
        return np.arange(min(pairs, 2 * at_each_end))
    return np.concatenate([np.arange(at_each_end), np.arange(pairs - at_each_end, pairs)])


def read_keys(
    weights: CanonicalWeights, sources: Sequence[KeySource], plan: KeyPlan, directions: FloatArray
) -> RotaryKeys:
    """Read the chosen rows of all layers together and carry them over to the anchor tokens.

    Args:
        weights: the model.
        sources: its key heads.
        plan: what to read of them.
        directions: its anchor tokens, ``[tokens, width]``.
    """
    requests = [RowRequest(source.tensor, source.rows_of(plan.pairs_of(source)).ravel()) for source in sources]
    values = weights.checkpoint.read(requests)
    vectors, layers, heads = [], [], []
    for source, request, rows in zip(sources, requests, values, strict=True):
        folded = weights.folded(rows, request.rows, source.tensor.role, source.layer)
        if folded.shape[1] != directions.shape[1]:
            continue
        over_tokens = (folded @ directions.T).reshape(source.heads, -1, 2, len(directions))
        vectors.append(_unit(over_tokens[:, :, 0] + 1j * over_tokens[:, :, 1]))
        layers.append(np.full(source.heads, source.layer))
        heads.append(np.arange(source.heads))
    if not vectors:
        return RotaryKeys(np.empty(0, np.int64), np.empty(0, np.int64), np.empty((0, 0, 0), np.complex64), 0)
    return RotaryKeys(
        np.concatenate(layers), np.concatenate(heads), np.concatenate(vectors), sum(part.size for part in values)
    )


def _is_weight(tensor: TensorRef, role: Role) -> bool:
    readable = tensor.role == role and tensor.slot == "weight" and tensor.layer is not None and len(tensor.shape) == 2
    return readable and tensor.expert is None and is_readable(tensor)


def _has_usual_size(tensor: TensorRef, heads: HeadsByLayer) -> bool:
    """Tell whether a layer's heads are rotated as most are: those of another size may be rotated in another way."""
    of_layer = heads.at(tensor.layer)
    return of_layer is None or of_layer.head_dim == heads.usual.head_dim


def _key_source(tensor: TensorRef, heads: Heads, rotary: Rotary) -> KeySource | None:
    """One layer's heads, counted by its own rows: some layers have fewer than others."""
    if tensor.layer is None or not tensor.shape[0] or tensor.shape[0] % heads.head_dim:
        return None
    return KeySource(tensor.layer, tensor, tensor.shape[0] // heads.head_dim, heads.head_dim, rotary)


def _latent_source(tensor: TensorRef) -> KeySource | None:
    """The one rotary key of a latent-attention layer, whose pairs are stored side by side."""
    if tensor.layer is None or tensor.shape[0] < 2:
        return None
    rows = tensor.shape[0] - tensor.shape[0] % 2
    return KeySource(tensor.layer, tensor, 1, rows, Rotary(rows, adjacent=True))


def _thinned(sources: Sequence[KeySource], period: int, residues: tuple[int, ...]) -> tuple[KeySource, ...]:
    return tuple(source for source in sources if source.layer % period in residues)


def _fits(sources: Sequence[KeySource], at_each_end: int, limit: int, count_ranges: bool) -> bool:
    """Tell whether reading so much keeps within the limits; layers of one shape cost the same."""
    if sum(source.heads for source in sources) > _MOST_KEYS:
        return False
    cost: dict[tuple[tuple[int, ...], str, str | None], int] = {}
    total = 0
    for source in sources:
        kind = (source.tensor.shape, source.tensor.dtype, source.tensor.quantization)
        if kind not in cost:
            cost[kind] = bytes_for_rows(source.tensor, source.rows_of(ends_of(source.pairs, at_each_end)).ravel())
        total += cost[kind]
    ranges = sum(source.heads * (1 if source.rotary.adjacent else 2) for source in sources)
    return total <= limit and (not count_ranges or ranges <= _MOST_RANGES)


def _unit(vectors: npt.NDArray[np.complexfloating]) -> ComplexArray:
    """Scale to length one along the last axis; zero stays zero."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    unit: ComplexArray = scaled.astype(np.complex64)
    return unit
