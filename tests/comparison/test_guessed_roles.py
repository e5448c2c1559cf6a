"""Where the roles of both models are guesses, no symmetry is sure: no exact p-value is claimed."""

from __future__ import annotations

import numpy as np

from lineage_audit.comparison import compare_checkpoints
from tests.models import WIDE, Array, Weights, llama, llama_config, model, noisy

_WORDS = {
    "model.embed_tokens": "nova.tok_emb",
    "model.layers": "nova.blocks",
    "self_attn.q_proj": "attn.wq",
    "self_attn.k_proj": "attn.wk",
    "self_attn.v_proj": "attn.wv",
    "self_attn.o_proj": "attn.wo",
    "mlp.gate_proj": "ffn.gate",
    "mlp.up_proj": "ffn.up",
    "mlp.down_proj": "ffn.down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "model.norm": "nova.out_norm",
    "lm_head": "nova.head",
}


def _renamed(weights: Weights) -> Weights:
    renamed = {}
    for name, values in weights.items():
        for known, invented in _WORDS.items():
            name = name.replace(known, invented)
        renamed[name] = values
    return renamed


NOVA = llama_config(WIDE, model_type="nova", architectures=["NovaForCausalLM"])


def test_one_known_model_is_enough_for_an_exact_verdict() -> None:
    child = _renamed(noisy(llama(1, WIDE), 2, 0.1))
    verdict = compare_checkpoints(model(llama(1, WIDE), llama_config(WIDE)), model(child, NOVA)).verdict
    assert (verdict.relation, verdict.grade) == ("derived", "exact")


def test_two_guessed_models_give_calibrated_evidence() -> None:
    parent, child, other = (
        _renamed(weights) for weights in (llama(1, WIDE), noisy(llama(1, WIDE), 2, 0.1), llama(3, WIDE))
    )
    report = compare_checkpoints(model(parent, NOVA), model(child, NOVA))
    assert {item.grade for item in report.evidence if item.status == "measured"} == {"calibrated"}
    assert (report.verdict.relation, report.verdict.grade) == ("derived", "calibrated")
    assert compare_checkpoints(model(parent, NOVA), model(other, NOVA)).verdict.relation == "independent"


def test_each_test_is_graded_by_the_roles_that_it_used() -> None:
    """Attention under names that nobody knows beside an FFN that everybody does."""
    guessed = {old: new for old, new in _WORDS.items() if "self_attn" in old}

    def half_known(weights: Weights) -> Weights:
        return {
            next((name.replace(old, new) for old, new in guessed.items() if old in name), name): values
            for name, values in weights.items()
        }

    parent, child = half_known(llama(1, WIDE)), half_known(noisy(llama(1, WIDE), 2, 0.1))
    report = compare_checkpoints(model(parent, NOVA), model(child, NOVA))
    grades = {item.test_id: item.grade for item in report.evidence if item.status == "measured"}
    assert grades["ffn-signs"] == grades["ffn-fixed-points"] == grades["channel-fixed-points"] == "exact"
    assert grades["value-output-signs"] == "calibrated"
    assert (report.verdict.relation, report.verdict.grade) == ("derived", "exact")


def test_a_gate_of_another_width_gates_no_ffn() -> None:
    """An attention gate beside a plain FFN: the FFN's output columns lean one way in every training."""

    def gated_attention(seed: int) -> Weights:
        rng = np.random.default_rng(seed)

        def drawn(*shape: int) -> Array:
            return rng.standard_normal(shape).astype(np.float32)

        tensors: Weights = {}
        for layer in range(3):
            at = f"stack.{layer}."
            for part in ("q_linear", "k_linear", "v_linear", "gating", "to_out"):
                tensors[f"{at}{part}.weight"] = drawn(256, 256)
            tensors[f"{at}net.0.weight"] = drawn(512, 256)
            tensors[f"{at}net.3.weight"] = drawn(256, 512) + 0.3  # what reads rectified units has a sign
            tensors[f"{at}layer_norm.weight"] = 1 + 0.1 * drawn(256)
        return tensors

    report = compare_checkpoints(model(gated_attention(1), {}), model(gated_attention(2), {}))
    assert report.verdict.relation in ("independent", "inconclusive")
    (signs,) = (item for item in report.evidence if item.test_id == "ffn-signs")
    assert signs.status != "measured"
