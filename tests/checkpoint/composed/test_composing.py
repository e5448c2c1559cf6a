from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.composed.composing import compose
from lineage_audit.errors import LineageAuditError, UnsupportedFormatError
from tests import models
from tests.checkpoint.composed.adapters import adapter, fused, llama_updates, merged

WEIGHTS = models.llama(1)
UPDATES = llama_updates(1)


def _same(composed: Checkpoint, expected: Checkpoint) -> None:
    for tensor in expected.tensors:
        ours = composed.by_key[tensor.key]
        np.testing.assert_allclose(
            composed.rows(ours, 0, tensor.shape[0]), expected.rows(tensor, 0, tensor.shape[0]), rtol=1e-6, atol=1e-7
        )


def test_two_adapters_stand_one_on_the_other() -> None:
    first, second = models.checkpoint(adapter(UPDATES), "first"), models.checkpoint(adapter(llama_updates(2)), "second")
    composed = compose(compose(models.model(WEIGHTS), first), second)
    _same(composed, models.model(merged(merged(WEIGHTS, UPDATES), llama_updates(2))))
    assert composed.composed_of == ("memory", "first", "second")
    assert composed.ref == "memory+first+second"
    assert composed.source.bytes_read > 0


def test_a_fused_base_takes_the_adapter_of_a_separate_one() -> None:
    composed = compose(fused(WEIGHTS), models.checkpoint(adapter(UPDATES)))
    assert not composed.caveats
    _same(composed, models.model(merged(WEIGHTS, UPDATES)))


def test_a_base_under_its_own_prefix_takes_it() -> None:
    bare = {name.removeprefix("model."): values for name, values in WEIGHTS.items()}
    composed = compose(models.model(bare), models.checkpoint(adapter(UPDATES)))
    _same(composed, models.model(merged(WEIGHTS, UPDATES)))


def test_a_delta_is_added_and_new_tokens_are_its_own() -> None:
    target = {name: (2 * values).astype(np.float32) for name, values in models.llama(2).items()}
    grown = np.concatenate([target["model.embed_tokens.weight"], np.ones((2, models.SMALL.hidden), np.float32)])
    delta = {name: values - WEIGHTS[name] for name, values in target.items()}
    delta |= {name: 1e-3 * values for name, values in delta.items() if values.ndim == 1}
    delta["model.embed_tokens.weight"] = np.concatenate([delta["model.embed_tokens.weight"], grown[-2:]])
    composed = compose(models.model(WEIGHTS), models.checkpoint(models.repository(delta, models.llama_config())))
    tensor = next(tensor for tensor in composed.tensors if tensor.role == "embed")
    np.testing.assert_allclose(composed.rows(tensor, 0, len(grown)), grown, atol=1e-6)
    np.testing.assert_allclose(composed.rows(tensor, len(grown) - 1, len(grown)), grown[-1:], atol=1e-6)
    assert any("number by number" in text for text in composed.caveats)


def test_a_whole_model_is_not_added_to_another() -> None:
    with pytest.raises(UnsupportedFormatError, match="whole model"):
        compose(models.model(WEIGHTS), models.model(models.llama(2)))


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ({"peft_type": "IA3"}, "no module"),
        ({"peft_type": "OFT"}, "of type oft.*merge it with PEFT"),
        ({"peft_type": "PROMPT_TUNING"}, "of type prompt_tuning.*no weights of its base"),
        ({"peft_type": 7}, "how strong"),
        ({"alora_invocation_tokens": [1]}, "invocation"),
        ({"layer_replication": [[0, 1]]}, "replicates"),
        ({"lora_alpha": None}, "no module"),
        ({"lora_alpha": 1e300}, "no module"),
        ({"lora_alpha": "8"}, "no module"),
    ],
)
def test_what_is_no_sum_is_refused_in_one_line(stated: dict[str, Any], message: str) -> None:
    with pytest.raises(UnsupportedFormatError, match=message) as caught:
        compose(models.model(WEIGHTS), models.checkpoint(adapter(UPDATES, **stated)))
    assert "\n" not in str(caught.value)


def test_an_adapter_for_another_base_is_refused() -> None:
    other = models.model(models.gpt2(1), models.gpt2_config())
    with pytest.raises(UnsupportedFormatError, match="another base"):
        compose(other, models.checkpoint(adapter(UPDATES)))


def test_what_does_not_fit_is_said() -> None:
    updates = {**UPDATES, "model.layers.7.self_attn.q_proj": UPDATES["model.layers.0.self_attn.q_proj"]}
    composed = compose(models.model(WEIGHTS), models.checkpoint(adapter(updates)))
    assert any("model.layers.7" in text for text in composed.caveats)


def test_an_adapter_is_no_base() -> None:
    with pytest.raises(UnsupportedFormatError, match="BASE"):
        compose(models.checkpoint(adapter(UPDATES)), models.model(WEIGHTS))


def test_ranks_that_disagree_are_left_out() -> None:
    files = adapter(UPDATES)
    a, b = UPDATES["model.layers.0.self_attn.q_proj"]
    tensors = {
        "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight": a[:2],
        "base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight": b,
    }
    files["adapter_model.safetensors"] = models.safetensors(tensors)
    with pytest.raises(LineageAuditError, match="no module"):
        compose(models.model(WEIGHTS), models.checkpoint(files))


def test_the_digest_pins_base_and_adapter() -> None:
    base, one = models.model(WEIGHTS), models.checkpoint(adapter(UPDATES))
    other = models.checkpoint(adapter(llama_updates(3)))
    assert compose(base, one).digest == compose(base, one).digest
    assert compose(base, one).digest != compose(base, other).digest
    assert compose(base, one).digest != base.digest
