"""What a rule derives from two models: which units, which of A for which of B, their random signs, and the terms."""

from __future__ import annotations

import math
from hashlib import sha256

import numpy as np
from msgspec import Struct

from lineage_audit.certificate.places import Layout
from lineage_audit.certificate.vectors import DoubleArray, FloatArray
from lineage_audit.checkpoint.tensors import IntArray

DIGITS = 9
"""Decimal places that cosines are stated to."""


NOT_THERE = ""
"""The hash of what is said to have been read, and cannot have been: the hash of nothing."""


class ReadValues:
    """What was read of a model, taken note of while it is read.

    Attributes:
        count: how many values.
    """

    def __init__(self) -> None:
        self.count = 0
        self._hash = sha256()

    def add(self, values: FloatArray) -> FloatArray:
        """Take note of some values, and hand them on."""
        self.count += values.size
        self._hash.update(np.ascontiguousarray(values, dtype="<f4").tobytes())
        return values

    @property
    def digest(self) -> str:
        """The hash over all of them in order, as little-endian float32, in hexadecimal."""
        return self._hash.hexdigest()


class OneSide(Struct, frozen=True, eq=False):
    """What a certificate says was read of one of its two models.

    Attributes:
        tokens: ids of the anchor tokens.
        units: ``[units, 2]``: layers and numbers.
        layout: how its units lie.
        read: the sha256 over all values that were read.
    """

    tokens: IntArray
    units: IntArray
    layout: Layout
    read: str


class Derivation(Struct, frozen=True, eq=False):
    """What a rule derived.

    Attributes:
        tokens: the anchor tokens, ``[tokens, 2]``: id in A, id in B; empty where units are held against each other in
            place.
        frequencies: rotary frequencies of a unit that were read; one where units have none.
        units: ``[units, 4]``: for each unit of B its layer and number, and the layer and number of A's.
        random_signs: for each unit the number of its random sign.
        cosines: ``[frequencies, units]``, each negated when its random sign is drawn the other way.
        match_margins: for each unit by how much its match leads the next in size; zeros where nothing is matched.
        read: for A and B the sha256 over all values that were read, as little-endian float32.
        weights: for A and B how many values that were.
        layouts: how the units lie in A and in B.
    """

    tokens: IntArray
    frequencies: int
    units: IntArray
    random_signs: IntArray
    cosines: DoubleArray
    match_margins: DoubleArray
    read: tuple[str, str]
    weights: tuple[int, int]
    layouts: tuple[Layout, Layout]

    @property
    def of_a(self) -> OneSide:
        """What was read of model A."""
        return OneSide(self.tokens[:, 0], self.units[:, 2:], self.layouts[0], self.read[0])

    @property
    def of_b(self) -> OneSide:
        """What was read of model B."""
        return OneSide(self.tokens[:, 1], self.units[:, :2], self.layouts[1], self.read[1])

    @property
    def dimensions(self) -> int:
        """Numbers of a unit: one a token, or else a row's."""
        return len(self.tokens) or self.weights[1] // max(1, len(self.units))

    @property
    def terms(self) -> DoubleArray:
        """The sum of the cosines of each random sign, frequency by frequency."""
        return terms_of(self.random_signs, self.cosines)


def terms_of(random_signs: IntArray, cosines: DoubleArray) -> DoubleArray:
    """Add the cosines that one random sign decides."""
    _, numbers = np.unique(random_signs, return_inverse=True)
    return np.concatenate([np.bincount(numbers, weights=row) for row in cosines]) if cosines.size else np.empty(0)


def bound(terms: DoubleArray, alternatives: int) -> float:
    """Upper bound of log10 p (Hoeffding 1963), corrected for the alternatives; at most 0."""
    total, squares = float(terms.sum()), float(np.square(terms).sum())
    if total <= 0.0 or squares == 0.0:
        return 0.0
    return min(0.0, -(total**2) / (2.0 * squares) / math.log(10.0) + math.log10(alternatives))


def mean(values: DoubleArray) -> float:
    """The mean of some values; 0 without any."""
    return float(values.mean()) if values.size else 0.0
