"""LoRA adapters that are really trained, by Adam on least squares, in NumPy and in no time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lineage_audit.checkpoint import Checkpoint
from tests import models
from tests.checkpoint.composed.adapters import adapter
from tests.models import Array

MODULES, OUT, IN, RANK = 16, 48, 40, 8
Factors = dict[str, tuple[Array, Array]]


@dataclass(frozen=True)
class Training:
    """Where an adapter starts, what it is trained on, and how long."""

    seed: int
    data: int
    order: int = 0
    steps: int = 60


def train(training: Training, start: Factors | None = None) -> Factors:
    """Train every module's factors towards what its data ask of it, in mini-batches."""
    begun = start or starts(training.seed)
    return {module: _trained(number, factors, training) for number, (module, factors) in enumerate(begun.items())}


def starts(seed: int) -> Factors:
    """A at random, B at zero."""
    rng = np.random.default_rng([seed, 1])
    return {
        f"model.layers.{number}.self_attn.q_proj": (
            (rng.uniform(-1, 1, (RANK, IN)) / IN**0.5).astype(np.float32),
            np.zeros((OUT, RANK), dtype=np.float32),
        )
        for number in range(MODULES)
    }


def _trained(number: int, factors: tuple[Array, Array], training: Training) -> tuple[Array, Array]:
    data = np.random.default_rng([training.data, number, 2])
    wanted, inputs = data.standard_normal((OUT, IN)), data.standard_normal((200, IN))
    order = np.random.default_rng([training.order, number, 3])
    a, b = (factor.astype(np.float64) for factor in factors)
    moments = [np.zeros_like(a), np.zeros_like(a), np.zeros_like(b), np.zeros_like(b)]
    for step in range(1, training.steps + 1):
        x = inputs[order.integers(0, len(inputs), 32)]
        error = x @ (b @ a - wanted).T
        gradient = error.T @ x / len(x)
        for value, slope, at in ((a, b.T @ gradient, 0), (b, gradient @ a.T, 2)):
            moments[at] = 0.9 * moments[at] + 0.1 * slope
            moments[at + 1] = 0.99 * moments[at + 1] + 0.01 * slope**2
            first, second = moments[at] / (1 - 0.9**step), moments[at + 1] / (1 - 0.99**step)
            value -= 0.02 * first / (np.sqrt(second) + 1e-8)
    return a.astype(np.float32), b.astype(np.float32)


def opened(factors: Factors, **stated: object) -> Checkpoint:
    """The adapter as a checkpoint."""
    return models.checkpoint(adapter(factors, **{"r": RANK, "lora_alpha": RANK, **stated}))
