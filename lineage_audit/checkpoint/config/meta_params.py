"""``params.json``, the configuration beside Meta's and Mistral's own weight files."""

from __future__ import annotations

from collections.abc import Mapping

from lineage_audit.checkpoint.config.fields_table import FIELDS
from lineage_audit.checkpoint.config.values import checked


def with_meta_defaults(params: Mapping[str, object]) -> dict[str, object]:
    """Add what Meta's reference code computes: the FFN size, and the rotary order of its weights.

    The FFN has ``8/3 * dim`` units, times ``ffn_dim_multiplier``, rounded up to ``multiple_of`` (256 unless
    stated). Mistral's files state ``hidden_dim`` instead. Negative vocabulary sizes (Llama 1 and 2 leave it
    to the tokenizer) are dropped with all other values that do not fit.
    """
    config: dict[str, object] = {"model_type": "llama", "rope_interleaved": True, **params}
    width = checked(params.get("dim"), FIELDS["hidden_size"])
    if "hidden_dim" not in params and isinstance(width, int):
        config["hidden_dim"] = _ffn_size(width, params)
    if "moe" in params:
        config["model_type"] = "mixtral"
    return config


def _ffn_size(width: int, params: Mapping[str, object]) -> int:
    units = int(2 * 4 * width / 3)
    multiplier = checked(params.get("ffn_dim_multiplier"), FIELDS["norm_eps"])
    if isinstance(multiplier, float):
        units = int(multiplier * units)
    step = checked(params.get("multiple_of"), FIELDS["hidden_size"])
    multiple = step if isinstance(step, int) else 256
    return -(-units // multiple) * multiple
