"""How a model's rows fall into heads and rotary pairs, from its configuration and its shapes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.model_parts import ModelPart
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import TensorRef


class Heads(Struct, frozen=True):
    """The attention heads of a layer.

    Attributes:
        head_dim: rows of q (or k) in a head.
        value_dim: rows of v in a head.
        kv_heads: number of key/value heads, each shared by ``per_group`` query heads.
        per_group: query heads of a KV group.
        dims: where the rows of q (or k) stand in their head, of which only some are at hand; None where all are.
    """

    head_dim: int
    value_dim: int
    kv_heads: int
    per_group: int
    dims: tuple[int, ...] | None = None

    @property
    def queries(self) -> int:
        """Number of query heads."""
        return self.kv_heads * self.per_group

    @property
    def size(self) -> tuple[int, int]:
        """Rows of q (or k) and of v in a head."""
        return self.head_dim, self.value_dim


class HeadsByLayer(Struct, frozen=True):
    """The attention heads of a model, whose layers may differ in their size or number (Gemma 4, OpenELM).

    Attributes:
        usual: those of most layers.
        apart: those of the others, by layer; None where they are not known.
    """

    usual: Heads
    apart: Mapping[int, Heads | None] = field(default_factory=dict)

    def at(self, layer: int | None) -> Heads | None:
        """The heads of a layer."""
        return self.usual if layer is None else self.apart.get(layer, self.usual)


class HeadLayouts(Struct, frozen=True):
    """The head layouts of two models whose usual heads are of one size; one of them may have fewer."""

    a: HeadsByLayer
    b: HeadsByLayer

    def between(self, layer_a: int, layer_b: int) -> tuple[Heads, Heads] | None:
        """The heads of a layer of A and one of B; None where theirs are of different sizes."""
        of_a, of_b = self.a.at(layer_a), self.b.at(layer_b)
        return None if of_a is None or of_b is None or of_a.size != of_b.size else (of_a, of_b)


class LatentHeads(Struct, frozen=True):
    """The heads of latent attention: of a query, first the rows without position, then the rotated ones.

    Attributes:
        count: how many there are.
        plain: rows of a query (and of a key of its own) that carry no position.
        rotated: rows of a query that are rotated in adjacent pairs, against one key that all heads share.
    """

    count: int
    plain: int
    rotated: int


class Rotary(Struct, frozen=True):
    """How positions rotate the rows of a query or key head.

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


def heads_by_layer(checkpoint: Checkpoint) -> HeadsByLayer | None:
    """The head layout of every layer of the core; None where that of the first is not known."""
    return _by_layer(checkpoint.core, heads_of(checkpoint), checkpoint.config.integer("num_heads"))


def _by_layer(tensors: Iterable[TensorRef], usual: Heads | None, num_heads: int | None) -> HeadsByLayer | None:
    if usual is None:
        return None
    shapes: dict[int, dict[Role, tuple[int, ...]]] = defaultdict(dict)
    for tensor in tensors:
        if tensor.layer is not None and tensor.slot == "weight" and tensor.role in _OF_HEADS:
            shapes[tensor.layer][tensor.role] = tensor.shape
    found = {layer: _heads_in(of_layer, num_heads) for layer, of_layer in shapes.items() if Role.Q in of_layer}
    return HeadsByLayer(usual, {layer: heads for layer, heads in found.items() if heads != usual})


_OF_HEADS = frozenset({Role.Q, Role.K, Role.V, Role.Q_NORM})


def _heads_in(shapes: Mapping[Role, tuple[int, ...]], num_heads: int | None) -> Heads | None:
    """The layout of one layer: a norm of queries has the size of a head, or heads are as many as is stated.

    Where keys are the values too, there are no values.
    """
    q, k = (shapes.get(role, (0,))[0] for role in (Role.Q, Role.K))
    v, norm = shapes.get(Role.V, (k,))[0], shapes.get(Role.Q_NORM, ())
    width = norm[0] if len(norm) == 1 else 0
    if width and width != q and q % width == 0 and k % width == 0:
        num_heads = q // width
    return _heads(q, k, v, num_heads)


def heads_of_part(checkpoint: Checkpoint, part: ModelPart) -> HeadsByLayer | None:
    """Read off the head layout of a part beside the core; an encoder without a word of its own has the decoder's."""
    tensors = [tensor for tensor in checkpoint.tensors if tensor.part is part]
    q, k, v = (_rows(tensors, role) for role in (Role.Q, Role.K, Role.V))
    stated = checkpoint.config.parts.get(part)
    if stated is None and part is ModelPart.ENCODER:
        stated = checkpoint.config
    num_heads = stated.integer("num_heads") if stated is not None else None
    return _by_layer(tensors, _heads(q, k, v, num_heads), num_heads)


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


def latent_heads_of(checkpoint: Checkpoint) -> LatentHeads | None:
    """Read off the heads of latent attention; None without any, or where the shapes contradict the stated number."""
    heads = checkpoint.config.integer("num_heads")
    q, k = (_rows(checkpoint.core, role) for role in (Role.Q_B, Role.K_B))
    q = q or _rows(checkpoint.core, Role.Q)
    rotated = _rows(checkpoint.core, Role.K_ROPE) or 0
    if not (heads and heads > 0 and q and k) or k % heads or q != k + heads * rotated:
        return None
    return LatentHeads(heads, k // heads, rotated)


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
