"""Flax's names: kernels stand the other way round, embeddings and gains have words of their own."""

from __future__ import annotations

import numpy as np
import pytest

from lineage_audit.checkpoint.names import map_names
from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison import compare_checkpoints
from tests.checkpoint.names.stored import all_stored, config_of
from tests.models import WIDE, Weights, llama, llama_config, model, noisy


def flax(weights: Weights, gains: str = "scale", prefix: str = "params.") -> Weights:
    """The same weights as Flax would name and turn them."""
    return dict(_flax(prefix + name.removesuffix(".weight"), values, gains) for name, values in weights.items())


def _flax(module: str, values: np.ndarray, gains: str) -> tuple[str, np.ndarray]:
    if values.ndim == 1:
        return f"{module}.{gains}", values
    if module.endswith("embed_tokens"):
        return f"{module}.embedding", values
    return f"{module}.kernel", np.ascontiguousarray(values.T)


@pytest.mark.parametrize(("gains", "prefix"), [("scale", "params."), ("weight", ""), ("gamma", "params.model.")])
def test_a_model_is_identical_to_its_flax_form(gains: str, prefix: str) -> None:
    plain, config = model(llama(1, WIDE), llama_config(WIDE)), llama_config(WIDE)
    turned = model(flax(llama(1, WIDE), gains, prefix), config)
    assert not any(tensor.inferred or tensor.role is Role.OTHER for tensor in turned.tensors)
    assert turned.by_key.keys() == plain.by_key.keys()
    assert compare_checkpoints(plain, turned, "full").verdict.relation == "identical"


def test_a_fine_tune_in_flax_is_found_and_a_stranger_is_not() -> None:
    plain, config = model(llama(1, WIDE), llama_config(WIDE)), llama_config(WIDE)
    tuned, stranger = (model(flax(w), config) for w in (noisy(llama(1, WIDE), 3, 0.05), llama(2, WIDE)))
    assert compare_checkpoints(plain, tuned, "full").verdict.relation == "derived"
    assert compare_checkpoints(plain, stranger, "full").verdict.relation in {"independent", "inconclusive"}


@pytest.mark.parametrize(("shape", "is_turned"), [((24, 8), False), ((8, 24), True)])
def test_the_shape_of_gpt_2s_kernels_says_how_they_stand(shape: tuple[int, int], is_turned: bool) -> None:
    names = {"transformer.h.0.attn.c_attn.kernel": shape, "transformer.h.0.mlp.c_proj.kernel": (8, 32)}
    refs = map_names(all_stored(names), config_of(n_embd=8, n_head=2))
    assert [ref.parts[0].transposed for ref in refs] == [is_turned] * 4


def test_scales_that_are_no_gains_are_no_norms() -> None:
    names = {"layers.0.self_attn.q_proj.scale": (8,), "layers.0.input_layernorm.scale": (8,)}
    refs = map_names(all_stored(names), config_of(hidden_size=8, num_attention_heads=2))
    assert [ref.role for ref in refs] == [Role.OTHER, Role.ATTN_NORM]
