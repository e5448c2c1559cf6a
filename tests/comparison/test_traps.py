"""The traps of docs/methods.md, each with a pair that would fall into it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from lineage_audit.comparison import compare_checkpoints
from lineage_audit.results import Report
from tests.comparison.measuring import aligned_of
from tests.comparison.symmetry_worlds import permute_ffn_units, random_disguise
from tests.models import (
    WIDE,
    Config,
    Size,
    Weights,
    bert,
    bert_config,
    checkpoint,
    gpt2,
    gpt2_config,
    llama,
    llama_config,
    model,
    related,
    repository,
    tokenizer_json,
)

CONFIG = llama_config(WIDE)


def _compare(a: Weights, b: Weights, config: Config | None = None) -> Report:
    return compare_checkpoints(model(a, config or CONFIG), model(b, config or CONFIG))


def test_1_norm_gains_near_one_are_no_evidence() -> None:
    a, b = llama(1, WIDE), llama(2, WIDE)
    for weights in (a, b):
        for name, values in weights.items():
            if values.ndim == 1:
                weights[name] = (1.0 + 0.01 * (values - 1.0)).astype(np.float32)
    report = _compare(a, b)
    assert report.verdict.relation == "independent"
    gains = next(item for item in report.evidence if item.test_id == "norm-gains")
    assert abs(gains.effect or 0.0) < 0.3


def test_1_equal_gains_alone_never_carry_a_verdict() -> None:
    a, b = llama(1, WIDE), llama(2, WIDE)
    b |= {name: values for name, values in a.items() if values.ndim == 1}
    report = _compare(a, b)
    assert report.verdict.relation == "independent"
    assert "gain" not in report.verdict.summary
    assert (report.verdict.copied_share or 0.0) < 1e-3


def test_2_equal_configurations_prove_nothing() -> None:
    report = _compare(llama(1, WIDE), llama(2, WIDE))
    assert all(field.status == "equal" for field in report.architecture.fields)
    assert report.verdict.relation == "independent"
    assert report.verdict.summary.startswith("Same architecture; independent weights")


@pytest.mark.parametrize(("make", "config"), [(gpt2, gpt2_config()), (bert, bert_config())])
def test_4_sinusoids_never_count_as_copied(make, config) -> None:
    table = np.sin(np.arange(64)[:, None] * 10000.0 ** (-np.arange(32) / 32)).astype(np.float32)
    a, b = make(1), make(2)
    name = next(name for name in a if "wpe" in name or "position" in name)
    a[name] = b[name] = table
    report = _compare(a, b, config)
    assert report.verdict.relation == "independent"
    assert report.verdict.copied_share == 0.0
    assert (report.verdict.explained_variance or 0.0) < 0.01


@pytest.mark.parametrize("name", ["mask", "front.basis", "model.layers.0.attention_mask"])
def test_4_tables_without_a_role_never_count(name: str) -> None:
    """A square table of unknown role is equal row by row, and would look like hidden units with kept numbers."""
    a, b = llama(1), llama(2)
    for weights in (a, b):
        weights[name] = np.tril(np.ones((64, 64), np.float32))
        if "layers" in name:
            weights[name.replace(".0.", ".1.")] = weights[name]
    report = compare_checkpoints(model(a), model(b))
    assert report.verdict.relation == "independent"
    assert report.verdict.copied_share == 0.0


def test_4_rotary_tables_ones_and_zeros_never_count() -> None:
    a, b = llama(1, WIDE), llama(2, WIDE)
    for weights in (a, b):
        weights["model.layers.0.self_attn.rotary_emb.inv_freq"] = 10000.0 ** (-np.arange(8, dtype=np.float32) / 8)
        weights["model.layers.0.self_attn.q_proj.weight"] = np.zeros((128, 128), np.float32)
        weights["model.layers.1.extra"] = np.ones((128, 128), np.float32)
        weights["model.norm.weight"] = np.ones(128, np.float32)
    report = _compare(a, b)
    assert report.verdict.relation == "independent"
    assert report.verdict.copied_share == 0.0


def test_4_a_model_of_constants_is_not_derived_from_one_that_has_them() -> None:
    whole = llama(1, WIDE)
    whole |= {name: np.ones_like(values) for name, values in whole.items() if values.ndim == 1}
    report = _compare(whole, {name: values for name, values in whole.items() if values.ndim == 1})
    assert report.verdict.relation == "inconclusive"


def test_5_one_tokenizer_serves_independent_models() -> None:
    tokens = [f"t{i:03}" for i in range(WIDE.vocab)]
    extra = {"tokenizer.json": tokenizer_json(tokens)}
    a, b = (checkpoint(repository(llama(seed, WIDE), CONFIG) | extra) for seed in (1, 2))
    report = compare_checkpoints(a, b)
    assert report.tokenizer.shared == WIDE.vocab
    assert report.verdict.relation == "independent"


def test_6_embeddings_led_by_token_frequency_and_massive_channels_are_no_evidence() -> None:
    rng = np.random.default_rng(5)
    frequency = 1.0 / np.arange(1, WIDE.vocab + 1)
    direction = rng.standard_normal(WIDE.hidden)
    pair = []
    for seed in (1, 2):
        weights = llama(seed, WIDE)
        embedding = weights["model.embed_tokens.weight"] + frequency[:, None] * direction
        embedding[:, :3] *= 100
        weights["model.embed_tokens.weight"] = embedding.astype(np.float32)
        pair.append(weights)
    assert _compare(pair[0], random_disguise(pair[1], WIDE, rng)).verdict.relation == "independent"


def test_7_one_initialisation_trained_twice_is_a_shared_origin() -> None:
    start = llama(1, WIDE)
    for name, values in start.items():
        if values.ndim == 1:
            start[name] = np.ones_like(values)
    verdict = _compare(noisy_training(start, 2), noisy_training(start, 3)).verdict
    assert verdict.relation == "shared-origin"
    assert verdict.direction == "undetermined"
    assert (verdict.log10_p or 0.0) < -100


def test_7_a_descendant_keeps_its_gains_and_is_derived() -> None:
    parent = noisy_training(llama(1, WIDE), 2)
    child = noisy_training(parent, 3)
    verdict = _compare(parent, child).verdict
    assert verdict.relation == "derived"


def noisy_training(weights: Weights, seed: int) -> Weights:
    """Training as far as numbers go: large independent deltas to matrices, gains that move by a tenth."""
    rng = np.random.default_rng(seed)
    return {
        name: (values + (0.1 if values.ndim == 1 else 0.02) * rng.standard_normal(values.shape)).astype(np.float32)
        for name, values in weights.items()
    }


def test_8_other_shapes_are_independent_only_where_other_orders_were_asked_for() -> None:
    """A narrower model may be a cut one: its key heads over shared tokens say whether it is."""
    narrow = Size(layers=2, hidden=64, heads=4, kv_heads=2, ffn=128, vocab=512)
    b = model(llama(2, narrow), llama_config(narrow))
    for config, relation in ((CONFIG, "independent"), ({**CONFIG, "model_type": "opt"}, "inconclusive")):
        a = model(llama(1, WIDE), config)
        for report in (compare_checkpoints(a, b), compare_checkpoints(b, a)):
            asked = next(item for item in report.evidence if item.test_id == "rotary-signs")
            assert report.verdict.relation in (relation, "inconclusive")
            assert asked.status == "measured" or report.verdict.relation == "inconclusive"


def test_8_a_small_shared_part_is_not_enough_for_independence() -> None:
    """Only the attention fits; the rest was pruned, for all one knows."""
    slim = Size(layers=2, hidden=128, heads=8, kv_heads=4, ffn=64, vocab=128)
    a, b = llama(1, WIDE), llama(2, slim)
    for name in list(a):
        if "self_attn" in name:
            del a[name]
    report = compare_checkpoints(model(a, CONFIG), model(b, llama_config(slim)))
    assert report.verdict.relation != "derived"


def test_10_distillation_is_always_mentioned_when_nothing_was_found() -> None:
    assert any("Distillation" in text for text in _compare(llama(1, WIDE), llama(2, WIDE)).verdict.caveats)


def test_11_matching_units_and_testing_them_uses_different_tensors() -> None:
    """Units reordered by gate alone: were up and down of independent models aligned too, p would fall."""
    rng = np.random.default_rng(3)
    for seed in range(10):
        a, b = llama(seed, WIDE), llama(seed + 100, WIDE)
        b["model.embed_tokens.weight"] = a["model.embed_tokens.weight"]
        for layer in range(WIDE.layers):
            gate = f"model.layers.{layer}.mlp.gate_proj.weight"
            b[gate] = a[gate]  # embeddings and gates agree fully, nothing else does
        aligned = aligned_of(a, permute_ffn_units(b, WIDE, rng), CONFIG)
        assert aligned is not None
        signs = next(item for item in aligned.evidence if item.test_id == "aligned-ffn-signs")
        assert (signs.log10_p or 0.0) > -3


def test_related_rows_are_not_called_related_by_size_alone() -> None:
    """Row norms and spectra that agree say nothing of a common origin."""
    a, b = llama(1, WIDE), llama(2, WIDE)
    scales = np.exp(np.random.default_rng(4).standard_normal(WIDE.ffn)).astype(np.float32)
    for weights in (a, b):
        for name in weights:
            if "up_proj" in name or "gate_proj" in name:
                weights[name] = weights[name] * scales[:, None]
    assert _compare(a, b).verdict.relation == "independent"


def test_a_related_pair_is_never_called_theft() -> None:
    weights = llama(1, WIDE)
    report = _compare(weights, related(weights, 3, 0.95))
    text = json.dumps([report.verdict.summary, *report.verdict.caveats]).lower()
    assert "permission" in text
    assert not any(word in text for word in ("stolen", "theft", "fake", "victim"))
