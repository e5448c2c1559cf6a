"""The few numbers that splitting fused tensors needs: head counts and widths."""

from __future__ import annotations

from dataclasses import dataclass

from lineage_audit.checkpoint.config.fields import ArchConfig


@dataclass(frozen=True, slots=True)
class Geometry:
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
        mixer_values: value dimensions of linear attention, of all heads together.
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
    mixer_values: int | None = None


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
    return Geometry(config.text("model_type"), config.text("qkv_layout"), **sizes, mixer_values=_mixer_values(config))


def _mixer_values(config: ArchConfig) -> int | None:
    heads, dim = (config.other.get(key) for key in ("linear_num_value_heads", "linear_value_head_dim"))
    return heads * dim if isinstance(heads, int) and isinstance(dim, int) and heads > 0 and dim > 0 else None


def _positive(config: ArchConfig, field: str) -> int | None:
    value = config.integer(field)
    return value if value is not None and value > 0 else None
