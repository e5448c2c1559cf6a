"""Vision-language models of a few kilobytes: a small Llama beside a small tower."""

from __future__ import annotations

import numpy as np

from tests.models import Config, Size, Weights, llama_config

TOWER_WIDTH, TOWER_LAYERS = 48, 4


def tower(seed: int, prefix: str = "vision_model.encoder.") -> Weights:
    """A randomly initialised vision transformer, as CLIP names its tensors."""
    rng = np.random.default_rng([seed, 2])
    width = TOWER_WIDTH
    shapes: dict[str, tuple[int, ...]] = {}
    for layer in range(TOWER_LAYERS):
        at = f"{prefix}layers.{layer}."
        shapes |= {
            f"{at}self_attn.{name}.weight": (width, width) for name in ("q_proj", "k_proj", "v_proj", "out_proj")
        }
        shapes |= {f"{at}mlp.fc1.weight": (4 * width, width), f"{at}mlp.fc2.weight": (width, 4 * width)}
    return {name: (0.02 * rng.standard_normal(shape)).astype(np.float32) for name, shape in shapes.items()}


def tower_config() -> Config:
    """The configuration of a tower that stands alone."""
    return {"architectures": ["CLIPVisionModel"], "model_type": "clip_vision_model", **_tower_fields()}


def beside(language: Weights, vision: Weights) -> Weights:
    """Both as one model of the LLaVA kind names them."""
    named = {f"language_model.{name}": values for name, values in language.items()}
    return {**named, **{f"vision_tower.{name}": values for name, values in vision.items()}}


def multimodal_config(size: Size) -> Config:
    """The configuration of such a model."""
    return {
        "architectures": ["LlavaForConditionalGeneration"],
        "model_type": "llava",
        "text_config": llama_config(size),
        "vision_config": _tower_fields(),
    }


def _tower_fields() -> Config:
    return {
        "hidden_size": TOWER_WIDTH,
        "num_hidden_layers": TOWER_LAYERS,
        "num_attention_heads": 4,
        "intermediate_size": 4 * TOWER_WIDTH,
    }
