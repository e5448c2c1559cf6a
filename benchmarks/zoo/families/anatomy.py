"""The numbers that settle a model's symmetries, read off its configuration and its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.zoo.families.axes import Weights
    from benchmarks.zoo.families.family import Family


@dataclass(frozen=True, slots=True)
class Anatomy:
    """How rows fall into heads, and which kind of norm there is.

    Attributes:
        layers: number of layers.
        kv_heads: number of key/value heads, each shared by ``per_group`` query heads.
        per_group: query heads of a KV group.
        head_dim: rows of a head.
        rotary_dims: rows of a head that are rotated in pairs (i, i + rotary_dims / 2); 0 without rotation.
        gated: the FFN has a gate beside its up projection.
        rms_norm: norms divide by the root mean square alone, without centring.
        norm_offset: what is added to a stored norm gain (Gemma stores the gain less one).
    """

    layers: int
    kv_heads: int
    per_group: int
    head_dim: int
    rotary_dims: int
    gated: bool
    rms_norm: bool
    norm_offset: float


def anatomy_of(config: Mapping[str, object], weights: Weights, family: Family) -> Anatomy:
    """Read the anatomy of a model whose weights have the zoo's names."""
    heads = integer_field(config, "num_attention_heads", "n_head")
    head_dim = weights["layers.0.q.weight"].shape[0] // heads
    kv_heads = weights["layers.0.k.weight"].shape[0] // head_dim
    return Anatomy(
        layers=layer_count(weights),
        kv_heads=kv_heads,
        per_group=heads // kv_heads,
        head_dim=head_dim,
        rotary_dims=_rotary_dims(config, head_dim),
        gated=any(name.endswith(".gate.weight") for name in weights),
        rms_norm="final_norm.bias" not in weights,
        norm_offset=family.norm_offset,
    )


def layer_count(weights: Weights) -> int:
    """Number of layers among the tensors' names."""
    return 1 + max(int(name.split(".")[1]) for name in weights if name.startswith("layers."))


def integer_field(config: Mapping[str, object], *names: str) -> int:
    """The first of the fields that the configuration has."""
    value = next(config[name] for name in names if name in config)
    assert isinstance(value, int)
    return value


def _rotary_dims(config: Mapping[str, object], head_dim: int) -> int:
    rotary = config.get("rope_parameters")
    if not isinstance(rotary, Mapping):
        return 0
    return int(head_dim * float(rotary.get("partial_rotary_factor", 1.0)))
