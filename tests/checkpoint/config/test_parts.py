"""Configurations of parts: each tower's own, and an encoder's fields where one configuration describes both stacks."""

from __future__ import annotations

from lineage_audit.checkpoint.config.reader import config_from_mapping
from lineage_audit.checkpoint.model_parts import ModelPart


def test_towers_have_configurations_of_their_own() -> None:
    config = config_from_mapping(
        {
            "text_config": {"num_attention_heads": 8, "hidden_size": 64},
            "vision_config": {"num_attention_heads": 4, "hidden_size": 32},
            "audio_config": {"num_attention_heads": 2},
        },
        "config.json",
    )
    assert config.integer("num_heads") == 8
    heads = {part: one.integer("num_heads") for part, one in config.parts.items()}
    assert heads == {ModelPart.VISION_TOWER: 4, ModelPart.AUDIO_TOWER: 2}


def test_they_are_found_inside_a_thinker() -> None:
    config = config_from_mapping({"thinker_config": {"vision_config": {"num_heads": 16}}}, "config.json")
    assert config.parts[ModelPart.VISION_TOWER].integer("num_heads") == 16


def test_an_encoder_may_have_fields_of_its_own() -> None:
    stated = {"d_model": 64, "encoder_attention_heads": 4, "decoder_attention_heads": 8, "encoder_layers": 3}
    encoder = config_from_mapping(stated, "config.json").parts[ModelPart.ENCODER]
    assert (encoder.integer("num_heads"), encoder.integer("num_layers")) == (4, 3)


def test_what_is_no_configuration_is_none() -> None:
    assert not config_from_mapping({"vision_config": None, "visual": [1], "encoder": "x"}, "config.json").parts
