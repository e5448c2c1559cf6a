"""The few numbers that splitting fused tensors needs: head counts and widths."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from lineage_audit.checkpoint.config.fields import ArchConfig


class MixerGeometry(Struct, frozen=True):
    """Heads of linear attention, where values may have more of them than keys.

    Attributes:
        key_heads: heads of queries and keys.
        value_heads: heads of values, each key head's next to each other.
        key_dim: rows of a key head.
        value_dim: rows of a value head.
    """

    key_heads: int
    value_heads: int
    key_dim: int
    value_dim: int

    @property
    def keys(self) -> int:
        """Key dimensions of all heads."""
        return self.key_heads * self.key_dim

    @property
    def values(self) -> int:
        """Value dimensions of all heads."""
        return self.value_heads * self.value_dim

    @property
    def shared(self) -> int:
        """Value heads of a key head."""
        return self.value_heads // self.key_heads


class Geometry(Struct, frozen=True):
    """Sizes of one architecture; None where the configuration does not say.

    Attributes:
        model_type: what the architecture calls itself.
        qkv_layout: how fused q/k/v stand where a family has several layouts (``per-head``).
        hidden: residual channels.
        heads: query heads.
        head_dim: rows of one head.
        ffn: FFN units of a dense layer.
        vocabulary: rows of the embedding.
        experts: routed experts of a layer.
        kv_rank: width of the compressed keys and values (latent attention).
        nope_dim: rows of a head's key that carry no position (latent attention).
        value_dim: rows of a head's value (latent attention).
        mixer: heads of linear attention.
    """

    model_type: str | None = None
    qkv_layout: str | None = None
    hidden: int | None = None
    heads: int | None = None
    head_dim: int | None = None
    ffn: int | None = None
    vocabulary: int | None = None
    experts: int | None = None
    kv_rank: int | None = None
    nope_dim: int | None = None
    value_dim: int | None = None
    mixer: MixerGeometry | None = None

    def sliced(self, count: int) -> Geometry:
        """The sizes of one of ``count`` slices: its share of the heads and of the FFN units."""
        if count == 1:
            return self
        heads, ffn = (None if size is None else size // count for size in (self.heads, self.ffn))
        return replace(self, heads=heads, ffn=ffn)


_LARGEST = 2**31
"""A larger size is no size."""

_FIELDS = {
    "hidden": "hidden_size",
    "heads": "num_heads",
    "head_dim": "head_dim",
    "ffn": "ffn_size",
    "vocabulary": "vocab_size",
    "experts": "num_experts",
    "kv_rank": "kv_lora_rank",
    "nope_dim": "qk_nope_head_dim",
    "value_dim": "v_head_dim",
}
"""Attribute of ``Geometry`` -> field of the one vocabulary."""


def read_geometry(config: ArchConfig) -> Geometry:
    """Return the sizes that a configuration states; those that make no sense count as unsaid."""
    sizes = {attribute: _positive(config, field) for attribute, field in _FIELDS.items()}
    if sizes["head_dim"] is None and sizes["hidden"] is not None and sizes["heads"] is not None:
        width, remainder = divmod(sizes["hidden"], sizes["heads"])
        sizes["head_dim"] = width if width and not remainder else None
    return Geometry(config.text("model_type"), config.text("qkv_layout"), **sizes, mixer=_mixer(config))


_MIXER_KEYS = ("linear_num_key_heads", "linear_num_value_heads", "linear_key_head_dim", "linear_value_head_dim")


def _mixer(config: ArchConfig) -> MixerGeometry | None:
    stated = [config.other.get(key) for key in _MIXER_KEYS]
    sizes = [size for size in stated if type(size) is int and 0 < size < _LARGEST]
    if len(sizes) < len(_MIXER_KEYS) or sizes[1] % sizes[0]:
        return None
    return MixerGeometry(*sizes)


def _positive(config: ArchConfig, field: str) -> int | None:
    value = config.integer(field)
    return value if value is not None and value > 0 else None
