"""Attention in GGUF, as llama.cpp's converter writes it family by family: roles and rows are the original's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("gguf")

from lineage_audit.checkpoint import open_checkpoint
from tests.checkpoint.formats.gguf_files import permuted, write_gguf
from tests.models import Array, Config, Weights, repository, write

HIDDEN, HEADS, GROUPS = 32, 4, 2
DIM = HIDDEN // HEADS
CONFIG: Config = {"hidden_size": HIDDEN, "num_attention_heads": HEADS, "num_hidden_layers": 1}
GROUPED: Config = {**CONFIG, "num_key_value_heads": GROUPS}

Made = tuple[Weights, Weights, Config, str]


def _drawn(*shape: int) -> Array:
    return np.random.default_rng(shape).standard_normal(shape).astype(np.float32)


def _head_by_head(fused: Array) -> Array:
    """Rows held head by head (q, k, v) as all q, all k, all v."""
    return fused.reshape(HEADS, 3, DIM, *fused.shape[1:]).swapaxes(0, 1).reshape(fused.shape)


def _group_by_group(fused: Array) -> tuple[Array, Array, Array]:
    """The q, k and v of rows held group by group."""
    groups = fused.reshape(GROUPS, -1, DIM, fused.shape[-1])
    q, k, v = groups[:, :-2], groups[:, -2], groups[:, -1]
    return q.reshape(-1, HIDDEN), k.reshape(-1, HIDDEN), v.reshape(-1, HIDDEN)


def bloom() -> Made:
    weight, bias = _drawn(3 * HIDDEN, HIDDEN), _drawn(3 * HIDDEN)
    at = "transformer.h.0.self_attention.query_key_value."
    output = "transformer.h.0.self_attention.dense.weight"
    hub = {at + "weight": weight, at + "bias": bias, output: _drawn(HIDDEN, HIDDEN)}
    ours = {
        "blk.0.attn_qkv.weight": _head_by_head(weight),
        "blk.0.attn_qkv.bias": _head_by_head(bias),
        "blk.0.attn_output.weight": _drawn(HIDDEN, HIDDEN),
    }
    return hub, ours, {**CONFIG, "model_type": "bloom"}, "bloom"


def gpt_neox() -> Made:
    weight = _drawn(3 * HIDDEN, HIDDEN)
    hub = {"gpt_neox.layers.0.attention.query_key_value.weight": weight}
    return hub, {"blk.0.attn_qkv.weight": _head_by_head(weight)}, {**CONFIG, "model_type": "gpt_neox"}, "gptneox"


def gpt2() -> Made:
    """Conv1D stores ``[in, out]``."""
    hub = {
        "h.0.attn.c_attn.weight": _drawn(HIDDEN, 3 * HIDDEN),
        "h.0.attn.c_proj.weight": _drawn(HIDDEN, HIDDEN),
        "h.0.mlp.c_fc.weight": _drawn(HIDDEN, 4 * HIDDEN),
        "h.0.mlp.c_proj.weight": _drawn(4 * HIDDEN, HIDDEN),
    }
    names = ("attn_qkv", "attn_output", "ffn_up", "ffn_down")
    ours = {f"blk.0.{name}.weight": np.ascontiguousarray(v.T) for name, v in zip(names, hub.values(), strict=True)}
    return hub, ours, {**CONFIG, "model_type": "gpt2"}, "gpt2"


def falcon() -> Made:
    weight = _drawn(HIDDEN + 2 * GROUPS * DIM, HIDDEN)
    hub = {"transformer.h.0.self_attention.query_key_value.weight": weight}
    config = {**CONFIG, "model_type": "falcon", "new_decoder_architecture": True, "num_kv_heads": GROUPS}
    return hub, {"blk.0.attn_qkv.weight": np.concatenate(_group_by_group(weight))}, config, "falcon"


def internlm2() -> Made:
    weight = _drawn(HIDDEN + 2 * GROUPS * DIM, HIDDEN)
    q, k, v = _group_by_group(weight)
    ours = {"attn_q": permuted(q, HEADS, HEADS), "attn_k": permuted(k, HEADS, GROUPS), "attn_v": v}
    hub = {"model.layers.0.attention.wqkv.weight": weight}
    named = {f"blk.0.{name}.weight": values for name, values in ours.items()}
    return hub, named, {**GROUPED, "model_type": "internlm2"}, "internlm2"


def baichuan() -> Made:
    weight = _drawn(3 * HIDDEN, HIDDEN)
    q, k, v = np.split(weight, 3)
    ours = {"attn_q": permuted(q, HEADS, HEADS), "attn_k": permuted(k, HEADS, HEADS), "attn_v": v}
    hub = {"model.layers.0.self_attn.W_pack.weight": weight}
    named = {f"blk.0.{name}.weight": values for name, values in ours.items()}
    return hub, named, {**CONFIG, "model_type": "baichuan"}, "baichuan"


@pytest.mark.parametrize("family", [bloom, gpt_neox, gpt2, falcon, internlm2, baichuan])
def test_a_converted_layer_is_the_originals(family: Callable[[], Made], tmp_path: Path) -> None:
    hub, ours, config, architecture = family()
    stated = {**config, "num_key_value_heads": config.get("num_kv_heads", config.get("num_key_value_heads", HEADS))}
    original = open_checkpoint(str(write(tmp_path / "hub", repository(hub, config))))
    file = open_checkpoint(str(write_gguf(tmp_path / "m.gguf", ours, architecture=architecture, config=stated)))
    assert set(file.by_key) == set(original.by_key)
    assert len(file.by_key) >= 3
    for key, tensor in original.by_key.items():
        rows = tensor.shape[0]
        np.testing.assert_array_equal(file.rows(file.by_key[key], 0, rows), original.rows(tensor, 0, rows), str(key))
