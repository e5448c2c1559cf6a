"""What a configuration says of the parts beside the core: towers under their own keys, an encoder by its fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lineage_audit.checkpoint.model_parts import ModelPart

_KEYS: Mapping[str, ModelPart] = {
    "vision_config": ModelPart.VISION_TOWER,
    "vision_tower": ModelPart.VISION_TOWER,
    "vision_encoder": ModelPart.VISION_TOWER,
    "vit_config": ModelPart.VISION_TOWER,
    "visual": ModelPart.VISION_TOWER,
    "audio_config": ModelPart.AUDIO_TOWER,
    "speech_config": ModelPart.AUDIO_TOWER,
    "encoder": ModelPart.ENCODER,
    "encoder_config": ModelPart.ENCODER,
}
"""Key of a nested configuration -> the part that it describes."""

_AROUND = ("thinker_config", "backbone_config")
"""Nested configurations that hold those of parts."""

_ENCODERS_OWN: Mapping[str, str] = {
    "num_attention_heads": "encoder_attention_heads",
    "intermediate_size": "encoder_ffn_dim",
    "num_hidden_layers": "encoder_layers",
}
"""The usual key -> what it is called where one configuration describes both stacks."""


def configurations_of_parts(stated: Mapping[str, object]) -> Iterator[tuple[ModelPart, dict[str, object]]]:
    """The parts that a configuration describes, each by the keys of a configuration of its own; the first one holds."""
    for key, part in _KEYS.items():
        nested = stated.get(key)
        if isinstance(nested, dict):
            yield part, nested
    for key in _AROUND:
        nested = stated.get(key)
        if isinstance(nested, dict):
            yield from configurations_of_parts(nested)
    if any(own in stated for own in _ENCODERS_OWN.values()):
        yield ModelPart.ENCODER, {**stated, **{key: stated[own] for key, own in _ENCODERS_OWN.items() if own in stated}}
