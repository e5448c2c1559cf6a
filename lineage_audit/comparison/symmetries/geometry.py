"""How a model's rows fall into heads and rotary pairs, from its configuration and its shapes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.model_parts import ModelPart
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import TensorRef


@dataclass(frozen=True, slots=True)
class Heads:
    """The attention heads of every layer.

    Attributes:
        head_dim: rows of q (or k) in a head.
        value_dim: rows of v in a head.
        kv_heads: number of key/value heads, each shared by ``per_group`` query heads.
        per_group: query heads of a KV group.
    """

    head_dim: int
    value_dim: int
    kv_heads: int
    per_group: int

    @property
    def queries(self) -> int:
        """Number of query heads."""
        return self.kv_heads * self.per_group


@dataclass(frozen=True, slots=True)
class HeadLayouts:
    """The head layouts of two models whose heads are of one size; one of them may have fewer."""

    a: Heads
    b: Heads


@dataclass(frozen=True, slots=True)
class Rotary:
    """How positions turn the rows of a query or key head.

    Attributes:
        dims: rows of a head that are rotated in pairs; 0 without rotary embeddings.
        adjacent: pairs are (0, 1), (2, 3), ...; otherwise (0, dims / 2), (1, dims / 2 + 1), ...
    """

    dims: int
    adjacent: bool


def heads_of(checkpoint: Checkpoint) -> Heads | None:
    """Read off the head layout; None where the configuration does not settle it or the shapes contradict it."""
    q, k, v = (_rows(checkpoint.core, role) for role in (Role.Q, Role.K, Role.V))
    return _heads(q, k, v, checkpoint.config.integer("num_heads"))


def heads_of_part(checkpoint: Checkpoint, part: ModelPart) -> Heads | None:
    """Read off the head layout of a part beside the core; an encoder without a word of its own has the decoder's."""
    tensors = [tensor for tensor in checkpoint.tensors if tensor.part is part]
    q, k, v = (_rows(tensors, role) for role in (Role.Q, Role.K, Role.V))
    stated = checkpoint.config.parts.get(part)
    if stated is None and part is ModelPart.ENCODER:
        stated = checkpoint.config
    return _heads(q, k, v, stated.integer("num_heads") if stated is not None else None)


def _heads(q: int | None, k: int | None, v: int | None, num_heads: int | None) -> Heads | None:
    """The layout of q, k and v with so many rows each."""
    if not (q and k and v):
        return None
    if not num_heads or num_heads < 0 or q % num_heads:
        return None
    head_dim = q // num_heads
    if k % head_dim or num_heads % (k // head_dim) or v % (k // head_dim):
        return None
    kv_heads = k // head_dim
    return Heads(head_dim, v // kv_heads, kv_heads, num_heads // kv_heads)


def heads_of_size(checkpoint: Checkpoint, head_dim: int, value_dim: int) -> Heads | None:
    """The layout that a model's rows have if its heads are of this size; None where they cannot be."""
    q, k, v = (_rows(checkpoint.core, role) or 0 for role in (Role.Q, Role.K, Role.V))
    if not k or k % head_dim or q % k or v * head_dim != k * value_dim:
        return None
    return Heads(head_dim, value_dim, k // head_dim, q // k)


def rotary_of(checkpoint: Checkpoint, heads: Heads) -> Rotary | None:
    """Read off the rotary layout; None where the configuration does not say whether positions rotate."""
    encoding = checkpoint.config.text("position_encoding")
    if encoding is None:
        return None
    if encoding != "rotary":
        return Rotary(0, adjacent=False)
    fraction = checkpoint.config.number("rotary_fraction")
    dims = int(heads.head_dim * (1.0 if fraction is None else min(max(fraction, 0.0), 1.0)))
    return Rotary(dims - dims % 2, adjacent=checkpoint.config.flag("rotary_interleaved") is True)


def _rows(tensors: Iterable[TensorRef], role: Role) -> int | None:
    """Rows of a role in the first layer that has it as a weight."""
    layers = (tensor for tensor in tensors if tensor.role == role and tensor.slot == "weight")
    first = next(layers, None)
    return first.shape[0] if first is not None and first.layer is not None else None
