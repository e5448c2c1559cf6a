"""Mixers without a softmax: state-space models, gated delta nets, linear attention, RWKV, short convolutions.

Sources: the forward passes of the models named.
"""

from __future__ import annotations

from lineage_audit.checkpoint.names.fusions import Fusion
from lineage_audit.checkpoint.names.tables.family import Entries, Family
from lineage_audit.checkpoint.roles import Role

_STATE_SPACE_NAMES: Entries = (
    ("in_proj", Role.MIXER_IN),
    ("out_proj", Role.MIXER_O),
    ("conv1d", Role.MIXER_CONV),
    ("x_proj", Role.MIXER_STATE),
    ("x_proj_weight", Role.MIXER_STATE),
    ("dt_proj", Role.MIXER_STEP),
    ("dt_proj_weight", Role.MIXER_STEP),
    ("dt_proj_bias", Role.MIXER_STEP),
    ("dt_bias", Role.MIXER_STEP),
    ("A_log", Role.MIXER_DECAY),
    ("A", Role.MIXER_DECAY),
    ("D", Role.MIXER_SKIP),
    ("norm", Role.MIXER_NORM),
    ("dt_layernorm", Role.MIXER_PART),
    ("b_layernorm", Role.MIXER_PART),
    ("c_layernorm", Role.MIXER_PART),
)

_STATE_SPACE = Family(
    "Mamba 1 and 2, Falcon Mamba and H1, Jamba, Bamba, Zamba, Nemotron-H, Granite 4, LFM 3",
    layers=("layers.{L}",),
    inside=(
        *(
            (f"{module}.{name}", role)
            for module in ("mamba", "mixer", "mamba_decoder.mamba")
            for name, role in _STATE_SPACE_NAMES
        ),
        ("norm", Role.ATTN_NORM),
        ("mamba_decoder.input_layernorm", Role.ATTN_NORM),
        ("pre_ff_layernorm", Role.FFN_NORM),
        ("feed_forward.gate_proj", Role.GATE),
        ("feed_forward.up_proj", Role.UP),
        ("feed_forward.down_proj", Role.DOWN),
        ("mixer.q_proj", Role.Q),  # Nemotron-H names every kind of layer alike
        ("mixer.k_proj", Role.K),
        ("mixer.v_proj", Role.V),
        ("mixer.o_proj", Role.O),
        ("mixer.up_proj", Role.UP),
        ("mixer.down_proj", Role.DOWN),
        ("mixer.gate", Role.ROUTER),
        ("mixer.gate.e_score_correction_bias", Role.ROUTER),
        ("mixer.experts.{E}.up_proj", Role.UP),
        ("mixer.experts.{E}.down_proj", Role.DOWN),
        ("mixer.shared_experts.up_proj", Role.SHARED_UP),
        ("mixer.shared_experts.down_proj", Role.SHARED_DOWN),
        ("mixer.fc1_latent_proj", Role.EXPERT_PROJECTION),
        ("mixer.fc2_latent_proj", Role.EXPERT_PROJECTION),
    ),
    outside=(
        ("embeddings", Role.EMBED),
        ("norm_f", Role.FINAL_NORM),
        ("final_layernorm", Role.FINAL_NORM),
    ),
)

_DELTA_NETS = Family(
    "Qwen3-Next, Qwen 3.5, OLMo hybrid, Kimi Linear, Bailing hybrid, MiniMax 1",
    layers=("layers.{L}",),
    inside=(
        *(
            (f"{module}.{name}", role)
            for module in ("linear_attn", "self_attn", "attention")
            for name, role in (
                ("in_proj", Role.MIXER_QKV),
                ("in_proj_qkvz", Fusion.MIXER_QKVZ_GROUPS),
                ("in_proj_qkv", Fusion.MIXER_QKV_BLOCKS),
                ("in_proj_ba", Fusion.MIXER_BA_GROUPS),
                ("in_proj_z", Role.MIXER_GATE),
                ("in_proj_a", Role.MIXER_STEP),
                ("in_proj_b", Role.MIXER_BETA),
                ("a_proj", Role.MIXER_STEP),
                ("b_proj", Role.MIXER_BETA),
                ("f_proj", Role.MIXER_STEP),
                ("f_a_proj", Role.MIXER_PART),
                ("f_b_proj", Role.MIXER_STEP),
                ("g_a_proj", Role.MIXER_PART),
                ("g_b_proj", Role.MIXER_PART),
                ("conv1d", Fusion.MIXER_CONV_BLOCKS),
                ("q_conv1d", Role.MIXER_CONV_Q),
                ("k_conv1d", Role.MIXER_CONV_K),
                ("v_conv1d", Role.MIXER_CONV_V),
                ("A_log", Role.MIXER_DECAY),
                ("dt_bias", Role.MIXER_STEP),
                ("output_gate", Role.MIXER_GATE),
                ("slope_rate", Role.BUFFER),
                ("query_decay", Role.BUFFER),
                ("key_decay", Role.BUFFER),
                ("diagonal_decay", Role.BUFFER),
            )
        ),
        ("linear_attn.q_proj", Role.MIXER_Q),
        ("linear_attn.k_proj", Role.MIXER_K),
        ("linear_attn.v_proj", Role.MIXER_V),
        ("linear_attn.g_proj", Role.MIXER_GATE),
        ("linear_attn.out_proj", Role.MIXER_O),
        ("linear_attn.o_proj", Role.MIXER_O),
        ("linear_attn.norm", Role.MIXER_NORM),
        ("linear_attn.o_norm", Role.MIXER_NORM),
        ("linear_attn.out_norm", Role.MIXER_NORM),
        ("self_attn.norm", Role.MIXER_NORM),  # MiniMax 1
        ("self_attn.o_norm", Role.MIXER_NORM),  # Kimi Linear
        ("attention.q_proj", Role.MIXER_Q),  # Bailing hybrid
        ("attention.k_proj", Role.MIXER_K),
        ("attention.v_proj", Role.MIXER_V),
        ("attention.g_proj", Role.MIXER_GATE),
        ("attention.o_norm", Role.MIXER_NORM),
        ("attention.g_norm", Role.MIXER_NORM),
    ),
)

_SHORT_CONVOLUTIONS = Family(
    "LFM 2 and 3",
    layers=("layers.{L}",),
    inside=(
        ("conv.in_proj", Role.MIXER_IN),
        ("conv.out_proj", Role.MIXER_O),
        ("conv.conv", Role.MIXER_CONV),
        ("operator_norm", Role.ATTN_NORM),
        ("post_operator_norm", Role.POST_ATTN_NORM),
        ("ffn_norm", Role.FFN_NORM),
        ("post_ffn_norm", Role.POST_FFN_NORM),
        ("self_attn.out_proj", Role.O),
        ("feed_forward.w1", Role.GATE),
        ("feed_forward.w2", Role.DOWN),
        ("feed_forward.w3", Role.UP),
        ("feed_forward.gate", Role.ROUTER),
        ("feed_forward.expert_bias", Role.ROUTER),
        ("feed_forward.experts.{E}.w1", Role.GATE),
        ("feed_forward.experts.{E}.w2", Role.DOWN),
        ("feed_forward.experts.{E}.w3", Role.UP),
    ),
    outside=(("embedding_norm", Role.FINAL_NORM), ("pos_emb.inv_freq", Role.BUFFER)),
)

_RG_LRU = Family(
    "Griffin, RecurrentGemma",
    layers=("layers.{L}",),
    inside=(
        ("temporal_pre_norm", Role.ATTN_NORM),
        ("channel_pre_norm", Role.FFN_NORM),
        ("temporal_block.linear_x", Role.MIXER_V),
        ("temporal_block.linear_y", Role.MIXER_GATE),
        ("temporal_block.linear_out", Role.MIXER_O),
        ("temporal_block.conv_1d", Role.MIXER_CONV),
        ("temporal_block.rg_lru.recurrent_param", Role.MIXER_DECAY),
        ("temporal_block.rg_lru.input_gate_weight", Role.MIXER_BETA),
        ("temporal_block.rg_lru.input_gate_bias", Role.MIXER_BETA),
        ("temporal_block.rg_lru.recurrent_gate_weight", Role.MIXER_STEP),
        ("temporal_block.rg_lru.recurrent_gate_bias", Role.MIXER_STEP),
        ("temporal_block.q_proj", Role.Q),
        ("temporal_block.k_proj", Role.K),
        ("temporal_block.v_proj", Role.V),
        ("temporal_block.o_proj", Role.O),
        ("mlp_block.gate_proj", Role.GATE),
        ("mlp_block.up_proj", Role.UP),
        ("mlp_block.down_proj", Role.DOWN),
    ),
)

_RWKV = Family(
    "RWKV 4",
    layers=("blocks.{L}",),
    inside=(
        ("pre_ln", Role.EMBED_NORM),
        ("ln1", Role.ATTN_NORM),
        ("ln2", Role.FFN_NORM),
        ("attention.receptance", Role.MIXER_GATE),
        ("attention.key", Role.MIXER_K),
        ("attention.value", Role.MIXER_V),
        ("attention.output", Role.MIXER_O),
        ("attention.time_decay", Role.MIXER_DECAY),
        ("attention.time_first", Role.MIXER_SKIP),
        ("attention.time_mix_key", Role.MIXER_PART),
        ("attention.time_mix_value", Role.MIXER_PART),
        ("attention.time_mix_receptance", Role.MIXER_PART),
        ("feed_forward.time_mix_key", Role.MIXER_PART),
        ("feed_forward.time_mix_receptance", Role.MIXER_PART),
        ("feed_forward.key", Role.UP),
        ("feed_forward.receptance", Role.FFN_OUTPUT_GATE),
        ("feed_forward.value", Role.DOWN),
    ),
    outside=(("embeddings", Role.EMBED), ("ln_out", Role.FINAL_NORM), ("head", Role.LM_HEAD)),
)

_LATER_RWKV_NAMES: Entries = (
    ("attention.receptance", Role.MIXER_GATE),  # queries beside a norm of its own: see the readings
    ("attention.gate", Role.MIXER_GATE),
    ("attention.key", Role.MIXER_K),
    ("attention.value", Role.MIXER_V),
    ("attention.output", Role.MIXER_O),
    ("attention.ln_x", Role.MIXER_NORM),
    ("attention.time_decay", Role.MIXER_DECAY),
    ("attention.time_faaaa", Role.MIXER_SKIP),
    *(
        (f"attention.{name}", Role.MIXER_PART)
        for name in (
            *(f"time_maa_{letter}" for letter in ("x", "w", "k", "v", "r", "g", "w1", "w2")),
            *("time_mix_gate", "time_decay_w1", "time_decay_w2"),
            *(f"{letter}{number}" for letter in "wav" for number in range(3)),
            *("g1", "g2", "k_k", "k_a", "r_k"),
            *(f"x_{letter}" for letter in "rwkvag"),
        )
    ),
    *((f"feed_forward.{name}", Role.MIXER_PART) for name in ("time_maa_k", "time_maa_r", "x_k")),
    ("feed_forward.key", Role.UP),
    ("feed_forward.receptance", Role.FFN_OUTPUT_GATE),
    ("feed_forward.value", Role.DOWN),
)

_LATER_RWKV = Family("RWKV 5 to 7", layers=("blocks.{L}", "layers.{L}"), inside=_LATER_RWKV_NAMES)

_XLSTM = Family(
    "xLSTM 7B",
    layers=("blocks.{L}",),
    inside=(
        ("norm_mlstm", Role.ATTN_NORM),
        ("norm_ffn", Role.FFN_NORM),
        ("mlstm_layer.q", Role.MIXER_Q),
        ("mlstm_layer.k", Role.MIXER_K),
        ("mlstm_layer.v", Role.MIXER_V),
        ("mlstm_layer.ogate_preact", Role.MIXER_GATE),
        ("mlstm_layer.igate_preact", Role.MIXER_BETA),
        ("mlstm_layer.fgate_preact", Role.MIXER_DECAY),
        ("mlstm_layer.multihead_norm", Role.MIXER_NORM),
        ("mlstm_layer.out_proj", Role.MIXER_O),
        ("ffn.proj_up_gate", Role.GATE),
        ("ffn.proj_up", Role.UP),
        ("ffn.proj_down", Role.DOWN),
    ),
    outside=(("embeddings", Role.EMBED), ("out_norm", Role.FINAL_NORM)),
)

FAMILIES = (_STATE_SPACE, _DELTA_NETS, _SHORT_CONVOLUTIONS, _RG_LRU, _RWKV, _LATER_RWKV, _XLSTM)
