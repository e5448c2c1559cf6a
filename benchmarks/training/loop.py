"""Train any causal language model of transformers from a seed, so that the same machine makes the same weights twice.

Choices:

- The seed of the initial weights and the seed of the data order are separate: two models can share either.
- AdamW with a linear warm-up and a cosine decay to zero. Matrices decay, norm gains and biases do not.
- The reported loss is the mean over the last `FINAL_STEPS` steps: one batch alone is noise.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray
    from transformers import PreTrainedModel

    Objective = Callable[[PreTrainedModel, torch.Tensor], torch.Tensor]
    """The loss of a model on one batch of token ids, shape (sequences, context)."""

FINAL_STEPS = 50
LOG_EVERY = 100


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


def use_reproducible_torch(threads: int) -> None:
    """Fix the number of threads, on which the order of sums depends, and refuse non-deterministic kernels."""
    import torch

    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)


def next_token_loss(model: PreTrainedModel, batch: torch.Tensor) -> torch.Tensor:
    """Return the mean cross-entropy of each token given those before it, in nats."""
    loss: torch.Tensor = model(input_ids=batch, labels=batch).loss
    return loss


def train(
    model: PreTrainedModel, tokens: NDArray[np.int64], schedule: Schedule, objective: Objective = next_token_loss
) -> float:
    """Train what is trainable of `model` in place on a stream of token ids and return its final training loss."""
    import torch

    model.train()
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(_decay_groups(parameters, schedule.weight_decay), betas=(0.9, 0.95))
    losses: list[float] = []
    for step, batch in enumerate(_batches(tokens, schedule)):
        for group in optimizer.param_groups:
            group["lr"] = schedule.learning_rate(step)
        loss = objective(model, batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
        if (step + 1) % LOG_EVERY == 0:
            print(f"  step {step + 1:4d}  loss {_mean_of_last(losses):.3f}", flush=True)
    return _mean_of_last(losses)


def _decay_groups(parameters: list[torch.nn.Parameter], weight_decay: float) -> list[dict[str, object]]:
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
