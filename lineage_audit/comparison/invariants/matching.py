"""Which key head of A each of B's is, in any layer, by the sizes of complex products alone: no sign is looked at.

A copy's product with its original is near one in size whatever the head's number, layer, angle or sign; strangers'
are noise of 1 / √tokens. So the sign tests on what is matched stay exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from lineage_audit.checkpoint.tensors import IntArray
from lineage_audit.comparison.alignment.assignment import assign
from lineage_audit.comparison.invariants.rotary_keys import RotaryKeys
from lineage_audit.comparison.verdict.thresholds import INVARIANTS

ComplexArray = npt.NDArray[np.complex64]

_BY_CHANCE = 2.0
"""Standard deviations of a layer's agreement by which the best of independent ones lead."""

_SPREAD = 0.52
"""Standard deviation over mean of the size of a complex normal number."""


class KeyMatch(Struct, frozen=True, eq=False):
    """For each key head of B the head of A.

    Attributes:
        a_heads: position among A's heads, ``[heads of B]``.
        layers: for each layer of B, in order, its number.
        best: for each of them the layer of A that agrees best.
        sizes: mean size of the matched products in it, of vectors as they are.
        match_margins: by how much it leads the best layer that is no copy of it, decorrelated, beyond chance.
        groups: for each key head of B the number of A's head in its layer, ``[heads of B]``.
        of_layers: layer of each key head of B, ``[heads of B]``.
        negative: matched rotary pairs that clearly point the other way.
        layers_of_a: the layers of A that were asked, in order.
        left_out_are_copies: a layer of A that stands out for no layer of B is a copy of another of A's.
    """

    a_heads: IntArray
    layers: IntArray
    best: IntArray
    sizes: npt.NDArray[np.float64]
    match_margins: npt.NDArray[np.float64]
    groups: IntArray
    of_layers: IntArray
    negative: int
    layers_of_a: IntArray
    left_out_are_copies: bool

    def heads_of(self, layer: int) -> IntArray:
        """For each key head of a layer of B the number of A's."""
        found: IntArray = self.groups[self.of_layers == layer]
        return found

    @property
    def clear(self) -> Mapping[int, int]:
        """Layer of B -> layer of A, where one stands out; then a smaller match margin does for the others."""
        clearest = float(self.match_margins.max(initial=0.0))
        chosen = self.match_margins >= (
            INVARIANTS.layer_margin
            if clearest < INVARIANTS.layer_margin
            else max(INVARIANTS.further_margin, INVARIANTS.further_share * clearest)
        )
        return {int(b): int(a) for b, a in zip(self.layers[chosen], self.best[chosen], strict=True)}

    def continued(self, end_a: int, end_b: int) -> Mapping[int, int]:
        """``clear``, with the layers in between, of which no pair was asked, where those around them run on.

        Args:
            end_a: how many layers A has.
            end_b: how many B has.
        """
        clear = dict(self.clear)
        asked_of_a, asked_of_b = set(self.layers_of_a.tolist()), set(self.layers.tolist())
        for (before_b, before_a), (after_b, after_a) in pairwise([(-1, -1), *sorted(clear.items()), (end_b, end_a)]):
            if after_b - before_b == after_a - before_a and self.clear:
                between = zip(range(before_b + 1, after_b), range(before_a + 1, after_a), strict=True)
                clear |= {b: a for b, a in between if not (b in asked_of_b and a in asked_of_a)}
        return clear


class KeyProducts(Struct, frozen=True, eq=False, dict=True):
    """Every key head of B with every one of A, and A's with each other.

    Attributes:
        keys_a: A's heads.
        keys_b: B's heads.
        across: complex products of decorrelated vectors ``[frequencies, heads of B, heads of A]``.
        within: the same of A with A ``[frequencies, heads of A, heads of A]``.
        alike: mean size of A's products with each other, of the vectors as they are ``[heads of A, heads of A]``:
            decorrelated, what copies differ by would weigh as much as what they share.
    """

    keys_a: RotaryKeys
    keys_b: RotaryKeys
    across: ComplexArray
    within: ComplexArray
    alike: npt.NDArray[np.float32]

    def matched(self, a_heads: IntArray) -> ComplexArray:
        """Products of the vectors as they are, of each head of B with one of A's, ``[frequencies, heads of B]``."""
        products: ComplexArray = np.einsum("hft,hft->fh", self.keys_b.vectors, self.keys_a.vectors[a_heads].conj())
        return products

    @cached_property
    def random_signs(self) -> IntArray:
        """For each head of A the number of its random sign; heads that are copies of one another share one."""
        alike = self.alike >= INVARIANTS.copy
        np.fill_diagonal(alike, True)
        labels = np.arange(len(alike))
        while True:
            joined = np.where(alike, labels, len(alike)).min(axis=1)
            if (joined == labels).all():
                return labels
            labels = joined


def multiply(keys_a: RotaryKeys, keys_b: RotaryKeys) -> KeyProducts:
    """All products, frequency by frequency."""
    across = _products(keys_b.decorrelated, keys_a.decorrelated)
    within = _products(keys_a.decorrelated, keys_a.decorrelated)
    alike = np.abs(_products(keys_a.vectors, keys_a.vectors)).mean(axis=0)
    return KeyProducts(keys_a, keys_b, across, within, alike)


def _products(vectors: ComplexArray, others: ComplexArray) -> ComplexArray:
    """Complex products of all heads with all others ``[frequencies, heads, others]``."""
    return vectors.transpose(1, 0, 2) @ others.conj().transpose(1, 2, 0)


def match_keys(products: KeyProducts, across: ComplexArray | None = None) -> KeyMatch:
    """Match layers by the sizes of their heads' best products, then heads one to one within the layers.

    Args:
        products: all products.
        across: what to match instead of the products of B with A, in their shape.
    """
    keys_a, keys_b = products.keys_a, products.keys_b
    sizes = np.abs(products.across if across is None else across).mean(axis=0)
    starts_a, starts_b = _starts(keys_a.layers), _starts(keys_b.layers)
    counts_b = np.diff(np.append(starts_b, len(keys_b)))
    scores = np.add.reduceat(np.maximum.reduceat(sizes, starts_a, axis=1), starts_b, axis=0) / counts_b[:, None]
    layers_a, layers_b = keys_a.layers[starts_a], keys_b.layers[starts_b]
    chosen = _choose_layers(scores, layers_a)
    copies = _copies(products, starts_a)
    match_margins = _match_margins(scores, chosen, copies) - _BY_CHANCE * _noise(sizes, keys_b, counts_b)
    left_out = np.setdiff1d(np.arange(len(starts_a)), chosen)
    a_heads = np.empty(len(keys_b), dtype=np.int64)
    ends_a, ends_b = np.append(starts_a[1:], len(keys_a)), np.append(starts_b[1:], len(keys_b))
    for row, column in enumerate(chosen):
        block = np.ascontiguousarray(sizes[starts_b[row] : ends_b[row], starts_a[column] : ends_a[column]])
        is_clear = match_margins[row] >= INVARIANTS.further_margin and block.shape[0] <= block.shape[1]
        inside = assign(block) if is_clear else block.argmax(axis=1)
        a_heads[starts_b[row] : ends_b[row]] = starts_a[column] + inside
    matched = products.matched(a_heads)
    matched_sizes = np.add.reduceat(np.abs(matched).mean(axis=0).astype(np.float64), starts_b) / counts_b
    return KeyMatch(
        a_heads,
        layers_b,
        layers_a[chosen],
        matched_sizes,
        match_margins,
        groups=keys_a.heads[a_heads],
        of_layers=keys_b.layers,
        layers_of_a=layers_a,
        negative=int((matched.real < -INVARIANTS.copy).sum()),
        left_out_are_copies=bool(copies[left_out].sum(axis=1).max(initial=0) > 1),
    )


def _starts(layers: IntArray) -> IntArray:
    """Where each layer begins; layers stand together."""
    starts: IntArray = np.flatnonzero(np.concatenate([[True], np.diff(layers) != 0])).astype(np.int64)
    return starts


def _choose_layers(scores: npt.NDArray[np.floating], layers_a: IntArray) -> IntArray:
    """The best layer of A for each of B; among equals the one that continues the layer before."""
    best = scores.argmax(axis=1)
    for row in range(1, len(best)):
        following = np.flatnonzero(layers_a > layers_a[best[row - 1]])[:1]
        if len(following) and scores[row, following[0]] >= scores[row].max() - INVARIANTS.tie:
            best[row] = following[0]
    chosen: IntArray = best.astype(np.int64)
    return chosen


def _copies(products: KeyProducts, starts: IntArray) -> npt.NDArray[np.bool_]:
    """Which layers of A are copies of which, ``[layers, layers]``."""
    counts = np.diff(np.append(starts, len(products.alike)))
    scores = np.add.reduceat(np.maximum.reduceat(products.alike, starts, axis=1), starts, axis=0) / counts[:, None]
    copies: npt.NDArray[np.bool_] = scores >= INVARIANTS.copy
    return copies


def _match_margins(
    scores: npt.NDArray[np.floating], chosen: IntArray, copies: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    """By how much each chosen layer leads the best of those that are no copies of it."""
    others = np.where(copies[chosen], -np.inf, scores)
    second = others.max(axis=1)
    picked = scores[np.arange(len(chosen)), chosen]
    return np.where(np.isfinite(second), picked - second, 0.0).astype(np.float64)


def _noise(sizes: npt.NDArray[np.float32], keys_b: RotaryKeys, counts: IntArray) -> npt.NDArray[np.float64]:
    """Standard deviation by layer of B of the mean size of products that match by chance: fewer numbers, more noise."""
    numbers = counts * keys_b.vectors.shape[1]
    noise: npt.NDArray[np.float64] = _SPREAD * float(np.median(sizes)) / np.sqrt(np.maximum(1, numbers))
    return noise
