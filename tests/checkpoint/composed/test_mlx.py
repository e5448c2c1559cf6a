"""Adapters of mlx-lm: factors that stand the other way, scaled as they are."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from lineage_audit.checkpoint import Checkpoint, read_checkpoint
from lineage_audit.checkpoint.composed.composing import compose
from lineage_audit.errors import UnsupportedFormatError
from tests.checkpoint.memory_source import MemorySource
from tests.models import Array, llama, llama_config, safetensors

MODULE = "model.layers.1.mlp.up_proj"
BASE = llama(1)
RANK, SCALE = 4, 3.0


def opened(files: dict[str, Any]) -> Checkpoint:
    return read_checkpoint(MemorySource(files))


def base() -> Checkpoint:
    return opened({"model.safetensors": safetensors(BASE), "config.json": json.dumps(llama_config())})


def factors() -> tuple[Array, Array]:
    rng = np.random.default_rng(3)
    outputs, inputs = BASE[f"{MODULE}.weight"].shape
    return rng.normal(size=(inputs, RANK)).astype("f4"), rng.normal(size=(RANK, outputs)).astype("f4")


def mlx(tensors: dict[str, Array], **stated: Any) -> Checkpoint:
    parameters = {"rank": RANK, "scale": SCALE, "keys": ["mlp.up_proj"]}
    config = {"model": "org/base", "fine_tune_type": "lora", "lora_parameters": parameters, **stated}
    return opened({"adapters.safetensors": safetensors(tensors), "adapter_config.json": json.dumps(config)})


def rows_of(model: Checkpoint) -> Array:
    tensor = next(one for one in model.tensors if one.name == f"{MODULE}.weight")
    return model.rows(tensor, 0, tensor.shape[0])


def test_it_is_an_adapter_with_its_base_and_its_rank() -> None:
    a, b = factors()
    added = mlx({f"{MODULE}.lora_a": a, f"{MODULE}.lora_b": b})
    assert added.container.format == "mlx-lora"
    settings = added.container.adapter
    assert settings is not None
    assert (settings.base, settings.rank, settings.scaling(MODULE, RANK)) == ("org/base", RANK, SCALE)


def test_on_its_base_it_is_what_mlx_merges() -> None:
    a, b = factors()
    composed = compose(base(), mlx({f"{MODULE}.lora_a": a, f"{MODULE}.lora_b": b}))
    expected = BASE[f"{MODULE}.weight"] + SCALE * (a @ b).T
    np.testing.assert_allclose(rows_of(composed), expected, rtol=1e-5, atol=1e-6)


def test_layers_that_were_trained_whole_replace_the_base_s() -> None:
    whole = llama(2)[f"{MODULE}.weight"]
    composed = compose(base(), mlx({f"{MODULE}.weight": whole}, fine_tune_type="full"))
    np.testing.assert_array_equal(rows_of(composed), whole)


def test_without_its_configuration_it_is_not_put_on_a_base() -> None:
    a, b = factors()
    added = opened({"adapters.safetensors": safetensors({f"{MODULE}.lora_a": a, f"{MODULE}.lora_b": b})})
    with pytest.raises(UnsupportedFormatError, match="no adapter_config"):
        compose(base(), added)
