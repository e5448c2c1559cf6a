"""The shapes of the benchmark, small enough to be run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.scale.shapes import Latent, Shape
from benchmarks.scale.trained import Weights
from benchmarks.scale.vocabularies import VOCABULARIES, VocabularyShape
from benchmarks.training.publishing import write_json

if TYPE_CHECKING:
    import torch

VOCABULARIES["tiny"] = VocabularyShape("tiny", "metaspace", 2_000, 3, 2_048)
LLAMA = Shape("llama", 256, 512, 4, 8, 2, "tiny", 2, head_dim=32)
QWEN = replace(LLAMA, family="qwen2")
MIXTRAL = replace(LLAMA, family="mixtral", experts=4, expert_ffn=512)
DEEPSEEK = Shape(
    *("deepseek_v3", 256, 512, 3, 4, 4, "tiny", 2),
    experts=4,
    expert_ffn=128,
    dense_layers=1,
    shared_experts=1,
    latent=Latent(query_rank=96, key_rank=64, plain=16, rotary=16, value=16),
)


def logits(weights: Weights, folder: Path) -> torch.Tensor:
    """What transformers computes from a model, of some tokens."""
    import torch
    from safetensors.numpy import save_file
    from transformers import AutoModelForCausalLM

    shape = weights.shape
    config = {**shape.config(), "torch_dtype": "float32", "n_group": 1, "topk_group": 1, "num_experts_per_tok": 2}
    config.pop("quantization_config", None)
    tensors = {}
    for tensor in shape.tensors():
        if tensor.scale_of is None:
            rows = weights.rows(tensor.slot, np.arange(shape.dimensions(tensor.slot)[0]))
            tensors[tensor.name] = np.ascontiguousarray(rows.reshape(tensor.shape), np.float32)
    folder.mkdir()
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    write_json(folder / "config.json", config)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    with torch.no_grad():
        answer: torch.Tensor = model(torch.arange(300, 324)[None]).logits[0]
    return answer
