"""Where an architecture breaks a symmetry, the test that stands on it is not run, unless one model has it."""

from __future__ import annotations

import pytest

from lineage_audit.comparison.symmetries.setting import broken_symmetries
from tests.models import Config, Weights, bert, bert_config, gpt2, gpt2_config, llama, llama_config, model

ALIBI = {**gpt2_config(), "alibi": True}
GPT_OSS = llama_config(model_type="gpt_oss", architectures=["GptOssForCausalLM"])
SINUSOIDAL = {**bert_config(), "model_type": "distilbert", "sinusoidal_pos_embds": True}
CASES = {
    "head-fixed-points": (gpt2(1), ALIBI, gpt2_config()),
    "ffn-signs": (llama(1), GPT_OSS, llama_config()),
    "channel-fixed-points": (bert(1), SINUSOIDAL, bert_config()),
}


@pytest.mark.parametrize("test_id", CASES)
def test_a_test_is_left_out_only_where_both_break_its_symmetry(test_id: str) -> None:
    weights, breaking, plain = CASES[test_id]
    assert test_id in broken_symmetries(model(weights, breaking), model(weights, breaking))
    assert test_id not in broken_symmetries(model(weights, breaking), model(weights, plain))
    assert not broken_symmetries(model(weights, plain), model(weights, plain))


@pytest.mark.parametrize(
    ("weights", "config", "test_id"),
    [(gpt2(1), ALIBI, "head-fixed-points"), (llama(1), GPT_OSS, "ffn-signs")],
)
def test_the_report_says_why(weights: Weights, config: Config, test_id: str) -> None:
    from tests.comparison.measuring import evidence_of

    item = evidence_of(weights, weights, config)[test_id]
    assert item.status == "not-applicable"
    assert item.log10_p is None
    assert item.reason
