"""What an alignment is: for every axis of B, where its entries come from in A."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt
from msgspec import Struct, field

from lineage_audit.checkpoint.tensors import IntArray
from lineage_audit.comparison.symmetries.ffn_blocks import FfnBlock

FloatArray = npt.NDArray[np.float32]
NO_SOURCE = -1
"""Stands for the unit of A where a unit of B comes from none."""


class ResidualMap(Struct, frozen=True, eq=False):
    """How B's residual stream is made of A's.

    Attributes:
        kind: ``same`` numbers; ``copies``: each channel of B is the sum of several of A's, which are copies of each
            other (A was grown); ``channels``: each channel of B is one of A's, with a sign (fewer of them where B was
            cut in width); ``rotation``: an orthogonal matrix, after norm gains were folded into what they feed.
        channels: for each channel of B the channel of A, ``[d_b]``; None for a rotation and for copies.
        signs: +1 or -1 for each channel of B; likewise.
        rotation: ``[d_a, d_b]`` for a rotation and for copies, whose sums have length one; None otherwise.
        fit: mean |correlation| of matched embedding columns, or share of held-out embeddings that a rotation explains;
            None where no embedding proposed the map.
    """

    kind: Literal["same", "channels", "copies", "rotation"]
    channels: IntArray | None = None
    signs: FloatArray | None = None
    rotation: FloatArray | None = None
    fit: float | None = None

    @property
    def fitted_signs(self) -> FloatArray | None:
        """The signs of channels that embeddings found in another order; None for any other map."""
        return self.signs if self.kind == "channels" and self.fit is not None else None

    def joins(self, width_a: int, width_b: int) -> bool:
        """Whether it leads from streams of the one width to streams of the other (embeddings may have another)."""
        if self.rotation is not None:
            return self.rotation.shape == (width_a, width_b)
        if self.channels is None:
            return width_a == width_b
        return len(self.channels) == width_b and int(self.channels.max(initial=-1)) < width_a

    def keeps_width(self, width: int) -> bool:
        """Whether B's stream is as wide as A's, which has so many channels."""
        if self.rotation is not None:
            return self.rotation.shape == (width, width)
        return self.channels is None or len(self.channels) == width

    def aligned_a(self, vectors: FloatArray) -> FloatArray:
        """Carry vectors over A's channels ``[n, d_a]`` into B's basis ``[n, d_b]``."""
        if self.rotation is not None:
            return vectors @ self.rotation
        if self.channels is None:
            return vectors
        moved = np.take(vectors, self.channels, axis=1)
        if self.signs is not None:
            moved *= self.signs
        return moved

    def carried_back(self, weights: FloatArray, width_a: int) -> FloatArray:
        """The matrix ``[d_a, n]`` that does to A's vectors what ``weights`` ``[d_b, n]`` does to carried ones."""
        if self.rotation is not None:
            return self.rotation @ weights
        if self.channels is None:
            return weights
        carried = np.zeros((width_a, weights.shape[1]), np.float32)
        np.add.at(carried, self.channels, weights if self.signs is None else weights * self.signs[:, None])
        return carried


class UnitMap(Struct, frozen=True, eq=False):
    """For each FFN unit of one FFN of B the unit of A, ``[units]``, with the mean match margin over the second best.

    Attributes:
        source: the FFN of A (an upcycled expert of B comes from a dense one).
        a_units: unit numbers in A; ``NO_SOURCE`` where a unit is new.
        match_margin: mean match margin of the matched |cosine|.
        cosine: mean matched |cosine| of the rows that proposed.
        has_copies: A has copies of its units, of which one was taken.
        is_sampled: only some of B's units were looked for, so that one without a source may well have one.
    """

    source: FfnBlock
    a_units: IntArray
    match_margin: float
    cosine: float
    has_copies: bool = False
    is_sampled: bool = False

    @property
    def known(self) -> IntArray:
        """The units of B that have a source."""
        return np.flatnonzero(self.a_units != NO_SOURCE)


class HeadMap(Struct, frozen=True, eq=False):
    """For each KV group of a layer of B the group of A, and for each query head the query head of A.

    Attributes:
        a_groups: the groups.
        a_heads: the query heads.
        is_clear: whether they lead the next best; otherwise they are no more than the best there were.
    """

    a_groups: IntArray
    a_heads: IntArray
    is_clear: bool = True


class MixedLayer(Struct, frozen=True):
    """A layer of B that is a mixture of two neighbours in A.

    Attributes:
        layer: its number in B.
        sources: the numbers of the two in A.
        shares: how much of each.
        left: what they leave of it, relative to its size.
    """

    layer: int
    sources: tuple[int, int]
    shares: tuple[float, float]
    left: float


class Alignment(Struct, frozen=True, eq=False):
    """Where everything in B comes from in A.

    Attributes:
        residual: the residual stream.
        layers: layer of B -> layer of A; layers without a source are absent.
        folded: the model whose norm gains were folded into what they feed, where the other's were not.
        units: FFN units by B's FFN.
        heads: attention heads by B's layer.
        left_out_are_copies: some layer of A that B lacks resembles another layer of A, so that A may have grown.
        new_are_copies: the same of B's layers that have no source in A.
        mixed: layers of B that are mixtures of two of A's.
        unasked: layers of B, and of A, of which nothing was asked, so that they may have a counterpart all the same.
    """

    residual: ResidualMap
    layers: Mapping[int, int]
    folded: Literal["a", "b"] | None = None
    units: Mapping[FfnBlock, UnitMap] = field(default_factory=dict)
    heads: Mapping[int, HeadMap] = field(default_factory=dict)
    left_out_are_copies: bool = False
    new_are_copies: bool = False
    mixed: tuple[MixedLayer, ...] = ()
    unasked: tuple[frozenset[int], frozenset[int]] = (frozenset(), frozenset())

    @property
    def folds_gains(self) -> bool:
        """Whether gains have to be folded on both sides before matrices can be compared."""
        return self.residual.kind == "rotation" or self.folded is not None

    @property
    def shows_growth(self) -> bool:
        """Whether A holds channels or units several times that B holds once."""
        return self.residual.kind == "copies" or any(units.has_copies for units in self.units.values())

    @property
    def keeps_all_numbers(self) -> bool:
        """Whether every layer, channel, expert, unit and head keeps its number in A, and no gain was folded."""
        return (
            self.residual.kind == "same"
            and self.folded is None
            and all(a == b for b, a in self.layers.items())
            and all(block == found.source for block, found in self.units.items())
            and all(_counts_up(found.a_units) for found in self.units.values())
            and all(_counts_up(found.a_groups) and _counts_up(found.a_heads) for found in self.heads.values())
        )


def _counts_up(numbers: IntArray) -> bool:
    return bool((numbers == np.arange(len(numbers))).all())
