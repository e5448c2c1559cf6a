"""Fused layouts and rotary orders of models that transformers lacks, against their own code in a few lines."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from lineage_audit.checkpoint.names import map_names
from lineage_audit.checkpoint.tensors import TensorRef
from tests.checkpoint.names.stored import Array, all_stored, by_role, config_of, read, stored, unread_rows

HEADS, KV_HEADS, WIDTH, HIDDEN, FFN = 6, 2, 4, 24, 10
_RANDOM = np.random.default_rng(11)
Split = tuple[Array, Array, Array]


def _layer(name: str, matrix: Array, **config: object) -> tuple[dict[str, TensorRef], dict[str, Array]]:
    arrays = {f"{name}.weight": matrix}
    if "norm" not in name:
        arrays[f"{name}.bias"] = matrix[:, 0].copy()
    refs = map_names(all_stored({n: a.shape for n, a in arrays.items()}), config_of(**config))
    assert unread_rows(refs) == []
    weights, biases = by_role(refs), by_role(refs, "bias")
    for role, ref in biases.items():
        np.testing.assert_array_equal(read(ref, arrays), read(weights[role], arrays)[:, 0])
    assert weights.keys() == biases.keys()
    return weights, arrays


def _blocks(fused: Array, kv_heads: int) -> Split:
    """Baichuan, Qwen 1, MPT, Phi 2, ChatGLM: ``split([q, kv, kv])``."""
    q, k, v = np.split(fused, [HEADS * WIDTH, (HEADS + kv_heads) * WIDTH])
    return q, k, v


def _internlm2(fused: Array, kv_heads: int) -> Split:
    """``rearrange(qkv, "(h gs d) -> h gs d", gs=2 + groups)``, then all but the last two, -2 and -1."""
    grouped = fused.reshape(kv_heads, HEADS // kv_heads + 2, WIDTH, HIDDEN)
    q, k, v = grouped[:, :-2], grouped[:, -2], grouped[:, -1]
    return q.reshape(-1, HIDDEN), k.reshape(-1, HIDDEN), v.reshape(-1, HIDDEN)


def _head_by_head(fused: Array, _: int) -> Split:
    """GPT-NeoX, ChatGLM without multi-query: ``view(heads, 3 * head_dim)``, each head q, k, v."""
    q, k, v = np.split(fused.reshape(HEADS, 3 * WIDTH, HIDDEN), 3, axis=1)
    return q.reshape(-1, HIDDEN), k.reshape(-1, HIDDEN), v.reshape(-1, HIDDEN)


_CHATGLM = {"model_type": "chatglm", "kv_channels": WIDTH, "multi_query_attention": True}
_QKV: list[tuple[str, dict[str, object], int, Callable[[Array, int], Split]]] = [
    ("model.layers.0.self_attn.W_pack", {"model_type": "baichuan"}, HEADS, _blocks),
    ("transformer.h.0.attn.c_attn", {"model_type": "qwen"}, HEADS, _blocks),
    ("transformer.blocks.0.attn.Wqkv", {"model_type": "mpt"}, HEADS, _blocks),
    ("transformer.blocks.0.attn.Wqkv", {"model_type": "mpt"}, KV_HEADS, _blocks),
    ("transformer.h.0.mixer.Wqkv", {"model_type": "phi-msft"}, HEADS, _blocks),
    ("model.layers.0.self_attn.qkv_proj", {"model_type": "phi3"}, KV_HEADS, _blocks),
    ("block.0.attn.qkv", {"model_type": "gpt_oss", "head_dim": WIDTH}, KV_HEADS, _blocks),
    ("blk.0.attn_qkv", {"model_type": "falcon"}, KV_HEADS, _blocks),
    ("model.transformer.blocks.0.att_proj", {"model_type": "olmo"}, HEADS, _blocks),
    (
        "transformer.encoder.layers.0.self_attention.query_key_value",
        {**_CHATGLM, "multi_query_group_num": KV_HEADS},
        KV_HEADS,
        _blocks,
    ),
    (
        "transformer.encoder.layers.0.self_attention.query_key_value",
        {**_CHATGLM, "multi_query_attention": False},
        HEADS,
        _head_by_head,
    ),
    ("transformer.layers.0.attention.query_key_value", _CHATGLM, HEADS, _head_by_head),
    ("model.layers.0.attention.wqkv", {"model_type": "internlm2"}, KV_HEADS, _internlm2),
    ("model.layers.0.attention.wqkv", {"model_type": "internlm2"}, HEADS, _internlm2),
]


@pytest.mark.parametrize(("name", "config", "kv_heads", "split"), _QKV)
def test_fused_q_k_v(name: str, config: dict[str, object], kv_heads: int, split: Callable[[Array, int], Split]) -> None:
    fused = _RANDOM.normal(size=((HEADS + 2 * kv_heads) * WIDTH, HIDDEN))
    sizes = {"hidden_size": HIDDEN, "num_attention_heads": HEADS, "num_key_value_heads": kv_heads}
    weights, arrays = _layer(name, fused, **sizes, **config)
    for role, expected in zip("qkv", split(fused, kv_heads), strict=True):
        np.testing.assert_array_equal(read(weights[role], arrays), expected)


def test_without_head_counts_a_fused_tensor_stays_whole() -> None:
    fused = _RANDOM.normal(size=((HEADS + 2 * KV_HEADS) * WIDTH, HIDDEN))
    for name in ("model.layers.0.attention.wqkv", "model.layers.0.self_attn.qkv_proj"):
        weights, _ = _layer(name, fused)
        assert set(weights) == {"qkv"}


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("transformer.encoder.layers.0.mlp.dense_h_to_4h", "gate", "up"),
        ("model.layers.0.mlp.gate_up_proj", "gate", "up"),
        ("model.transformer.blocks.0.ff_proj", "up", "gate"),
    ],
)
def test_fused_gate_and_up(name: str, first: str, second: str) -> None:
    fused = _RANDOM.normal(size=(2 * FFN, HIDDEN))
    weights, arrays = _layer(name, fused, hidden_size=HIDDEN, intermediate_size=FFN)
    np.testing.assert_array_equal(read(weights[first], arrays), fused[:FFN])
    np.testing.assert_array_equal(read(weights[second], arrays), fused[FFN:])


def _rotate_adjacent(rows: Array, angle: Array) -> Array:
    """Meta's reference: neighbouring rows are the real and imaginary part of one number."""
    heads = rows.reshape(-1, WIDTH // 2, 2)
    transposed = (heads[..., 0] + 1j * heads[..., 1]) * np.exp(1j * angle)
    return np.stack([transposed.real, transposed.imag], axis=-1).reshape(-1, WIDTH)


def _rotate_halves(rows: Array, angle: Array) -> Array:
    """transformers' Llama: ``x * cos + rotate_half(x) * sin``."""
    heads = rows.reshape(-1, WIDTH)
    transposed = np.concatenate([-heads[:, WIDTH // 2 :], heads[:, : WIDTH // 2]], axis=1)
    doubled = np.tile(angle, 2)
    return heads * np.cos(doubled) + transposed * np.sin(doubled)


def test_metas_queries_and_keys_follow_the_order_of_transformers() -> None:
    wq, wk = _RANDOM.normal(size=(HEADS * WIDTH, HIDDEN)), _RANDOM.normal(size=(HEADS * WIDTH, HIDDEN))
    arrays = {"layers.0.attention.wq.weight": wq, "layers.0.attention.wk.weight": wk}
    refs = map_names(all_stored({n: a.shape for n, a in arrays.items()}), config_of(dim=HIDDEN, n_heads=HEADS))
    weights = by_role(refs)
    x, y = _RANDOM.normal(size=HIDDEN), _RANDOM.normal(size=HIDDEN)
    frequencies = np.array([1.0, 0.01])
    for here, there in ((0, 0), (3, 1), (2, 7)):
        metas = _rotate_adjacent(wq @ x, here * frequencies) * _rotate_adjacent(wk @ y, there * frequencies)
        ours = _rotate_halves(read(weights["q"], arrays) @ x, here * frequencies) * _rotate_halves(
            read(weights["k"], arrays) @ y, there * frequencies
        )
        np.testing.assert_allclose(ours.sum(axis=1), metas.sum(axis=1), atol=1e-12)


@pytest.mark.parametrize(("architecture", "adjacent"), [("llama", True), ("qwen2", False)])
def test_gguf_queries_are_permuted_for_some_architectures(architecture: str, adjacent: bool) -> None:
    rows = np.arange(HEADS * WIDTH, dtype=np.float64)[:, None] * np.ones(HIDDEN)
    config = config_of(model_type=architecture, hidden_size=HIDDEN, num_attention_heads=HEADS)
    (ref,) = map_names([stored("blk.0.attn_q.weight", rows.shape)], config)
    first = read(ref, {"blk.0.attn_q.weight": rows})[:WIDTH, 0]
    assert first.tolist() == ([0, 2, 1, 3] if adjacent else [0, 1, 2, 3])
