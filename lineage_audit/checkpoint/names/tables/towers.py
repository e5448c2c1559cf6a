"""Inside the layers of vision and audio towers, whatever stands before the layer's number.

A tower's layers are a transformer's: their FFN units, heads and value dimensions have the symmetries of any other. What
no row names (patches, filters, resamplers inside a tower) is compared by name. Sources: the towers of transformers'
models, and of the releases that they were converted from.
"""

from __future__ import annotations

from lineage_audit.checkpoint.names.fusions import Fusion
from lineage_audit.checkpoint.names.tables.family import Entries, Family
from lineage_audit.checkpoint.roles import Role

_QKVO = (Role.Q, Role.K, Role.V, Role.O)


def _attention(module: str, *spellings: tuple[str, str, str, str]) -> Entries:
    """The four projections of an attention module, in each of their spellings."""
    return tuple(
        (f"{module}.{name}", role) for names in spellings for name, role in zip(names, _QKVO, strict=True) if name
    )


_CLIP = Family(
    "CLIP, SigLIP, Idefics, Llama 4, Mllama, Kimi, InternVL, ViT, DINOv2, Whisper, Qwen 2 Audio",
    inside=(
        *_attention("self_attn", ("q_proj", "k_proj", "v_proj", "out_proj"), ("", "", "", "o_proj")),
        *_attention("attention", ("q_proj", "k_proj", "v_proj", "o_proj"), ("", "", "", "out_proj")),
        *_attention("attention", ("", "", "", "projection_layer"), ("", "", "", "output.dense")),
        *_attention("attention.attention", ("query", "key", "value", "")),
        *_attention("attn", ("q_proj", "k_proj", "v_proj", "out_proj"), ("", "", "", "o_proj")),
        ("self_attn.q_norm", Role.Q_NORM),
        ("self_attn.k_norm", Role.K_NORM),
        ("attention.q_norm", Role.Q_NORM),
        ("attention.k_norm", Role.K_NORM),
        ("layer_norm1", Role.ATTN_NORM),
        ("layer_norm2", Role.FFN_NORM),
        ("input_layernorm", Role.ATTN_NORM),
        ("post_attention_layernorm", Role.FFN_NORM),
        ("layernorm_before", Role.ATTN_NORM),
        ("layernorm_after", Role.FFN_NORM),
        ("self_attn_layer_norm", Role.ATTN_NORM),
        ("final_layer_norm", Role.FFN_NORM),
        ("mlp.fc1", Fusion.UP_OR_GATE_UP),
        ("mlp.fc2", Role.DOWN),
        ("fc1", Fusion.UP_OR_GATE_UP),
        ("fc2", Role.DOWN),
        ("intermediate.dense", Role.UP),
        ("output.dense", Role.DOWN),
    ),
)

BLOCKS = Family(
    "Qwen VL, GLM-V, SAM, EVA, and what comes from timm",
    inside=(
        ("attn.qkv", Fusion.QKV_BLOCKS),
        ("self_attn.qkv", Fusion.QKV_BLOCKS),  # BLIP
        ("attn.proj", Role.O),
        ("self_attn.projection", Role.O),
        ("attn.q_norm", Role.Q_NORM),
        ("attn.k_norm", Role.K_NORM),
        ("norm1", Role.ATTN_NORM),
        ("norm2", Role.FFN_NORM),
        ("attn.in_proj_weight", Fusion.QKV_BLOCKS),  # OpenCLIP, Step 3
        ("attn.in_proj_bias", Fusion.QKV_BLOCKS),
        ("ln_1", Role.ATTN_NORM),
        ("ln_2", Role.FFN_NORM),
        ("mlp.c_fc", Role.UP),
        ("mlp.c_proj", Role.DOWN),
        ("mlp.lin1", Role.UP),
        ("mlp.lin2", Role.DOWN),
        ("mlp.linear_fc1", Role.UP),
        ("mlp.linear_fc2", Role.DOWN),
        ("mlp.gate_proj", Role.GATE),
        ("mlp.up_proj", Role.UP),
        ("mlp.down_proj", Role.DOWN),
    ),
)

_PIXTRAL = Family(
    "Pixtral, LFM VL",
    inside=(
        ("attention_norm", Role.ATTN_NORM),
        ("ffn_norm", Role.FFN_NORM),
        ("feed_forward.gate_proj", Role.GATE),
        ("feed_forward.up_proj", Role.UP),
        ("feed_forward.down_proj", Role.DOWN),
        ("feed_forward.w1", Role.GATE),
        ("feed_forward.w3", Role.UP),
        ("feed_forward.w2", Role.DOWN),
    ),
)

_CONFORMER = Family(
    "Conformers: two halves of an FFN around attention and a convolution",
    inside=(
        ("feed_forward1.linear1", Role.UP),
        ("feed_forward1.linear2", Role.DOWN),
        ("feed_forward_in.gate_up_proj", Fusion.GATE_UP),  # Phi 4
        ("feed_forward_in.down_proj", Role.DOWN),
        ("ffn.net.0", Role.UP),  # NeMo's speech models
        ("ffn.net.3", Role.DOWN),
        ("ffn1.intermediate_dense", Role.UP),
        ("ffn1.output_dense", Role.DOWN),
        *_attention("self_attn", ("linear_q", "linear_k", "linear_v", "linear_out")),
    ),
)

PIX2STRUCT = Family(
    "Pix2Struct, Kosmos 2.5",
    inside=(
        *_attention("attention", ("query", "key", "value", "output")),
        ("pre_attention_layer_norm", Role.ATTN_NORM),
        ("pre_mlp_layer_norm", Role.FFN_NORM),
        ("mlp.wi_0", Role.GATE),
        ("mlp.wi_1", Role.UP),
        ("mlp.wo", Role.DOWN),
    ),
)

_GGUF = Family(
    "any tower in a GGUF file",
    inside=(
        ("attn_q", Role.Q),
        ("attn_k", Role.K),
        ("attn_v", Role.V),
        ("attn_qkv", Fusion.QKV_BLOCKS),
        ("attn_out", Role.O),
        ("attn_q_norm", Role.Q_NORM),
        ("attn_k_norm", Role.K_NORM),
        ("ln1", Role.ATTN_NORM),
        ("ln2", Role.FFN_NORM),
        ("ffn_gate", Role.GATE),
        ("ffn_up", Role.UP),
        ("ffn_down", Role.DOWN),
    ),
)

FAMILIES = (_CLIP, BLOCKS, _PIXTRAL, _CONFORMER, PIX2STRUCT, _GGUF)

INSIDE = {name: meaning for family in reversed(FAMILIES) for name, meaning in family.inside}
"""Name inside a tower's layer -> meaning."""
