from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage_audit.checkpoint.adapter import AdapterSettings, read_settings
from lineage_audit.errors import LineageAuditError
from tests import models
from tests.checkpoint.composed.adapters import adapter, llama_updates
from tests.checkpoint.memory_source import MemorySource
from tests.counting import ends


def _read(**stated: Any) -> AdapterSettings:
    return read_settings(MemorySource({"adapter_config.json": json.dumps(stated)}))


@pytest.mark.parametrize(
    ("stated", "name", "scaling"),
    [
        ({"peft_type": "LORA", "lora_alpha": 16}, "LoRA", 4.0),
        ({"peft_type": "LORA", "lora_alpha": 16, "use_rslora": True}, "rsLoRA", 8.0),
        ({"peft_type": "LORA", "lora_alpha": 16, "use_dora": True}, "DoRA", 4.0),
        ({"peft_type": "IA3"}, "ia3", None),
    ],
)
def test_kinds_and_scaling(stated: dict[str, Any], name: str, scaling: float | None) -> None:
    settings = _read(**stated)
    assert settings.name == name
    assert settings.scaling("model.layers.0.q_proj", 4) == scaling


@pytest.mark.parametrize(
    ("pattern", "module", "expected"),
    [
        ("q_proj", "model.layers.0.self_attn.q_proj", 32.0),
        ("q_proj", "model.layers.0.self_attn.xq_proj", 8.0),
        (r"layers\.[01]\.self_attn.q_proj", "model.layers.1.self_attn.q_proj", 32.0),
        (r"layers\.[01]\.self_attn.q_proj", "model.layers.2.self_attn.q_proj", 8.0),
        (r".*q_proj", "model.layers.2.self_attn.q_proj", 32.0),
        ("(", "model.layers.2.self_attn.q_proj", 8.0),
    ],
)
def test_patterns_match_as_peft_matches_them(pattern: str, module: str, expected: float) -> None:
    settings = _read(peft_type="LORA", lora_alpha=8, alpha_pattern={pattern: 32})
    assert settings.scaling(module, 1) == expected


def test_a_pattern_that_would_take_for_ever_is_not_matched() -> None:
    settings = _read(peft_type="LORA", lora_alpha=8, alpha_pattern={"(a+)+b": 1, "(x+x+)+y": 1, "a" * 5000: 1})
    with ends():
        assert settings.scaling("a" * 400, 1) == 8.0


@given(
    st.dictionaries(
        st.sampled_from(
            ["peft_type", "r", "lora_alpha", "alpha_pattern", "target_modules", "init_lora_weights",
             "base_model_name_or_path", "use_dora", "arrow_config"]
        ),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
            max_leaves=6,
        ),
    )
)  # fmt: skip
def test_any_value_of_any_type_is_read(stated: dict[str, Any]) -> None:
    settings = _read(**stated)
    scaling = settings.scaling("model.q_proj", 8)
    assert scaling is None or 0 < scaling < 1e9


def test_no_object_is_one_clear_error() -> None:
    with pytest.raises(LineageAuditError, match=r"adapter_config\.json"):
        read_settings(MemorySource({"adapter_config.json": "[1]"}))


def test_an_adapter_opens_with_its_claims() -> None:
    checkpoint = models.checkpoint(adapter(llama_updates(1)))
    assert checkpoint.container.format == "peft-lora"
    assert checkpoint.config.text("architecture") == "LoRA adapter, rank 4"
    assert [claim.value for claim in checkpoint.claims.of("base_model")] == ["org/base"]
    assert {tensor.role for tensor in checkpoint.tensors} == {"adapter"}
    assert {tensor.layer for tensor in checkpoint.tensors} == {0, 1}
