"""The parts that a model is made of, in one closed vocabulary; each has layers numbered from 0."""

from __future__ import annotations

from enum import StrEnum


class ModelPart(StrEnum):
    """The stack of layers, or what stands between stacks, that a tensor belongs to."""

    LANGUAGE_MODEL = "language_model"
    """The one stack of a model of text; of a multimodal model the stack that the text goes through."""
    ENCODER = "encoder"
    """What reads the input where another stack writes the output (T5, BART, Whisper)."""
    DECODER = "decoder"
    """What writes the output where another stack reads the input."""
    EMBEDDINGS = "embeddings"
    """What encoder and decoder share: the tokens' vectors, the output matrix."""
    VISION_TOWER = "vision_tower"
    AUDIO_TOWER = "audio_tower"
    PROJECTOR = "projector"
    """What carries a tower's output into the language model: projections, resamplers, Q-formers."""
    GENERATOR = "generator"
    """What makes images or speech of the language model's output."""
    DENOISER = "denoiser"
    """What makes images, video or sound out of noise: the part of a pipeline that is its model."""
    AUTOENCODER = "autoencoder"
    """What carries images into the space in which they are denoised, and back."""
    MULTI_TOKEN = "multi_token"
    """Layers that predict further tokens; they stand behind the model's own."""


TOWERS: frozenset[ModelPart] = frozenset({ModelPart.VISION_TOWER, ModelPart.AUDIO_TOWER})
"""Parts whose layers are a transformer's, under names of their own."""

CORE: frozenset[ModelPart] = frozenset(
    {ModelPart.LANGUAGE_MODEL, ModelPart.DECODER, ModelPart.EMBEDDINGS, ModelPart.DENOISER}
)
"""The parts whose units, heads and channels are searched; the others are compared and tested place by place.

No model has two of a language model, a decoder and a denoiser: one numbering of layers covers the core.
"""
