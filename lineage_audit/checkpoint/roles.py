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
    ATTN_GATE = "attn_gate"
    # Attention whose keys and values are another stack's output
    CROSS_NORM = "cross_norm"
    CROSS_Q = "cross_q"
    CROSS_K = "cross_k"
    CROSS_V = "cross_v"
    CROSS_O = "cross_o"
    CROSS_Q_NORM = "cross_q_norm"
    CROSS_K_NORM = "cross_k_norm"
    POST_CROSS_NORM = "post_cross_norm"
    # Latent attention (DeepSeek V2 and V3): x -> q_a -> norm -> q_b; x -> kv_a -> norm -> kv_b
    Q_A = "q_a"
    Q_A_NORM = "q_a_norm"
    Q_B = "q_b"
    KV_A = "kv_a"
    KV_A_NORM = "kv_a_norm"
    K_B = "k_b"
    V_B = "v_b"
    K_ROPE = "k_rope"
    O_A = "o_a"
    O_B = "o_b"

    # Mixers without a softmax: state-space models, gated delta nets, linear attention, short convolutions
    MIXER_IN = "mixer_in"
    MIXER_QKV = "mixer_qkv"
    MIXER_Q = "mixer_q"
    MIXER_K = "mixer_k"
    MIXER_V = "mixer_v"
    MIXER_O = "mixer_o"
    MIXER_GATE = "mixer_gate"
    MIXER_CONV = "mixer_conv"
    MIXER_CONV_Q = "mixer_conv_q"
    MIXER_CONV_K = "mixer_conv_k"
    MIXER_CONV_V = "mixer_conv_v"
    MIXER_STATE = "mixer_state"
    # What Mamba 1 makes of its channels: the step's low rank, what the state takes in, what is read of it
    MIXER_STEP_IN = "mixer_step_in"
    MIXER_B = "mixer_b"
    MIXER_C = "mixer_c"
    MIXER_STEP = "mixer_step"
    MIXER_BETA = "mixer_beta"
    MIXER_DECAY = "mixer_decay"
    MIXER_SKIP = "mixer_skip"
    MIXER_NORM = "mixer_norm"
    MIXER_PART = "mixer_part"

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
    FFN_OUTPUT_GATE = "ffn_output_gate"

    # Of known purpose, without a place of their own: a layer may hold several, told apart by name
    ATTN_PART = "attn_part"
    INDEXER = "indexer"
    RELATIVE_POSITION = "relative_position"
    POSITION_PART = "position_part"
    PATCH_EMBED = "patch_embed"
    EMBED_PART = "embed_part"
    LM_HEAD_PART = "lm_head_part"
    PER_LAYER_EMBED = "per_layer_embed"
    FFN_PART = "ffn_part"
    ROUTER_PART = "router_part"
    EXPERT_PROJECTION = "expert_projection"
    ACTIVATION = "activation"
    MODULATION = "modulation"
    HYPER_CONNECTION = "hyper_connection"

    # Beside the language model proper
    MULTI_TOKEN = "multi_token"
    ADAPTER = "adapter"
    ENCODER = "encoder"
    VISION = "vision"
    AUDIO = "audio"
    PROJECTOR = "projector"
    GENERATOR = "generator"
    DENOISER = "denoiser"
    AUTOENCODER = "autoencoder"
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
        Role.CROSS_NORM,
        Role.CROSS_Q_NORM,
        Role.CROSS_K_NORM,
        Role.POST_CROSS_NORM,
    }
)
"""Roles whose weights are gains that start at one (or zero, in Gemma's ``1 + w`` form)."""

WITHOUT_PLACE: frozenset[Role] = frozenset(
    {
        *(
            Role.OTHER,
            Role.ENCODER,
            Role.VISION,
            Role.AUDIO,
            Role.PROJECTOR,
            Role.GENERATOR,
            Role.DENOISER,
            Role.AUTOENCODER,
            Role.ADAPTER,
            Role.MULTI_TOKEN,
        ),
        *(Role.CLASSIFIER, Role.ATTN_PART, Role.INDEXER, Role.RELATIVE_POSITION, Role.POSITION_PART),
        *(Role.PATCH_EMBED, Role.EMBED_PART, Role.LM_HEAD_PART, Role.PER_LAYER_EMBED),
        *(Role.FFN_PART, Role.ROUTER_PART),
        *(Role.EXPERT_PROJECTION, Role.ACTIVATION, Role.MODULATION, Role.HYPER_CONNECTION),
        Role.MIXER_PART,
    }
)
"""Roles that many tensors of a layer may share, in any shape, so that only names tell them apart."""

MIXER_ROLES: frozenset[Role] = frozenset(
    {
        *(Role.MIXER_IN, Role.MIXER_QKV, Role.MIXER_Q, Role.MIXER_K, Role.MIXER_V, Role.MIXER_O, Role.MIXER_GATE),
        *(Role.MIXER_CONV, Role.MIXER_CONV_Q, Role.MIXER_CONV_K, Role.MIXER_CONV_V, Role.MIXER_STATE),
        *(Role.MIXER_STEP_IN, Role.MIXER_B, Role.MIXER_C, Role.MIXER_STEP, Role.MIXER_BETA, Role.MIXER_DECAY),
        *(Role.MIXER_SKIP, Role.MIXER_NORM, Role.MIXER_PART),
    }
)
"""Roles of mixers without a softmax."""

ANY_RANK: frozenset[Role] = frozenset(
    {
        *(Role.MIXER_CONV, Role.MIXER_CONV_Q, Role.MIXER_CONV_K, Role.MIXER_CONV_V, Role.MIXER_STATE),
        *(Role.MIXER_STEP, Role.MIXER_BETA, Role.MIXER_DECAY, Role.MIXER_SKIP, Role.MIXER_NORM),
    }
)
"""Roles of which a layer has one, whose shape differs from mixer to mixer."""
