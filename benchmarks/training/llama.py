"""Make a small Llama from a seed, train it (see `loop.py`) and round it for publication.

Training is in float32. What is written, and what a fine-tune starts from, is bfloat16, as published.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from benchmarks.training import loop
from benchmarks.training.bpe import BEGIN_ID, END_ID, UNKNOWN_ID
from benchmarks.training.loop import Schedule, train

if TYPE_CHECKING:
    import torch
    from transformers import LlamaForCausalLM

__all__ = [
    "LlamaShape",
    "Schedule",
    "fresh_llama",
    "llama_with",
    "norm_gain_spread",
    "published_weights",
    "train",
    "training_results",
    "use_reproducible_torch",
]

THREADS = 2


@dataclass(frozen=True, slots=True)
class LlamaShape:
    """The numbers that make one Llama: the field names are those of `config.json`."""

    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    vocab_size: int
    max_position_embeddings: int = 128
    rms_norm_eps: float = 1e-5
    rope_theta: float = 10000.0

    def config(self) -> dict[str, object]:
        """Return these numbers and the constants all our models share, as `config.json` spells them."""
        constants: dict[str, object] = {
            "bos_token_id": BEGIN_ID,
            "eos_token_id": END_ID,
            "hidden_act": "silu",
            "initializer_range": 0.02,
            "pad_token_id": UNKNOWN_ID,
            "tie_word_embeddings": False,
            "torch_dtype": "bfloat16",
            "use_cache": True,
        }
        return dict(sorted({**asdict(self), **constants}.items()))


def use_reproducible_torch() -> None:
    """Train on two threads, the same sums in the same order each time."""
    loop.use_reproducible_torch(THREADS)


def fresh_llama(shape: LlamaShape, seed: int) -> LlamaForCausalLM:
    """Return an untrained Llama whose random weights follow from `seed` alone."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    return LlamaForCausalLM(LlamaConfig(**shape.config() | {"torch_dtype": "float32"}))


def llama_with(shape: LlamaShape, weights: Mapping[str, torch.Tensor]) -> LlamaForCausalLM:
    """Return a float32 Llama that holds exactly `weights`, named as transformers names them."""
    model = fresh_llama(shape, seed=0)
    model.load_state_dict({name: tensor.float() for name, tensor in weights.items()}, strict=True)
    return model


def published_weights(model: LlamaForCausalLM) -> dict[str, torch.Tensor]:
    """Return the model's tensors rounded to bfloat16, each with its own memory."""
    import torch

    return {name: tensor.detach().to(torch.bfloat16).clone() for name, tensor in model.state_dict().items()}


def training_results(schedule: Schedule, loss: float, weights: Mapping[str, torch.Tensor]) -> dict[str, float | int]:
    """Return what training measured: losses in nats a token, the spread of norm gains without unit."""
    return {
        "norm_gain_std": norm_gain_spread(weights),
        "train_loss": round(loss, 4),
        "train_steps": schedule.steps,
        "train_tokens": schedule.steps * schedule.sequences * schedule.context,
    }


def norm_gain_spread(weights: Mapping[str, torch.Tensor]) -> float:
    """Return the standard deviation of all norm gains: zero where training never moved them from one."""
    import torch

    gains = torch.cat([tensor.float() for tensor in weights.values() if tensor.ndim == 1])
    return round(float(gains.std()), 4)
