"""What a tensor is for, in one closed vocabulary that every architecture maps to."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """The part a tensor plays in a transformer.

    A fused tensor (one stored q/k/v or gate/up) is split into its roles when names are mapped; ``QKV`` and
    ``GATE_UP`` remain only for fused tensors whose inner layout is unknown.
    """

    # Embeddings and output
    EMBED = "embed"
    POSITION_EMBED = "position_embed"
    TOKEN_TYPE_EMBED = "token_type_embed"
    EMBED_PROJECTION = "embed_projection"
    EMBED_NORM = "embed_norm"
    FINAL_NORM = "final_norm"
    LM_HEAD = "lm_head"
    LM_TRANSFORM = "lm_transform"
    LM_TRANSFORM_NORM = "lm_transform_norm"
    POOLER = "pooler"
    CLASSIFIER = "classifier"

    # Attention
    ATTN_NORM = "attn_norm"
    Q = "q"
    K = "k"
    V = "v"
    O = "o"  # noqa: E741 - the field's name
    QKV = "qkv"
    Q_NORM = "q_norm"
    K_NORM = "k_norm"
    ATTN_SUB_NORM = "attn_sub_norm"
    ATTN_SINK = "attn_sink"
    POST_ATTN_NORM = "post_attn_norm"
    # Latent attention (DeepSeek V2 and V3): x -> q_a -> norm -> q_b; x -> kv_a -> norm -> kv_b
    Q_A = "q_a"
    Q_A_NORM = "q_a_norm"
    Q_B = "q_b"
    KV_A = "kv_a"
    KV_A_NORM = "kv_a_norm"
    K_B = "k_b"
    V_B = "v_b"
    K_ROPE = "k_rope"

    # Feed-forward
    FFN_NORM = "ffn_norm"
    GATE = "gate"
    UP = "up"
    DOWN = "down"
    GATE_UP = "gate_up"
    FFN_SUB_NORM = "ffn_sub_norm"
    POST_FFN_NORM = "post_ffn_norm"
    ROUTER = "router"
    SHARED_GATE = "shared_gate"
    SHARED_UP = "shared_up"
    SHARED_DOWN = "shared_down"
    SHARED_ROUTER = "shared_router"

    # Beside the language model proper
    MULTI_TOKEN = "multi_token"
    ADAPTER = "adapter"
    VISION = "vision"
    AUDIO = "audio"
    PROJECTOR = "projector"
    GENERATOR = "generator"
    BUFFER = "buffer"
    OTHER = "other"


NORM_ROLES: frozenset[Role] = frozenset(
    {
        Role.EMBED_NORM,
        Role.FINAL_NORM,
        Role.LM_TRANSFORM_NORM,
        Role.ATTN_NORM,
        Role.Q_NORM,
        Role.K_NORM,
        Role.ATTN_SUB_NORM,
        Role.POST_ATTN_NORM,
        Role.Q_A_NORM,
        Role.KV_A_NORM,
        Role.FFN_NORM,
        Role.FFN_SUB_NORM,
        Role.POST_FFN_NORM,
    }
)
"""Roles whose weights are gains that start at one (or zero, in Gemma's ``1 + w`` form)."""
