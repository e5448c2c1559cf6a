"""Train a small Llama from a seed, so that the same machine makes the same weights twice.

Choices:

- The seed of the initial weights and the seed of the data order are separate: two models can share either.
- AdamW with a linear warm-up and a cosine decay to zero. Matrices decay, norm gains do not.
- Training is in float32. What is written, and what a fine-tune starts from, is bfloat16, as published.
- The reported loss is the mean over the last `FINAL_STEPS` steps: one batch alone is noise.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from benchmarks.training.bpe import BEGIN_ID, END_ID, UNKNOWN_ID

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray
    from transformers import LlamaForCausalLM

THREADS = 2
FINAL_STEPS = 50
LOG_EVERY = 100


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


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long, how fast and in which order of data a model is trained."""

    steps: int
    peak_learning_rate: float
    data_seed: int
    warmup_steps: int = 40
    sequences: int = 16
    context: int = 128
    weight_decay: float = 0.1

    def learning_rate(self, step: int) -> float:
        """Return the rate at `step`, counted from zero: up in a line, down along a cosine."""
        if step < self.warmup_steps:
            return self.peak_learning_rate * (step + 1) / self.warmup_steps
        done = (step - self.warmup_steps) / (self.steps - self.warmup_steps)
        return self.peak_learning_rate * 0.5 * (1 + math.cos(math.pi * done))


def use_reproducible_torch() -> None:
    """Fix the number of threads, on which the order of sums depends, and refuse non-deterministic kernels."""
    import torch

    torch.set_num_threads(THREADS)
    torch.use_deterministic_algorithms(True)


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


def train(model: LlamaForCausalLM, tokens: NDArray[np.int64], schedule: Schedule) -> float:
    """Train `model` in place on a stream of token ids and return its final training loss in nats a token."""
    import torch

    model.train()
    optimizer = torch.optim.AdamW(_decay_groups(model, schedule.weight_decay), betas=(0.9, 0.95))
    losses: list[float] = []
    for step, batch in enumerate(_batches(tokens, schedule)):
        for group in optimizer.param_groups:
            group["lr"] = schedule.learning_rate(step)
        loss = model(input_ids=batch, labels=batch).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
        if (step + 1) % LOG_EVERY == 0:
            print(f"  step {step + 1:4d}  loss {_mean_of_last(losses):.3f}", flush=True)
    return _mean_of_last(losses)


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


def _decay_groups(model: LlamaForCausalLM, weight_decay: float) -> list[dict[str, object]]:
    parameters = list(model.parameters())
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim == 1], "weight_decay": 0.0},
    ]


def _batches(tokens: NDArray[np.int64], schedule: Schedule) -> Iterator[torch.Tensor]:
    """Yield one batch of random windows a step, shape (sequences, context)."""
    import torch

    stream = torch.from_numpy(tokens)
    order = torch.Generator().manual_seed(schedule.data_seed)
    for _ in range(schedule.steps):
        starts = torch.randint(len(stream) - schedule.context, (schedule.sequences, 1), generator=order)
        yield stream[starts + torch.arange(schedule.context)]


def _mean_of_last(losses: list[float]) -> float:
    last = losses[-FINAL_STEPS:]
    return math.fsum(last) / len(last)
