"""Tensors of mixers, latent attention, experts and towers in shapes that they should not have."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.checkpoint.formats.gguf_mixers import FAMILIES
from tests.comparison.evidence.test_mixers import rg_lru, rwkv
from tests.comparison.test_malformed_shapes import SHAPES, ends_well
from tests.models import Array, Config, Weights, noisy

HIDDEN, UNITS, VOCAB = 24, 40, 64


def _drawn(shapes: dict[str, tuple[int, ...]]) -> Weights:
    rng = np.random.default_rng(1)
    shapes = {"model.embed_tokens.weight": (VOCAB, HIDDEN), **shapes}
    return {name: rng.standard_normal(shape, dtype=np.float32) for name, shape in shapes.items()}


def latent_attention() -> tuple[Weights, Config]:
    shapes: dict[str, tuple[int, ...]] = {}
    for layer in range(2):
        at = f"model.layers.{layer}.self_attn."
        shapes |= {
            at + "q_a_proj.weight": (12, HIDDEN),
            at + "q_b_proj.weight": (4 * 12, 12),
            at + "kv_a_proj_with_mqa.weight": (16 + 4, HIDDEN),
            at + "kv_b_proj.weight": (4 * (8 + 6), 16),
            at + "o_proj.weight": (HIDDEN, 4 * 6),
        }
    sizes = {"qk_nope_head_dim": 8, "qk_rope_head_dim": 4, "v_head_dim": 6, "kv_lora_rank": 16}
    return _drawn(shapes), {"model_type": "deepseek_v3", "hidden_size": HIDDEN, "num_attention_heads": 4, **sizes}


def experts() -> tuple[Weights, Config]:
    shapes: dict[str, tuple[int, ...]] = {}
    for layer in range(2):
        at = f"model.layers.{layer}.mlp."
        shapes |= {
            at + "gate.weight": (4, HIDDEN),
            at + "experts.gate_up_proj": (4, 2 * UNITS, HIDDEN),
            at + "experts.down_proj": (4, HIDDEN, UNITS),
            at + "shared_expert.gate_proj.weight": (UNITS, HIDDEN),
            at + "shared_expert.up_proj.weight": (UNITS, HIDDEN),
            at + "shared_expert.down_proj.weight": (HIDDEN, UNITS),
        }
    return _drawn(shapes), {"model_type": "qwen3_next", "hidden_size": HIDDEN, "num_experts": 4}


def tower() -> tuple[Weights, Config]:
    shapes: dict[str, tuple[int, ...]] = {}
    for layer in range(2):
        at = f"model.vision_tower.encoder.layers.{layer}."
        shapes |= {at + f"self_attn.{name}_proj.weight": (HIDDEN, HIDDEN) for name in ("q", "k", "v", "out")}
        shapes |= {at + "mlp.fc1.weight": (UNITS, HIDDEN), at + "mlp.fc2.weight": (HIDDEN, UNITS)}
        shapes |= {
            f"model.language_model.layers.{layer}.mlp.{name}_proj.weight": (UNITS, HIDDEN) for name in ("gate", "up")
        }
        shapes[f"model.language_model.layers.{layer}.mlp.down_proj.weight"] = (HIDDEN, UNITS)
    return _drawn(shapes), {"model_type": "llava", "vision_config": {"num_attention_heads": 4}}


def _mixer(family: str) -> Callable[[], tuple[Weights, Config]]:
    return lambda: ((made := FAMILIES[family]()).original, made.config)


WORLDS: dict[str, Callable[[], tuple[Weights, Config]]] = {
    **{family: _mixer(family) for family in ("mamba", "mamba2", "lfm2", "qwen3next", "qwen35", "kimi-linear")},
    "rg-lru": lambda: (rg_lru(1), {"model_type": "recurrent_gemma", "hidden_size": HIDDEN}),
    "rwkv": lambda: (rwkv(1), {"model_type": "rwkv", "hidden_size": HIDDEN}),
    "latent attention": latent_attention,
    "experts": experts,
    "tower": tower,
}


@pytest.mark.parametrize("world", WORLDS)
def test_every_shape_ends_in_a_verdict_or_one_line(world: str) -> None:
    """Every tensor has two of the shapes, another two than the tensor before: in both models, and in one."""
    weights, config = WORLDS[world]()
    copy, shapes = noisy(weights, 2, 0.05), list(SHAPES.values())
    matrices = [name for name in weights if ".0." in name]
    for number, name in enumerate(matrices):
        first, second = (shapes[(2 * number + step) % len(shapes)] for step in (0, 1))
        ends_well(_with(weights, name, first), _with(copy, name, first), config)
        ends_well(weights, _with(copy, name, second), config)


def _with(weights: Weights, name: str, shape: Callable[[Array], Array]) -> Weights:
    return {**weights, name: shape(weights[name])}
