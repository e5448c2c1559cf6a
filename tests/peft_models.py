"""Small models and adapters made with PEFT itself, and what PEFT makes of them when it merges."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


def llama(seed: int = 0, layers: int = 2) -> Any:
    """A Llama whose rows and columns differ in number wherever they can."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=96,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        bos_token_id=1,
        eos_token_id=2,
    )
    return LlamaForCausalLM(config)


def gpt2(seed: int = 0) -> Any:
    """A GPT-2: Conv1D matrices, biases, a tied output matrix."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(seed)
    config = GPT2Config(vocab_size=96, n_embd=32, n_layer=2, n_head=4, n_positions=64, bos_token_id=1, eos_token_id=2)
    return GPT2LMHeadModel(config)


@dataclass(frozen=True)
class Folders:
    """Where a base, an adapter and the merged model were saved."""

    base: str
    adapter: str
    merged: str

    @property
    def composed(self) -> str:
        return f"{self.base}+{self.adapter}"


def adapted(
    folder: Path, make: Callable[[], Any], dtype: str = "float32", seed: int = 1, kind: str = "Lora", **settings: Any
) -> Folders:
    """Save a base, an adapter with every tensor moved off its start, and PEFT's own merge of the two."""
    import peft
    import torch

    base = make().to(getattr(torch, dtype))
    base.save_pretrained(folder / "base")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        strength = {"r": 4, "lora_alpha": 12} if kind == "Lora" else {}
        model = peft.get_peft_model(base, getattr(peft, f"{kind}Config")(**{**strength, **settings}))
        stir(model, seed)
        model.save_pretrained(folder / "adapter")
        model.merge_and_unload().save_pretrained(folder / "merged")
    return Folders(*(str(folder / name) for name in ("base", "adapter", "merged")))


def stir(model: Any, seed: int) -> None:
    """Move every trainable tensor, as training would."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float32)
                parameter.add_((0.05 * noise).to(parameter.dtype))
