"""Real training of real models, on a processor: some dozens of steps of a fine-tune and of a LoRA."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.training.bpe import token_stream
from benchmarks.training.corpus import english_texts, standard_library
from benchmarks.training.loop import Schedule, train

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from transformers import PreTrainedModel

STEPS = 24
_CHARACTERS = 300_000
_FINE_TUNE = Schedule(STEPS, 2e-5, data_seed=1, warmup_steps=4, sequences=2, context=64, weight_decay=0.0)
_LORA = Schedule(STEPS, 5e-4, data_seed=2, warmup_steps=4, sequences=2, context=64, weight_decay=0.0)
_RANK = 8
_MODULES = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def fine_tune(base: Path, target: Path) -> None:
    """Train every matrix of the layers on English prose; embeddings stay, for the sake of memory."""
    model = _loaded(base)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_("embed_tokens" not in name and "lm_head" not in name)
    train(model, _tokens(base, english_texts()), _FINE_TUNE)
    _save(model, target)


def lora(base: Path, adapter: Path, merged: Path) -> None:
    """Train a LoRA on program sources, and write it alone and merged."""
    from peft import LoraConfig, get_peft_model

    model = get_peft_model(_loaded(base), LoraConfig(r=_RANK, lora_alpha=2 * _RANK, target_modules=_MODULES))
    train(model, _tokens(base, standard_library()), _LORA)
    model.save_pretrained(adapter)
    _save(model.merge_and_unload(), merged)


def _loaded(base: Path) -> PreTrainedModel:
    import torch
    from transformers import AutoModelForCausalLM

    torch.manual_seed(1)
    return AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)


def _save(model: PreTrainedModel, target: Path) -> None:
    import torch

    model.to(torch.bfloat16).save_pretrained(target)


def _tokens(base: Path, documents: tuple[str, ...]) -> NDArray[np.int64]:
    from tokenizers import Tokenizer

    text = "\n".join(documents)[:_CHARACTERS]
    return token_stream(Tokenizer.from_file(str(base / "tokenizer.json")), (text,))
