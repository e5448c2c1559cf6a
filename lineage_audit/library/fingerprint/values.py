"""What a fingerprint is: sketches of some rows and columns of every layer, and the metadata beside them.

A sketch of a vector over the residual channels is ``numbers`` small integers, proportional to its projections. There
are two: ``channels`` keeps the numbering of channels, ``tokens`` is what the vector says to fixed sums of token
embeddings and so survives any permutation or rotation of the channels. Negating a vector negates both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from lineage_audit.checkpoint.claims import Claims
from lineage_audit.checkpoint.config import ArchConfig
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import IntArray, TensorRef

Levels = npt.NDArray[np.int8]
"""Quantised sketches ``[vectors, numbers]``; a row of zeros is a vector that is zero or was not read."""


class Sketches(Struct, frozen=True, eq=False):
    """Sketches of some vectors of one role.

    Attributes:
        channels: sketches in the model's own channels, ``[vectors, numbers]``.
        tokens: sketches through token embeddings, ``[vectors, numbers]``; zeros where there were none.
        sizes: norms of the vectors, float32 ``[vectors]``; zeros where they were not read whole.
    """

    channels: Levels
    tokens: Levels
    sizes: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.channels)

    def take(self, chosen: IntArray) -> Sketches:
        """Some of them, in the order given."""
        return Sketches(self.channels[chosen], self.tokens[chosen], self.sizes[chosen])


class Block(Struct, frozen=True, eq=False):
    """Sketched vectors of one layer that belong together: FFN units, value dimensions or key dimensions.

    Attributes:
        numbers: number of each unit (or dimension) in its layer; units of several experts are counted through.
        size: how many the layer has in all.
        roles: sketches by role, each in the order of ``numbers``.
    """

    numbers: IntArray
    size: int
    roles: Mapping[Role, Sketches]

    def take(self, chosen: IntArray) -> Block:
        """Some of them, in the order given."""
        return Block(self.numbers[chosen], self.size, {role: part.take(chosen) for role, part in self.roles.items()})


class LayerSketch(Struct, frozen=True, eq=False):
    """One layer; a part that the architecture lacks, or that could not be read, is None."""

    layer: int
    units: Block | None
    values: Block | None
    keys: Block | None


class Gain(Struct, frozen=True, eq=False):
    """One norm's gains over the residual channels.

    Attributes:
        role: the norm.
        layer: its layer, or None.
        levels: the gains, centred and quantised, int8 ``[width]``.
        mean: their mean as they are stored; None in fingerprints of earlier versions.
        deviation: their standard deviation; None likewise.
    """

    role: Role
    layer: int | None
    levels: Levels
    mean: float | None = None
    deviation: float | None = None


class TokenSample(Struct, frozen=True, eq=False):
    """The tokens with the smallest hashes, which stand for the vocabulary.

    Attributes:
        hashes: 64-bit hashes of their bytes, rising, uint64 ``[tokens]``.
        ids: their ids, ``[tokens]``.
        size: ordinary tokens in the whole vocabulary.
        added: added and special tokens.
        digest: over every ordinary token and id, every added one and every merge; equal ones are one tokenizer.
        kind: what the hashes are of: ``bytes`` of tokens, or row ``numbers`` where no tokenizer could be read.
    """

    hashes: npt.NDArray[np.uint64]
    ids: IntArray
    size: int
    added: int
    digest: str
    kind: str


@dataclass(frozen=True, slots=True, eq=False)
class Identity:
    """What a model calls itself and what pins it.

    Attributes:
        ref: the reference as it was given when the fingerprint was made.
        revision: the pinned commit, or None.
        digest: what pins the weights.
        format: weight format.
        parameters: number of stored weights.
        bytes_read: bytes that were read to make the fingerprint.
        caveats: what could not be read, one sentence each.
    """

    ref: str
    revision: str | None
    digest: str
    format: str
    parameters: int
    bytes_read: int
    caveats: tuple[str, ...] = ()


class Fingerprint(Struct, frozen=True, eq=False):
    """Enough of a model to tell its relatives.

    Attributes:
        scheme: id of the parameters that made it.
        effort: ``full`` if every weight of the sketched roles was read, ``sample`` if only the same-number rows.
        identity: which model.
        config: its architecture.
        claims: what its card says.
        tensors: its tensors by name, role and shape; no value can be read from them.
        width: residual channels, 0 where unknown.
        embedding: sketch of every residual channel over the tokens, int8 ``[width, numbers]``, or None.
        gains: norm gains.
        tokens: the vocabulary's sample, or None.
        layers: the sketched layers, in order.
        signature: int8 ``[parts, numbers]``, what the prefilter of a library looks at.
    """

    scheme: str
    effort: str
    identity: Identity
    config: ArchConfig
    claims: Claims
    tensors: tuple[TensorRef, ...]
    width: int
    embedding: Levels | None
    gains: tuple[Gain, ...]
    tokens: TokenSample | None
    layers: tuple[LayerSketch, ...]
    signature: Levels

    def layer(self, number: int) -> LayerSketch | None:
        """One layer by its number, or None if it was not sketched."""
        return next((layer for layer in self.layers if layer.layer == number), None)
