"""Queries and keys of latent attention: what may be negated, in every head and for the key that all share."""

from __future__ import annotations

import numpy as np
import pytest

from lineage_audit.comparison.symmetries.geometry import LatentHeads, latent_heads_of
from tests.comparison.measuring import evidence_of, log10_p_values, most_rejections
from tests.models import Array, Config, Weights, model

HIDDEN, HEADS, PLAIN, ROTATED, VALUE, RANK = 40, 4, 6, 4, 5, 12
CONFIG: Config = {
    "model_type": "deepseek_v3",
    "hidden_size": HIDDEN,
    "num_attention_heads": HEADS,
    "qk_nope_head_dim": PLAIN,
    "qk_rope_head_dim": ROTATED,
    "v_head_dim": VALUE,
    "kv_lora_rank": RANK,
}
LAYERS = 3


def latent(seed: int, *, compressed_queries: bool = True) -> Weights:
    rng = np.random.default_rng(seed)

    def drawn(*shape: int) -> Array:
        return rng.standard_normal(shape, dtype=np.float32)

    weights = {"model.embed_tokens.weight": drawn(64, HIDDEN)}
    for layer in range(LAYERS):
        at, rows = f"model.layers.{layer}.self_attn.", HEADS * (PLAIN + ROTATED)
        if compressed_queries:
            weights |= {at + "q_a_proj.weight": drawn(16, HIDDEN), at + "q_b_proj.weight": drawn(rows, 16)}
        else:
            weights[at + "q_proj.weight"] = drawn(rows, HIDDEN)
        weights |= {
            at + "kv_a_proj_with_mqa.weight": drawn(RANK + ROTATED, HIDDEN),
            at + "kv_b_proj.weight": drawn(HEADS * (PLAIN + VALUE), RANK),
            at + "o_proj.weight": drawn(HIDDEN, HEADS * VALUE),
        }
    return weights


def negated(weights: Weights, seed: int) -> Weights:
    """The same function: dimensions without position by head, rotated pairs in all heads, at random."""
    rng, flipped = np.random.default_rng(seed), dict(weights)
    for layer in range(LAYERS):
        at = f"model.layers.{layer}.self_attn."
        plain = rng.choice(np.array([-1, 1], np.float32), (HEADS, PLAIN))
        pairs = np.repeat(rng.choice(np.array([-1, 1], np.float32), ROTATED // 2), 2)
        queries = np.concatenate([plain, np.broadcast_to(pairs, (HEADS, ROTATED))], axis=1).reshape(-1, 1)
        keys = np.concatenate([plain, np.ones((HEADS, VALUE), np.float32)], axis=1).reshape(-1, 1)
        shared = np.concatenate([np.ones(RANK, np.float32), pairs])[:, None]
        name = at + ("q_b_proj.weight" if at + "q_b_proj.weight" in weights else "q_proj.weight")
        flipped |= {
            name: weights[name] * queries,
            at + "kv_b_proj.weight": weights[at + "kv_b_proj.weight"] * keys,
            at + "kv_a_proj_with_mqa.weight": weights[at + "kv_a_proj_with_mqa.weight"] * shared,
        }
    return flipped


def test_the_heads_are_read_off_the_shapes() -> None:
    assert latent_heads_of(model(latent(0), CONFIG)) == LatentHeads(HEADS, PLAIN, ROTATED)
    assert latent_heads_of(model(latent(0), {**CONFIG, "num_attention_heads": 3})) is None


@pytest.mark.parametrize("compressed", [True, False])
def test_a_descendant_is_found(compressed: bool) -> None:
    weights = latent(0, compressed_queries=compressed)
    rng = np.random.default_rng(1)
    noisy = {name: one + 0.3 * rng.standard_normal(one.shape, dtype=np.float32) for name, one in weights.items()}
    found = evidence_of(weights, noisy, CONFIG)["query-key-signs"]
    assert (found.grade, found.count) == ("exact", LAYERS * (HEADS * PLAIN + ROTATED // 2))
    assert (found.log10_p or 0) < -6


def test_strangers_under_random_signs_are_rejected_no_oftener_than_the_level_says() -> None:
    runs = 60
    found = log10_p_values(lambda seed: (latent(seed), negated(latent(seed), seed)), CONFIG, runs)["query-key-signs"]
    for level in (0.05, 0.01):
        assert np.count_nonzero(found <= np.log10(level)) <= most_rejections(runs, level)
