"""Carry out the change of a recipe: parents in, a model out, nothing trained yet."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from benchmarks.zoo.bases import Base
from benchmarks.zoo.corpora import NEIGHBOURS
from benchmarks.zoo.disguises.registry import disguise
from benchmarks.zoo.disguises.verification import check_same_function
from benchmarks.zoo.families import Weights, family_of
from benchmarks.zoo.model import Model, fresh_model
from benchmarks.zoo.recipes import (
    Cast,
    Change,
    DirectionAblated,
    Disguised,
    Distilled,
    Grafted,
    Merged,
    NoiseAdded,
    Pruned,
    Quantized,
    Relayered,
    Stacked,
    Unchanged,
    Upcycled,
    VocabularyExtended,
    VocabularyReplaced,
)
from benchmarks.zoo.store import Store
from benchmarks.zoo.surgery import layers, vocabulary
from benchmarks.zoo.surgery.merging import METHODS, merged
from benchmarks.zoo.surgery.perturbation import ablated, with_noise
from benchmarks.zoo.surgery.rounding import quantized
from benchmarks.zoo.surgery.upcycling import finely_upcycled, sparse_upcycled
from benchmarks.zoo.surgery.width import pruned

if TYPE_CHECKING:
    import torch

PLANS: Mapping[str, layers.LayerPlan] = {
    "without-middle": layers.without_middle,
    "without-last-two": layers.without_last_two,
    "up-scaled": layers.up_scaled,
    "middle-doubled": layers.middle_doubled,
}
"""Name -> which layers are taken."""


def changed(change: Change, parents: tuple[Model, ...], base: Base, store: Store, seed: int) -> Model:
    """Return what the change makes of the parents.

    Raises:
        ValueError: a disguise changed the function, or does not fit the architecture.
    """
    import torch

    first = parents[0]
    generator = torch.Generator().manual_seed(seed)
    match change:
        case Unchanged():
            return first
        case Disguised():
            return _disguised(first, change, seed)
        case Merged() | Stacked():
            return first.with_weights(_mixed(change, parents, generator))
        case VocabularyExtended():
            names = tuple(f"<|reserved_{number}|>" for number in range(change.tokens))
            grown = first.with_weights(vocabulary.extended(first.weights, change.tokens, generator))
            return replace(grown, added_tokens=names)
        case VocabularyReplaced():
            return _with_other_vocabulary(first, base, store, generator)
        case Grafted() | Distilled():
            return _fresh(change, first, base, seed)
        case Upcycled():
            return _upcycled(change, first, generator)
        case Cast():
            return replace(first, config={**first.config, "dtype": change.dtype})
        case Relayered() | Pruned() | Quantized() | NoiseAdded() | DirectionAblated():
            return first.with_weights(_altered(change, first, generator))
        case _:
            assert_never(change)


def _disguised(model: Model, change: Disguised, seed: int) -> Model:
    result = disguise(model, change.disguise, seed)
    check_same_function(model, result)
    return result


def _altered(
    change: Relayered | Pruned | Quantized | NoiseAdded | DirectionAblated, model: Model, generator: torch.Generator
) -> Weights:
    match change:
        case Relayered():
            return layers.with_layers(model.weights, PLANS[change.plan])
        case Pruned():
            return pruned(model.weights, model.anatomy, change.kept)
        case Quantized():
            return quantized(model.weights, change.bits, change.group)
        case NoiseAdded():
            return with_noise(model.weights, change.level, generator)
        case DirectionAblated():
            return ablated(model.weights, generator)


def _mixed(change: Merged | Stacked, parents: tuple[Model, ...], generator: torch.Generator) -> Weights:
    base, *others = (parent.weights for parent in parents)
    match change:
        case Merged():
            return merged(base, others, change.shares, METHODS[change.method], generator)
        case Stacked():
            return layers.stacked(base, others[0], change.cut)


def _with_other_vocabulary(model: Model, base: Base, store: Store, generator: torch.Generator) -> Model:
    size = len(model.weights["embed.weight"])
    name = f"{NEIGHBOURS[base.corpus].other}-{size}"
    old, new = (store.tokenizer(tokenizer).get_vocab() for tokenizer in (model.tokenizer, name))
    return replace(model.with_weights(vocabulary.replaced(model.weights, old, new, generator)), tokenizer=name)


def _fresh(change: Grafted | Distilled, parent: Model, base: Base, seed: int) -> Model:
    host = fresh_model(base.config, parent.tokenizer, seed)
    match change:
        case Distilled():
            return host
        case Grafted(part="ffns"):
            return host.with_weights(layers.with_ffns_of(parent.weights, host.weights))
        case Grafted():
            return host.with_weights(layers.with_layers_of(parent.weights, host.weights, (1, 2)))


_Upcycling = Callable[..., Weights]
_UPCYCLED: Mapping[str, tuple[_Upcycling, Mapping[str, object]]] = {
    "mixtral": (
        sparse_upcycled,
        {"num_experts_per_tok": 2, "output_router_logits": True, "router_aux_loss_coef": 0.02},
    ),
    "qwen2_moe": (
        finely_upcycled,
        {"num_experts_per_tok": 2, "output_router_logits": True, "router_aux_loss_coef": 0.02, "norm_topk_prob": False},
    ),
}


def _upcycled(change: Upcycled, model: Model, generator: torch.Generator) -> Model:
    upcycle, fields = _UPCYCLED[change.model_type]
    weights = upcycle(model.weights, model.anatomy, generator)
    fields = {**fields, "qkv_bias": "layers.0.q.bias" in weights}
    return model.with_weights(weights, family_of(change.model_type), **fields)


def step_seed(seed: int, step: str) -> int:
    """A seed of its own for one step of a model's making."""
    return seed ^ zlib.crc32(step.encode())
