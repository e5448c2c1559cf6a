"""What stands around a name: wrappers to look through, slots, and parts beside the language model."""

from __future__ import annotations

from lineage_audit.checkpoint.model_parts import ModelPart
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import Slot

SLOTS: dict[str, Slot] = {"weight": "weight", "bias": "bias", "gamma": "weight", "beta": "bias"}
"""Last segment of a name -> slot. BERT's first releases wrote gamma and beta."""

WRAPPERS = frozenset(
    {
        "_orig_mod",
        "_fsdp_wrapped_module",
        "_checkpoint_wrapped_module",
        "_forward_module",
        "base_layer",
        "original_module",
    }
)
"""Segments that a compiler, a trainer or an adapter library puts anywhere into a name."""

PREFIXES = frozenset(
    {
        "module",
        "model",
        "base_model",
        "backbone",
        "transformer",
        "language_model",
        "text_model",
        "llm",
        "thinker",
        "auto_model",
        "pretrained_model",
        "policy",
        "gpt_neox",
        "bert",
        "roberta",
        "xlm_roberta",
        "distilbert",
        "albert",
        "electra",
    }
)
"""First segments that only say where the model sits."""

PART_SEGMENTS: dict[str, ModelPart] = {
    "vision_tower": ModelPart.VISION_TOWER,
    "vision_model": ModelPart.VISION_TOWER,
    "vision_encoder": ModelPart.VISION_TOWER,
    "vision_embed_tokens": ModelPart.VISION_TOWER,
    "image_newline": ModelPart.VISION_TOWER,
    "visual": ModelPart.VISION_TOWER,
    "vision": ModelPart.VISION_TOWER,
    "audio_tower": ModelPart.AUDIO_TOWER,
    "audio_encoder": ModelPart.AUDIO_TOWER,
    "audio_model": ModelPart.AUDIO_TOWER,
    "talker": ModelPart.GENERATOR,
    "token2wav": ModelPart.GENERATOR,
    "multi_modal_projector": ModelPart.PROJECTOR,
    "mm_projector": ModelPart.PROJECTOR,
    "vision_language_adapter": ModelPart.PROJECTOR,
    "vision_adapter": ModelPart.PROJECTOR,
    "embed_vision": ModelPart.PROJECTOR,
    "embed_audio": ModelPart.PROJECTOR,
    "resampler_model": ModelPart.PROJECTOR,
}
"""Segments that name a part beside the language model; the first one found decides."""

WHOLE_PARTS: dict[ModelPart, Role] = {
    ModelPart.VISION_TOWER: Role.VISION,
    ModelPart.AUDIO_TOWER: Role.AUDIO,
    ModelPart.PROJECTOR: Role.PROJECTOR,
    ModelPart.GENERATOR: Role.GENERATOR,
}
"""Parts whose tensors are compared by name alone, and the role that they all have."""

BESIDE: dict[str, Role] = {
    "lora_A": Role.ADAPTER,
    "lora_B": Role.ADAPTER,
    "lora_embedding_A": Role.ADAPTER,
    "lora_embedding_B": Role.ADAPTER,
    "lora_magnitude_vector": Role.ADAPTER,
    "modules_to_save": Role.ADAPTER,
    "prefix_encoder": Role.ADAPTER,
    "prompt_encoder": Role.ADAPTER,
    "mtp": Role.MULTI_TOKEN,
    "mtp_block": Role.MULTI_TOKEN,
    "mtp_emb_norm": Role.MULTI_TOKEN,
    "mtp_hidden_norm": Role.MULTI_TOKEN,
    "mtp_linear_proj": Role.MULTI_TOKEN,
    "inv_freq": Role.BUFFER,
    "position_ids": Role.BUFFER,
    "masked_bias": Role.BUFFER,
    "weight_scale": Role.BUFFER,
    "weight_scale_inv": Role.BUFFER,
    "weight_scale_2": Role.BUFFER,
    "weight_zero_point": Role.BUFFER,
    "weight_shape": Role.BUFFER,
    "weight_g_idx": Role.BUFFER,
    "input_scale": Role.BUFFER,
    "k_scale": Role.BUFFER,
    "v_scale": Role.BUFFER,
    "scales": Role.BUFFER,
    "qzeros": Role.BUFFER,
    "g_idx": Role.BUFFER,
    "SCB": Role.BUFFER,
    "weight_format": Role.BUFFER,
    "absmax": Role.BUFFER,
    "quant_map": Role.BUFFER,
    "nested_absmax": Role.BUFFER,
    "nested_quant_map": Role.BUFFER,
    "gate_up_proj_scales": Role.BUFFER,
    "down_proj_scales": Role.BUFFER,
}
"""Segments that name what stands beside a model's own weights; the first one found decides.

The scales and zero points of a quantisation are buffers here: they are read with the weights they belong to.
"""
