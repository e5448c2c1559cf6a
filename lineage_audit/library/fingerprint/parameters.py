"""Every number that decides what a fingerprint holds; together they are its scheme, whose id they make.

Two fingerprints compare only under one scheme. The layout fits a 7B model of 32 layers into 2 MiB: 144 FFN units and
64 value and key dimensions a layer, six (four) sketched vectors each, 64 numbers of four bits a sketch, twice.
"""

from __future__ import annotations

import hashlib
from functools import cached_property

from msgspec import Struct
from msgspec.structs import fields


class SketchScheme(Struct, frozen=True, dict=True):
    """What a fingerprint of this kind holds.

    Attributes:
        version: raised when the way a number is made changes.
        numbers: numbers in a sketch of one vector.
        step: width of a quantisation level, in root mean squares of the sketch.
        largest: largest level; levels run from minus this to this, which fits four bits.
        units: FFN units in all layers together.
        units_in_layer: most of one layer.
        dimensions: value (and key) dimensions in all layers together.
        dimensions_in_layer: most of one layer.
        written_channels: residual channels, from the first, that sketches of columns (down, o) look at.
        tokens: tokens that stand for the vocabulary, those with the smallest hashes.
        gain_bytes: most bytes of norm gains.
        experts: experts of a layer, from the first, whose units are looked at.
        signature: numbers in each part of the signature that the prefilter looks at.
    """

    version: int = 2
    numbers: int = 64
    step: float = 0.34
    largest: int = 7
    units: int = 4608
    units_in_layer: int = 256
    dimensions: int = 2048
    dimensions_in_layer: int = 64
    written_channels: int = 512
    tokens: int = 2048
    gain_bytes: int = 128 * 1024
    experts: int = 8
    signature: int = 256

    @cached_property
    def id(self) -> str:
        """Names every parameter: equal ids, comparable fingerprints."""
        named = ",".join(f"{field.name}={getattr(self, field.name)!r}" for field in fields(self))
        return f"lineage-audit/fingerprint/{self.version}-{hashlib.sha256(named.encode()).hexdigest()[:12]}"


SCHEME = SketchScheme()
