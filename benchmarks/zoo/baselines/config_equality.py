"""Equal configurations: "the same architecture, so the same model"."""

from __future__ import annotations

from lineage_audit.checkpoint import Checkpoint

_SIZES = ("hidden_size", "intermediate_size", "num_layers", "num_heads", "num_kv_heads", "vocab_size", "rope_theta")


def config_equality(a: Checkpoint, b: Checkpoint) -> float:
    """Return the share of the sizes in the two configurations that are equal."""
    return sum(a.config.fields.get(name) == b.config.fields.get(name) for name in _SIZES) / len(_SIZES)
