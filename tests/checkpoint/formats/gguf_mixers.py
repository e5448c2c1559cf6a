"""Mixers of a model as the Hub has them, and as llama.cpp's converter writes them: its rules, one function a family."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tests.models import Array, Config, Weights

HIDDEN, LAYERS = 16, 2
CHANNELS, STATES, RANK, TAPS = 24, 4, 3, 4
HEADS, GROUPS = 6, 2
KEY_HEADS, VALUE_HEADS, KEY, VALUE = 2, 6, 4, 5
KEYS, VALUES = KEY_HEADS * KEY, VALUE_HEADS * VALUE

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class Family:
    """A family.

    Attributes:
        original: weights under the Hub's names.
        config: what its configuration says.
        architecture: GGUF's name for it.
        converted: the same weights as the converter writes them.
        numbers: what GGUF states beside them, after the architecture's name.
    """

    original: Weights
    config: Config
    architecture: str
    converted: Weights
    numbers: Mapping[str, int]


def _drawn(at: str, shapes: Shapes) -> Weights:
    rng = np.random.default_rng(len(at))
    names = {at.format(layer) + name: shape for layer in range(LAYERS) for name, shape in shapes.items()}
    weights = {name: rng.standard_normal(shape).astype(np.float32) for name, shape in names.items()}
    return {"model.embed_tokens.weight": rng.standard_normal((32, HIDDEN)).astype(np.float32)} | weights


def _renamed(weights: Weights, at: str, names: Mapping[str, str]) -> Weights:
    """The weights under GGUF's names, decays as they are stored and filters without their middle dimension."""
    found = {"token_embd.weight": weights["model.embed_tokens.weight"]}
    for layer in range(LAYERS):
        for theirs, ours in names.items():
            values = weights[at.format(layer) + theirs]
            if ours == "ssm_a":
                values = -np.exp(values)
            found[f"blk.{layer}.{ours}"] = values.squeeze(1) if values.ndim == 3 else values
    return found


def mamba() -> Family:
    at = "backbone.layers.{}.mixer."
    shapes = {
        "in_proj.weight": (2 * CHANNELS, HIDDEN),
        "conv1d.weight": (CHANNELS, 1, TAPS),
        "conv1d.bias": (CHANNELS,),
        "x_proj.weight": (RANK + 2 * STATES, CHANNELS),
        "dt_proj.weight": (CHANNELS, RANK),
        "dt_proj.bias": (CHANNELS,),
        "A_log": (CHANNELS, STATES),
        "D": (CHANNELS,),
        "out_proj.weight": (HIDDEN, CHANNELS),
    }
    names = {
        "in_proj.weight": "ssm_in.weight",
        "conv1d.weight": "ssm_conv1d.weight",
        "conv1d.bias": "ssm_conv1d.bias",
        "x_proj.weight": "ssm_x.weight",
        "dt_proj.weight": "ssm_dt.weight",
        "dt_proj.bias": "ssm_dt.bias",
        "A_log": "ssm_a",
        "D": "ssm_d",
        "out_proj.weight": "ssm_out.weight",
    }
    original = _drawn(at, shapes)
    config = {"model_type": "mamba", "hidden_size": HIDDEN}
    return Family(original, config, "mamba", _renamed(original, at, names), {})


def mamba2() -> Family:
    at, state = "backbone.layers.{}.mixer.", 2 * GROUPS * STATES
    shapes = {
        "in_proj.weight": (2 * CHANNELS + state + HEADS, HIDDEN),
        "conv1d.weight": (CHANNELS + state, 1, TAPS),
        "dt_bias": (HEADS,),
        "A_log": (HEADS,),
        "D": (HEADS,),
        "norm.weight": (CHANNELS,),
        "out_proj.weight": (HIDDEN, CHANNELS),
    }
    names = {
        "in_proj.weight": "ssm_in.weight",
        "conv1d.weight": "ssm_conv1d.weight",
        "dt_bias": "ssm_dt.bias",
        "A_log": "ssm_a",
        "D": "ssm_d",
        "norm.weight": "ssm_norm.weight",
        "out_proj.weight": "ssm_out.weight",
    }
    original = _drawn(at, shapes)
    converted = _renamed(original, at, names)
    for layer in range(LAYERS):
        for name, shape in (("ssm_a", (HEADS, 1)), ("ssm_d", (HEADS, 1)), ("ssm_norm.weight", (GROUPS, -1))):
            converted[f"blk.{layer}.{name}"] = converted[f"blk.{layer}.{name}"].reshape(shape)
    return Family(original, {"model_type": "mamba2", "hidden_size": HIDDEN}, "mamba2", converted, {})


def short_convolution() -> Family:
    at = "model.layers.{}.conv."
    shapes = {
        "in_proj.weight": (3 * HIDDEN, HIDDEN),
        "conv.weight": (HIDDEN, 1, TAPS),
        "out_proj.weight": (HIDDEN, HIDDEN),
    }
    original = _drawn(at, shapes)
    converted = _renamed(original, at, {name: f"shortconv.{name}" for name in shapes})
    return Family(original, {"model_type": "lfm2", "hidden_size": HIDDEN}, "lfm2", converted, {})


_LINEAR: Config = {
    "hidden_size": HIDDEN,
    "linear_num_key_heads": KEY_HEADS,
    "linear_num_value_heads": VALUE_HEADS,
    "linear_key_head_dim": KEY,
    "linear_value_head_dim": VALUE,
}
_SSM = {"group_count": KEY_HEADS, "time_step_rank": VALUE_HEADS, "state_size": KEY, "inner_size": VALUES}
_DELTA_NET = {
    "conv1d.weight": "ssm_conv1d.weight",
    "dt_bias": "ssm_dt.bias",
    "A_log": "ssm_a",
    "norm.weight": "ssm_norm.weight",
    "out_proj.weight": "ssm_out.weight",
}
_OF_DELTA_NETS: Shapes = {
    "conv1d.weight": (2 * KEYS + VALUES, 1, TAPS),
    "dt_bias": (VALUE_HEADS,),
    "A_log": (VALUE_HEADS,),
    "norm.weight": (VALUE,),
    "out_proj.weight": (HIDDEN, VALUES),
}


def qwen3_next(*, one_matrix: bool) -> Family:
    """Qwen3-Next: what is read stands key head by key head; newer converters take it apart."""
    at = "model.layers.{}.linear_attn."
    shapes = {"in_proj_qkvz.weight": (2 * KEYS + 2 * VALUES, HIDDEN), "in_proj_ba.weight": (2 * VALUE_HEADS, HIDDEN)}
    names = {"in_proj_ba.weight": "ssm_ba.weight"} | ({"in_proj_qkvz.weight": "ssm_in.weight"} if one_matrix else {})
    original = _drawn(at, {**shapes, **_OF_DELTA_NETS})
    converted = _renamed(original, at, names | _DELTA_NET)
    if not one_matrix:
        for layer in range(LAYERS):
            by_head = original[at.format(layer) + "in_proj_qkvz.weight"].reshape(KEY_HEADS, -1, HIDDEN)
            values = VALUES // KEY_HEADS
            ends = (KEY, 2 * KEY, 2 * KEY + values)
            q, k, v, z = (part.reshape(-1, HIDDEN) for part in np.split(by_head, ends, axis=1))
            converted[f"blk.{layer}.attn_qkv.weight"] = np.concatenate([q, k, v])
            converted[f"blk.{layer}.attn_gate.weight"] = z
    return Family(original, {"model_type": "qwen3_next", **_LINEAR}, "qwen3next", converted, _SSM)


def qwen35() -> Family:
    """Qwen 3.5: value heads that share a key head stand next to each other; GGUF has them in turn."""
    at = "model.layers.{}.linear_attn."
    shapes = {
        "in_proj_qkv.weight": (2 * KEYS + VALUES, HIDDEN),
        "in_proj_z.weight": (VALUES, HIDDEN),
        "in_proj_b.weight": (VALUE_HEADS, HIDDEN),
        "in_proj_a.weight": (VALUE_HEADS, HIDDEN),
    }
    names = {
        "in_proj_qkv.weight": "attn_qkv.weight",
        "in_proj_z.weight": "attn_gate.weight",
        "in_proj_b.weight": "ssm_beta.weight",
        "in_proj_a.weight": "ssm_alpha.weight",
    }
    original = _drawn(at, {**shapes, **_OF_DELTA_NETS})
    converted = _renamed(original, at, names | _DELTA_NET)
    for layer in range(LAYERS):
        for name in ("attn_gate.weight", "ssm_beta.weight", "ssm_alpha.weight", "ssm_a", "ssm_dt.bias"):
            converted[f"blk.{layer}.{name}"] = _in_turn(converted[f"blk.{layer}.{name}"])
        for name in ("attn_qkv.weight", "ssm_conv1d.weight"):
            values = converted[f"blk.{layer}.{name}"]
            converted[f"blk.{layer}.{name}"] = np.concatenate([values[: 2 * KEYS], _in_turn(values[2 * KEYS :])])
        output = converted[f"blk.{layer}.ssm_out.weight"]
        converted[f"blk.{layer}.ssm_out.weight"] = np.ascontiguousarray(_in_turn(output.T).T)
    return Family(original, {"model_type": "qwen3_5_text", **_LINEAR}, "qwen35", converted, _SSM)


def _in_turn(rows: Array) -> Array:
    heads = rows.reshape(KEY_HEADS, VALUE_HEADS // KEY_HEADS, -1, *rows.shape[1:])
    return np.ascontiguousarray(heads.swapaxes(0, 1)).reshape(rows.shape)


def kimi() -> Family:
    at = "model.layers.{}.self_attn."
    shapes = {
        **{f"{name}_proj.weight": (CHANNELS, HIDDEN) for name in "qkv"},
        **{f"{name}_conv1d.weight": (CHANNELS, 1, TAPS) for name in "qkv"},
        "f_a_proj.weight": (RANK, HIDDEN),
        "f_b_proj.weight": (CHANNELS, RANK),
        "g_a_proj.weight": (RANK, HIDDEN),
        "g_b_proj.weight": (CHANNELS, RANK),
        "b_proj.weight": (HEADS, HIDDEN),
        "dt_bias": (CHANNELS,),
        "A_log": (HEADS,),
        "o_norm.weight": (CHANNELS // HEADS,),
        "o_proj.weight": (HIDDEN, CHANNELS),
    }
    names = {
        **{f"{name}_proj.weight": f"attn_{name}.weight" for name in "qkv"},
        **{f"{name}_conv1d.weight": f"ssm_conv1d_{name}.weight" for name in "qkv"},
        **{f"{name}_proj.weight": f"ssm_{name}.weight" for name in ("f_a", "f_b", "g_a", "g_b")},
        "b_proj.weight": "ssm_beta.weight",
        "dt_bias": "ssm_dt.bias",
        "A_log": "ssm_a",
        "o_norm.weight": "ssm_norm.weight",
        "o_proj.weight": "attn_output.weight",
    }
    original = _drawn(at, shapes)
    converted = _renamed(original, at, names)
    for layer in range(LAYERS):
        original[at.format(layer) + "A_log"] = original[at.format(layer) + "A_log"].reshape(1, 1, HEADS, 1)
    return Family(original, {"model_type": "kimi_linear", "hidden_size": HIDDEN}, "kimi-linear", converted, {})


FAMILIES = {
    "mamba": mamba,
    "mamba2": mamba2,
    "lfm2": short_convolution,
    "qwen3next": lambda: qwen3_next(one_matrix=False),
    "qwen3next, one matrix": lambda: qwen3_next(one_matrix=True),
    "qwen35": qwen35,
    "kimi-linear": kimi,
}
