"""The signature: four short vectors that a library's prefilter holds against each other.

Each is a random projection of something that a relative keeps: ``numbers`` of units and channels (rows under their
own numbers, summed over layers, so that dropped and repeated layers change little), ``channels`` (second moments of
all gate and up rows over the channels, which no order or sign of units changes), ``anchor tokens`` (the same over the
token anchor tokens, which no rotation changes either), and ``tokens`` (inner products of the token sums themselves).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.evidence.base import unit_rows
from lineage_audit.comparison.reading.measurement import DoubleArray
from lineage_audit.library.fingerprint.layers import RawBlock, RawLayer, same_numbers
from lineage_audit.library.fingerprint.parameters import SketchScheme
from lineage_audit.library.fingerprint.projection import FloatArray, random_signs
from lineage_audit.library.fingerprint.tokens import TokenBasis
from lineage_audit.library.fingerprint.values import Levels

PARTS = ("numbers", "channels", "landmarks", "tokens")
_COMMON_UNITS = 32
"""Units under their own numbers; every layer of every model has them sketched."""

_LARGEST = 127


class SignatureSums:
    """Sums up the signature, layer by layer."""

    def __init__(self, basis: TokenBasis | None, scheme: SketchScheme) -> None:
        numbers = scheme.numbers
        self._scheme = scheme
        self._basis = basis
        self._rows = np.zeros((3 * _COMMON_UNITS, numbers))
        self._channels = np.zeros((numbers, numbers))
        self._anchor_tokens = np.zeros((numbers, numbers))

    def add(self, layer: RawLayer) -> None:
        """Add one layer."""
        if layer.units is None:
            return
        self._add_rows(layer.units)
        for role in (Role.GATE, Role.UP):
            part = layer.units.roles.get(role)
            if part is not None:
                self._channels += _moments(part.channels)
                self._anchor_tokens += _moments(part.tokens)

    def finish(self) -> Levels:
        """The four parts, each of one root mean square, int8 ``[parts, numbers]``; zeros where there was nothing."""
        sums = np.zeros_like(self._channels)
        if self._basis is not None:
            sums = _without_scale((self._basis.sums @ self._basis.sums.T).astype(np.float64))
        parts: list[DoubleArray] = [
            self._rows,
            _without_scale(self._channels),
            _without_scale(self._anchor_tokens),
            sums,
        ]
        return np.stack([self._short(part) for part in parts])

    def _add_rows(self, units: RawBlock) -> None:
        common = same_numbers(units.size, _COMMON_UNITS)
        positions = np.flatnonzero(np.isin(units.numbers, common))
        for place, role in enumerate((Role.GATE, Role.UP, Role.DOWN)):
            part = units.roles.get(role)
            if part is not None and len(positions):
                first = place * _COMMON_UNITS
                self._rows[first : first + len(positions)] += unit_rows(part.channels[positions])

    def _short(self, values: DoubleArray) -> Levels:
        short = values.ravel() @ _mixing(values.size, self._scheme.signature)
        size = float(np.sqrt(np.mean(np.square(short))))
        scaled = short * (_LARGEST / 4 / size) if size > 0 else np.zeros_like(short)
        levels: Levels = np.clip(np.rint(scaled), -_LARGEST, _LARGEST).astype(np.int8)
        return levels


@lru_cache(maxsize=4)
def _mixing(size: int, numbers: int) -> FloatArray:
    """Fixed signs ``[size, numbers]``."""
    return random_signs(b"signature", size * numbers).reshape(size, numbers)


def _moments(rows: FloatArray) -> FloatArray:
    unit = unit_rows(rows)
    moments: FloatArray = unit.T @ unit
    return moments


def _without_scale(gram: DoubleArray) -> DoubleArray:
    """A Gram matrix less its mean diagonal, which says nothing."""
    rest: DoubleArray = gram - np.eye(len(gram)) * np.trace(gram) / len(gram)
    return rest
