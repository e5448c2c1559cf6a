"""The weights of a case, by what they are: a base, what was made from it, and what has nothing to do with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from tests.claims.repositories import TINY, base_weights, derived_weights, independent_weights
from tests.models import Weights, noisy

_CHANGE, _RANK = 0.05, 4


def _another(seed: int = 9) -> Weights:
    return noisy(base_weights(), seed, _CHANGE)


def _grid(levels: int) -> Weights:
    """Rounded to a grid in each row and stored as numbers again, as a quantisation that is written back is."""
    return {name: _rounded(values, levels) for name, values in base_weights().items()}


def _rounded(values: np.ndarray, levels: int) -> np.ndarray:  # type: ignore[type-arg]
    if values.ndim < 2:
        return values
    step = np.abs(values).max(axis=1, keepdims=True) / levels
    return (np.round(values / step) * step).astype(values.dtype)


def _mean(first: Weights, second: Weights) -> Weights:
    return {name: ((values + second[name]) / 2).astype(values.dtype) for name, values in first.items()}


def _toward_base(weight: float) -> Weights:
    base, other = base_weights(), _another()
    return {name: (weight * other[name] + (1 - weight) * values).astype(values.dtype) for name, values in base.items()}


def _with_units_moved() -> Weights:
    """A fine-tune whose FFN units stand in another order, all else being the base's."""
    order, tuned = np.random.default_rng(6).permutation(TINY.ffn), derived_weights()
    moved = {name: tuned[name] if "mlp" in name else values for name, values in base_weights().items()}
    return {
        name: values[:, order] if "down_proj" in name else values[order] if "mlp" in name else values
        for name, values in moved.items()
    }


def _with_parts_of_base() -> Weights:
    base, other = base_weights(), independent_weights()
    return {name: base[name] if "embed" in name or "norm" in name else values for name, values in other.items()}


def with_tower(language: Weights, seed: int = 21) -> Weights:
    """A language model under another prefix, beside a vision tower and a projector of its own."""
    rng = np.random.default_rng(seed)
    hidden = TINY.hidden

    def drawn(*shape: int) -> np.ndarray:  # type: ignore[type-arg]
        return (0.02 * rng.standard_normal(shape)).astype(np.float32)

    at = "vision_tower.vision_model.encoder.layers.0."
    tower = {
        at + "self_attn.q_proj.weight": drawn(hidden, hidden),
        at + "self_attn.k_proj.weight": drawn(hidden, hidden),
        at + "self_attn.v_proj.weight": drawn(hidden, hidden),
        at + "self_attn.out_proj.weight": drawn(hidden, hidden),
        at + "mlp.fc1.weight": drawn(2 * hidden, hidden),
        at + "mlp.fc2.weight": drawn(hidden, 2 * hidden),
        "multi_modal_projector.linear_1.weight": drawn(hidden, hidden),
    }
    return {**{f"language_model.{name}": values for name, values in language.items()}, **tower}


def lora(seed: int = 5) -> Weights:
    """A LoRA on queries and values, as PEFT names its tensors."""
    rng = np.random.default_rng(seed)
    found: Weights = {}
    for name, values in base_weights().items():
        if "q_proj" in name or "v_proj" in name:
            at = "base_model.model." + name.removesuffix(".weight")
            found[at + ".lora_A.weight"] = (0.02 * rng.standard_normal((_RANK, values.shape[1]))).astype(np.float32)
            found[at + ".lora_B.weight"] = (0.02 * rng.standard_normal((values.shape[0], _RANK))).astype(np.float32)
    return found


WEIGHTS: Mapping[str, Callable[[], Weights]] = {
    "base": base_weights,
    "fine-tune": derived_weights,
    "another fine-tune": _another,
    "third fine-tune": lambda: _another(12),
    "fine-tune of another": lambda: noisy(_another(), 8, _CHANGE / 2),
    "merge": lambda: _mean(_another(), _another(12)),
    "merge with the base": lambda: _toward_base(0.65),
    "disguised fine-tune": _with_units_moved,
    "parts of the base": _with_parts_of_base,
    "int4": lambda: _grid(7),
    "int8": lambda: _grid(127),
    "independent": independent_weights,
    "fine-tune with a tower": lambda: with_tower(derived_weights()),
}
"""What a case calls its weights -> how they are made, seeded."""
