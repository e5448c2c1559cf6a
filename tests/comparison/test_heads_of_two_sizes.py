"""Layers whose heads are of another size (Gemma 4), or of another number (OpenELM): each is told by its own heads."""

from __future__ import annotations

import numpy as np
import pytest

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.comparison.symmetries.geometry import Heads, heads_by_layer
from tests.comparison.measuring import aligned_of, evidence_of, log10_p_values, most_rejections
from tests.models import Array, Config, Weights, model

HIDDEN, HEADS, KV_HEADS, FFN, VOCAB = 48, 4, 2, 64, 128
SIZES = (8, 16, 8, 16)
CONFIG: Config = {
    "model_type": "llama",
    "hidden_size": HIDDEN,
    "num_attention_heads": HEADS,
    "num_key_value_heads": KV_HEADS,
    "head_dim": SIZES[0],
    "rope_theta": 1e4,
    "rms_norm_eps": 1e-6,
}


def two_sizes(seed: int, *, norms: bool = False) -> Weights:
    rng = np.random.default_rng(seed)

    def drawn(*shape: int) -> Array:
        return rng.standard_normal(shape, dtype=np.float32)

    weights = {"model.embed_tokens.weight": drawn(VOCAB, HIDDEN), "model.norm.weight": 1 + 0.1 * drawn(HIDDEN)}
    for layer, size in enumerate(SIZES):
        at = f"model.layers.{layer}."
        weights |= {
            at + "input_layernorm.weight": 1 + 0.1 * drawn(HIDDEN),
            at + "self_attn.q_proj.weight": drawn(HEADS * size, HIDDEN),
            at + "self_attn.k_proj.weight": drawn(KV_HEADS * size, HIDDEN),
            at + "self_attn.v_proj.weight": drawn(KV_HEADS * size, HIDDEN),
            at + "self_attn.o_proj.weight": drawn(HIDDEN, HEADS * size),
            at + "post_attention_layernorm.weight": 1 + 0.1 * drawn(HIDDEN),
            at + "mlp.gate_proj.weight": drawn(FFN, HIDDEN),
            at + "mlp.up_proj.weight": drawn(FFN, HIDDEN),
            at + "mlp.down_proj.weight": drawn(HIDDEN, FFN),
        }
        if norms:
            weights[at + "self_attn.q_norm.weight"] = 1 + 0.1 * drawn(size)
    return weights


def in_another_order(weights: Weights, seed: int) -> Weights:
    """KV heads with the queries that share them, and FFN units, moved in every layer."""
    rng, moved = np.random.default_rng(seed), dict(weights)
    for layer, size in enumerate(SIZES):
        at, groups, units = f"model.layers.{layer}.", np.arange(KV_HEADS)[::-1], rng.permutation(FFN)
        for name in ("q", "k", "v"):
            rows = weights[f"{at}self_attn.{name}_proj.weight"]
            moved[f"{at}self_attn.{name}_proj.weight"] = rows.reshape(KV_HEADS, -1, HIDDEN)[groups].reshape(rows.shape)
        output = weights[at + "self_attn.o_proj.weight"].reshape(HIDDEN, KV_HEADS, -1)
        moved[at + "self_attn.o_proj.weight"] = output[:, groups].reshape(HIDDEN, HEADS * size)
        for name in ("gate", "up"):
            moved[f"{at}mlp.{name}_proj.weight"] = weights[f"{at}mlp.{name}_proj.weight"][units]
        moved[at + "mlp.down_proj.weight"] = np.ascontiguousarray(weights[at + "mlp.down_proj.weight"][:, units])
    return moved


def _heads(checkpoint: Checkpoint) -> list[Heads | None]:
    heads = heads_by_layer(checkpoint)
    assert heads is not None
    return [heads.at(layer) for layer in range(len(SIZES))]


def test_the_stated_number_of_heads_holds_in_every_layer() -> None:
    assert _heads(model(two_sizes(0), CONFIG)) == [Heads(size, size, KV_HEADS, HEADS // KV_HEADS) for size in SIZES]


def test_a_norm_of_queries_has_the_size_of_a_head() -> None:
    many = {**CONFIG, "num_attention_heads": 2 * HEADS}
    found = _heads(model(two_sizes(0, norms=True), many))
    assert found[1] == Heads(16, 16, KV_HEADS, HEADS // KV_HEADS)


def test_every_layer_enters_the_tests_of_heads() -> None:
    found = evidence_of(two_sizes(0), two_sizes(0), CONFIG)
    assert found["value-output-signs"].count == KV_HEADS * sum(SIZES)
    assert found["query-key-signs"].count == KV_HEADS * (4 + 1 + 4 + 1)  # rotary pairs; of other sizes whole heads
    assert found["head-fixed-points"].count == KV_HEADS * len(SIZES)


def test_strangers_are_rejected_no_oftener_than_the_level_says() -> None:
    runs = 60
    found = log10_p_values(lambda seed: (two_sizes(2 * seed), two_sizes(2 * seed + 1)), CONFIG, runs)
    for test_id in ("value-output-signs", "query-key-signs"):
        for level in (0.05, 0.01):
            assert np.count_nonzero(found[test_id] <= np.log10(level)) <= most_rejections(runs, level), test_id


def test_heads_that_were_moved_are_found_in_every_layer() -> None:
    original = two_sizes(0)
    aligned = aligned_of(original, in_another_order(original, 3), CONFIG)
    assert aligned is not None
    groups = {layer: heads.a_groups.tolist() for layer, heads in aligned.alignment.heads.items()}
    assert groups == {layer: [1, 0] for layer in range(len(SIZES))}
    assert aligned.shares.explained == pytest.approx(1.0, abs=1e-5)
    signs = {item.test_id: item.log10_p for item in aligned.evidence}
    assert (signs["aligned-value-output-signs"] or 0) < -10
