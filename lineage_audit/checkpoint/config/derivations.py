"""Meanings that a key alone does not settle: one short function a family, and those that hold for all.

Each takes the configuration as stated and returns fields that replace what was read from aliases; None takes
a field away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lineage_audit.checkpoint.config.fields import FieldValue
from lineage_audit.checkpoint.config.fields_table import FIELDS
from lineage_audit.checkpoint.config.values import checked, clean_text, lookup

Config = Mapping[str, object]
_Fields = dict[str, FieldValue]

_POSITION_ENCODINGS: Mapping[str, str] = {
    "absolute": "learned",
    "learned": "learned",
    "learned_absolute": "learned",
    "rope": "rotary",
    "rotary": "rotary",
    "alibi": "alibi",
    "nope": "none",
    "none": "none",
}
_SCALING_TYPE_KEYS = ("rope_type", "type")
_NOT_SCALING = frozenset({*_SCALING_TYPE_KEYS, "rope_theta", "partial_rotary_factor"})


def common(config: Config) -> _Fields:
    """Fields that every family may state in a form of its own."""
    fields: _Fields = {}
    architectures = config.get("architectures")
    if isinstance(architectures, list) and architectures:
        fields["architecture"] = checked(architectures[0], FIELDS["architecture"])
    if config.get("use_sliding_window") is False:
        fields["sliding_window"] = None
    return {
        **{name: value for name, value in fields.items() if value is not None or name == "sliding_window"},
        **_rope_scaling(config),
        **_position_encoding(config),
        **_quantization(config),
    }


def _rope_scaling(config: Config) -> _Fields:
    """Write scaling as one line, ``yarn(factor=4.0, ...)``, from either generation of transformers."""
    full = lookup(config, "rope_parameters.full_attention")
    for stated in (full, config.get("rope_parameters"), config.get("rope_scaling")):
        if not isinstance(stated, Mapping):
            continue
        kind = next((stated[key] for key in _SCALING_TYPE_KEYS if isinstance(stated.get(key), str)), "default")
        details = [
            f"{key}={value}"
            for key, value in sorted(stated.items(), key=lambda item: str(item[0]))
            if key not in _NOT_SCALING and isinstance(value, int | float | str)
        ]
        if kind == "default" or not kind.strip():
            return {"rope_scaling": "none"}
        return {"rope_scaling": clean_text(f"{kind}({', '.join(details)})")}
    if "rope_scaling" in config and config["rope_scaling"] is None:
        return {"rope_scaling": "none"}
    return {}


def _position_encoding(config: Config) -> _Fields:
    stated = config.get("position_embedding_type")
    if isinstance(stated, str) and stated in _POSITION_ENCODINGS:
        return {"position_encoding": _POSITION_ENCODINGS[stated]}
    if config.get("alibi") is True or lookup(config, "attn_config.alibi") is True:
        return {"position_encoding": "alibi", "rope_theta": None}
    return {}


def _quantization(config: Config) -> _Fields:
    """Name schemes that state no ``quant_method``: bitsandbytes' flags, and MLX's bare object."""
    stated = config.get("quantization_config")
    if isinstance(stated, Mapping) and not isinstance(stated.get("quant_method"), str):
        flags = [stated.get("load_in_4bit"), stated.get("load_in_8bit")]
        return {"quantization": "bitsandbytes"} if True in flags else {}
    stated = config.get("quantization")
    return {"quantization": "mlx"} if isinstance(stated, Mapping) and "group_size" in stated else {}


def _qwen(config: Config) -> _Fields:
    """Qwen 1 stores twice the FFN size, gate and up together; ``no_bias`` does not speak of q, k and v."""
    doubled = checked(config.get("intermediate_size"), FIELDS["ffn_size"])
    return {"ffn_size": doubled // 2} if isinstance(doubled, int) and doubled > 1 else {}


def _falcon(config: Config) -> _Fields:
    heads = checked(config.get("num_attention_heads") or config.get("n_head"), FIELDS["num_heads"])
    if config.get("new_decoder_architecture") is True or config.get("model_type") == "RefinedWeb":
        return {"qkv_layout": "grouped"}
    if config.get("multi_query", True) is not False:
        return {"qkv_layout": "multi-query", "num_kv_heads": 1}
    return {"qkv_layout": "per-head", "num_kv_heads": heads}


def _gpt_bigcode(config: Config) -> _Fields:
    if config.get("multi_query", True) is not False:
        return {"qkv_layout": "multi-query", "num_kv_heads": 1}
    return {"qkv_layout": "per-head"}


def _mpt(config: Config) -> _Fields:
    fields: _Fields = {}
    ratio = checked(config.get("expansion_ratio"), FIELDS["ffn_size"])
    width = checked(config.get("d_model"), FIELDS["hidden_size"])
    if isinstance(ratio, int) and isinstance(width, int):
        fields["ffn_size"] = checked(ratio * width, FIELDS["ffn_size"])
    groups = checked(lookup(config, "attn_config.kv_n_heads"), FIELDS["num_kv_heads"])
    if isinstance(groups, int):
        fields["num_kv_heads"] = groups
    if isinstance(config.get("no_bias"), bool):
        fields["attention_bias"] = fields["ffn_bias"] = not config["no_bias"]
    if lookup(config, "attn_config.alibi") is False:
        rotary = lookup(config, "attn_config.rope") is True
        fields["position_encoding"] = "rotary" if rotary else "learned"
    return fields


def _chatglm(config: Config) -> _Fields:
    """ChatGLM 1 is a different design under the same model type: GELU, layer norms, one head per KV group."""
    if "position_encoding_2d" in config or "inner_hidden_size" in config:
        return {
            "activation": "gelu_tanh",
            "gated_ffn": False,
            "norm": "layernorm",
            "norm_position": "post",
            "attention_bias": True,
            "ffn_bias": True,
            "rotary_interleaved": False,
            "qkv_layout": "per-head",
        }
    fields: _Fields = {}
    ratio = config.get("rope_ratio")
    if isinstance(ratio, int | float) and not isinstance(ratio, bool) and 0 < ratio < 1e9:
        fields["rope_theta"] = 10000.0 * float(ratio)
    if config.get("multi_query_attention") is False:
        fields["num_kv_heads"] = None
    if config.get("rmsnorm") is False:
        fields["norm"] = "layernorm"
    return fields


def _baichuan(config: Config) -> _Fields:
    """The 13B models use ALiBi and state ``model_max_length`` alone; the 7B models use rotary positions."""
    if "max_position_embeddings" not in config and "model_max_length" in config:
        return {"position_encoding": "alibi", "rope_theta": None}
    return {}


def _gemma(config: Config) -> _Fields:
    """Gemma 1 was released with ``gelu`` where the tanh approximation was meant."""
    stated = config.get("hidden_activation") or config.get("hidden_act")
    return {"activation": "gelu_tanh"} if stated == "gelu" else {}


def _gptj(config: Config) -> _Fields:
    """GPT-J states how many channels of a head are rotated."""
    rotated = checked(config.get("rotary_dim"), FIELDS["head_dim"])
    width = checked(config.get("n_embd"), FIELDS["hidden_size"])
    heads = checked(config.get("n_head"), FIELDS["num_heads"])
    if isinstance(rotated, int) and isinstance(width, int) and isinstance(heads, int) and width >= heads:
        return {"rotary_fraction": rotated / (width // heads)}
    return {}


def _opt(config: Config) -> _Fields:
    return {"norm_position": "post"} if config.get("do_layer_norm_before") is False else {}


def _distilbert(config: Config) -> _Fields:
    return {"position_encoding": "sinusoidal"} if config.get("sinusoidal_pos_embds") is True else {}


BY_FAMILY: Mapping[str, Callable[[Config], _Fields]] = {
    "qwen": _qwen,
    "falcon": _falcon,
    "gpt_bigcode": _gpt_bigcode,
    "mpt": _mpt,
    "chatglm": _chatglm,
    "baichuan": _baichuan,
    "gemma": _gemma,
    "gptj": _gptj,
    "opt": _opt,
    "distilbert": _distilbert,
}
"""What a family's keys mean beyond their aliases."""
