"""Tiny random models of every architecture of the zoo, with no tensor left at its initial constant."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import torch

from benchmarks.zoo.bases import REPORT, THRESHOLD
from benchmarks.zoo.model import Model, fresh_model

VOCABULARY = 48

_LLAMA = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 4, "num_attention_heads": 4}
_SMALL: dict[str, dict[str, object]] = {
    "llama": {**_LLAMA, "num_key_value_heads": 4},
    "mistral": {**_LLAMA, "num_key_value_heads": 2},
    "qwen2": {**_LLAMA, "num_key_value_heads": 2},
    "gemma": {**_LLAMA, "num_key_value_heads": 2, "head_dim": 16},
    "gemma3_text": {**_LLAMA, "num_key_value_heads": 2, "head_dim": 16, "tie_word_embeddings": True},
    "mixtral": {**_LLAMA, "num_key_value_heads": 2},
    "gpt2": {"n_embd": 32, "n_inner": 64, "n_layer": 4, "n_head": 4},
    "gpt_neox": {**_LLAMA},
}

MODEL_TYPES = tuple(_SMALL)
SANDWICHED = ("gemma3_text",)
"""Architectures with a norm between a block and the stream."""
GATED = tuple(name for name in MODEL_TYPES if name not in ("gpt2", "gpt_neox", *SANDWICHED))


@cache
def tiny(model_type: str, seed: int = 0) -> Model:
    """A model of a zoo base's configuration, made smaller, every tensor moved by noise."""
    bases = (*THRESHOLD, *REPORT)
    config: Mapping[str, object] = next(
        (base.config for base in bases if base.config["model_type"] == model_type),
        {"model_type": model_type, "dtype": "bfloat16"},
    )
    model = fresh_model({**config, **_SMALL[model_type], "vocab_size": VOCABULARY}, "python-a-48", seed)
    generator = torch.Generator().manual_seed(seed + 1)
    moved = {
        name: tensor + 0.2 * torch.randn(tensor.shape, generator=generator) for name, tensor in model.weights.items()
    }
    return model.with_weights(moved)
