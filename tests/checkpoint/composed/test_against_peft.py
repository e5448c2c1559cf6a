"""A base with an adapter on it, read row by row, against what PEFT makes of the two when it merges them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("peft")

from lineage_audit import compare
from lineage_audit.checkpoint import Checkpoint, open_checkpoint
from lineage_audit.checkpoint.tensors import TensorRef
from tests.peft_models import Folders, adapted, gpt2, llama

CONV1D = {"fan_in_fan_out": True}
IA3 = {"kind": "IA3", "target_modules": ["k_proj", "v_proj", "down_proj"], "feedforward_modules": ["down_proj"]}
LOHA = {"kind": "LoHa", "r": 3, "alpha": 7, "target_modules": ["k_proj", "down_proj"]}
LOKR = {"kind": "LoKr", "r": 3, "alpha": 7, "target_modules": ["k_proj", "down_proj"]}
VERA = {"kind": "Vera", "r": 6, "target_modules": ["q_proj", "v_proj"]}
CASES: dict[str, tuple[Any, dict[str, Any]]] = {
    "lora": (llama, {"target_modules": ["q_proj", "v_proj", "down_proj"]}),
    "lora-bfloat16": (llama, {"target_modules": ["q_proj", "up_proj"], "dtype": "bfloat16"}),
    "rslora": (llama, {"target_modules": "all-linear", "use_rslora": True}),
    "dora": (llama, {"target_modules": ["k_proj", "up_proj"], "use_dora": True}),
    "dora-bfloat16": (llama, {"target_modules": ["k_proj", "up_proj"], "use_dora": True, "dtype": "bfloat16"}),
    "embeddings": (llama, {"target_modules": ["embed_tokens", "lm_head"]}),
    "dora-embeddings": (llama, {"target_modules": ["embed_tokens", "q_proj"], "use_dora": True}),
    "saved-whole": (llama, {"target_modules": ["q_proj"], "modules_to_save": ["lm_head", "norm"]}),
    "patterns": (
        llama,
        {
            "target_modules": ["q_proj", "k_proj"],
            "rank_pattern": {"layers.1.self_attn.q_proj": 2},
            "alpha_pattern": {"k_proj": 32, "^model.layers.0.self_attn.q_proj": 3},
        },
    ),
    "conv1d": (gpt2, {"target_modules": ["c_attn", "c_proj", "c_fc"], "fan_in_fan_out": True}),
    "conv1d-dora": (gpt2, {"target_modules": ["c_attn", "c_proj"], "fan_in_fan_out": True, "use_dora": True}),
    "biases": (gpt2, {"target_modules": ["c_attn"], "fan_in_fan_out": True, "bias": "all"}),
    "lora-bias": (gpt2, {"target_modules": ["c_attn"], "fan_in_fan_out": True, "lora_bias": True}),
    "ia3": (llama, IA3),
    "ia3-bfloat16": (llama, {**IA3, "dtype": "bfloat16"}),
    "ia3-conv1d": (
        gpt2,
        {**IA3, **CONV1D, "target_modules": ["c_attn", "mlp.c_proj"], "feedforward_modules": ["mlp.c_proj"]},
    ),
    "ia3-saved-whole": (llama, {**IA3, "modules_to_save": ["lm_head"]}),
    "loha": (llama, {**LOHA, "target_modules": "all-linear"}),
    "loha-bfloat16": (llama, {**LOHA, "dtype": "bfloat16"}),
    "loha-patterns": (llama, {**LOHA, "rank_pattern": {"k_proj": 2}, "alpha_pattern": {"layers.1.mlp.down_proj": 9}}),
    "lokr": (llama, {**LOKR, "target_modules": "all-linear"}),
    "lokr-bfloat16": (llama, {**LOKR, "dtype": "bfloat16"}),
    "lokr-whole": (llama, {**LOKR, "r": 64}),
    "lokr-both": (llama, {**LOKR, "r": 1, "decompose_both": True, "decompose_factor": 4}),
    "lokr-patterns": (llama, {**LOKR, "rank_pattern": {"k_proj": 64}, "alpha_pattern": {"k_proj": 40}}),
    "vera": (llama, {**VERA, "target_modules": ["q_proj", "k_proj", "down_proj"]}),
    "vera-bfloat16": (llama, {**VERA, "dtype": "bfloat16"}),
    "vera-conv1d": (gpt2, {**VERA, **CONV1D, "target_modules": ["c_attn", "c_fc"]}),
    "tokens": (llama, {"target_modules": ["q_proj"], "trainable_token_indices": [90, 3, 5]}),
    "tokens-by-module": (
        llama,
        {"target_modules": ["q_proj"], "trainable_token_indices": {"lm_head": [7, 6], "embed_tokens": [1]}},
    ),
    "tokens-alone-bfloat16": (
        llama,
        {"kind": "TrainableTokens", "target_modules": ["embed_tokens"], "token_indices": [4, 2], "dtype": "bfloat16"},
    ),
    "tokens-of-a-tied-base": (gpt2, {**CONV1D, "target_modules": ["c_attn"], "trainable_token_indices": [3, 5]}),
    "ln-tuning": (llama, {"kind": "LNTuning", "target_modules": ["input_layernorm", "norm"]}),
}
LAST_PLACES = 4 * 2.0**-24


@pytest.fixture(scope="module", params=list(CASES))
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Folders:
    make, settings = CASES[request.param]
    return adapted(tmp_path_factory.mktemp(request.param), make, **settings)


def _all(checkpoint: Checkpoint, tensor: TensorRef) -> np.ndarray[Any, Any]:
    return checkpoint.rows(tensor, 0, tensor.shape[0])


def test_every_weight_is_as_peft_merges_it(case: Folders) -> None:
    composed, merged, base = (open_checkpoint(ref) for ref in (case.composed, case.merged, case.base))
    assert not composed.caveats
    moved = 0
    for tensor in merged.tensors:
        values, truth = _all(composed, composed.by_key[tensor.key]), _all(merged, tensor)
        np.testing.assert_allclose(values, truth, rtol=LAST_PLACES, atol=LAST_PLACES * np.abs(truth).max())
        moved += int((truth != _all(base, base.by_key[tensor.key])).sum())
    assert moved > 50


def test_some_rows_are_those_of_the_whole(case: Folders) -> None:
    composed = open_checkpoint(case.composed)
    for tensor in composed.tensors:
        whole = _all(composed, tensor)
        low, high = tensor.shape[0] // 3, tensor.shape[0] // 2
        np.testing.assert_allclose(composed.rows(tensor, low, high), whole[low:high], rtol=1e-5, atol=1e-7)


def test_the_merged_model_is_base_plus_adapter(case: Folders) -> None:
    verdict = compare(case.composed, case.merged).verdict
    assert verdict.relation == "identical"
    assert "base plus adapter" in verdict.summary
    assert not verdict.operations


def test_without_the_adapter_it_is_not_identical(case: Folders) -> None:
    assert compare(case.base, case.merged).verdict.relation != "identical"
