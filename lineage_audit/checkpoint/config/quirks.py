"""What an architecture does in a way of its own that neither names nor shapes show: one table, with its sources.

Model types are spelled as configurations spell them, ``general.architecture`` as GGUF does; a type of text
(``gemma3_text``) has what the whole model has.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from msgspec import Struct


class Quirk(Enum):
    """One way of one's own."""

    GAINS_LESS_ONE = "norm gains are stored less one"
    UP_PLUS_ONE = "the FFN adds one to up before the gate"
    EXPERTS_IN_OUT = "stacked experts are stored [in, out]"
    GATE_UP_ALTERNATE = "rows of a fused gate and up stand in turn"
    MIXER_ROWS_IN_TURN = "a state-space model's values and gates stand in turn"
    MIXER_QKV_BY_HEAD = "linear attention's queries, keys and values stand head by head"
    MIXER_KEYS_LINEAR = "nothing bends linear attention's queries and keys"
    RMS_NORM = "normalises by the root mean square, whatever its epsilon is called"
    LAYER_NORM = "normalises with the mean, whatever its epsilon is called"
    GGUF_PAIRS_ADJACENT = "GGUF: rotary pairs stand next to each other"
    GGUF_GAINS_PLUS_ONE = "GGUF: one is added to stored gains"
    GGUF_VALUE_HEADS_IN_TURN = "GGUF: the value heads that share a key head stand apart"


class Known(Struct, frozen=True):
    """Who has a quirk, and where that was read."""

    types: frozenset[str]
    source: str


def _known(source: str, *types: str) -> Known:
    return Known(frozenset(name for line in types for name in line.split()), source)


_MODELING = "transformers, modeling files: "

QUIRKS: Mapping[Quirk, Known] = {
    Quirk.GAINS_LESS_ONE: _known(
        _MODELING + "norms that multiply by 1 + weight",
        "gemma gemma2 gemma3 paligemma shieldgemma2 recurrent_gemma t5gemma t5gemma2 vaultgemma nemotron",
        "qwen3_next qwen3_5 qwen3_5_moe qwen4_exp minimax_m3_vl muse_glimmer muse_spark step3p7",
    ),
    Quirk.UP_PLUS_ONE: _known(_MODELING + "(up + 1) * glu", "gpt_oss minimax_m3 minimax_m3_vl openai_privacy_filter"),
    Quirk.EXPERTS_IN_OUT: _known(_MODELING + "experts as batched matrices", "gpt_oss llama4"),
    Quirk.GATE_UP_ALTERNATE: _known(_MODELING + "gate_up[..., ::2]", "gpt_oss"),
    Quirk.MIXER_ROWS_IN_TURN: _known(_MODELING + "projected_states.view(batch_size, -1, 2, seq_len)", "zamba"),
    Quirk.MIXER_QKV_BY_HEAD: _known(_MODELING + "reshape(..., num_attention_heads, 3 * head_dim)", "minimax"),
    Quirk.MIXER_KEYS_LINEAR: _known(
        _MODELING + "q and k are held against each other as projected", "xlstm rwkv5 rwkv6"
    ),
    Quirk.RMS_NORM: _known(
        _MODELING + "T5LayerNorm and the like, MambaRMSNorm",
        "t5 mt5 umt5 longt5 switch_transformers udop pop2piano pix2struct",
        "mamba mamba2 falcon_mamba nemotron_h recurrent_gemma xlstm",
    ),
    Quirk.LAYER_NORM: _known(_MODELING + "nn.LayerNorm", "modernbert modernbert_decoder dbrx cohere2_moe rwkv"),
    Quirk.GGUF_PAIRS_ADJACENT: _known(
        "llama.cpp, convert_hf_to_gguf: permute",
        "llama baichuan deepseek internlm2 olmo xverse arctic minicpm deci llada arcee granite granitemoe",
        "granitehybrid smollm3 bailingmoe chameleon mistral3",
    ),
    Quirk.GGUF_GAINS_PLUS_ONE: _known(
        "llama.cpp, convert_hf_to_gguf: norm.weight + 1",
        "gemma gemma2 gemma3 gemma-embedding nemotron qwen3next qwen35 qwen35moe",
    ),
    Quirk.GGUF_VALUE_HEADS_IN_TURN: _known("llama.cpp, conversion: reorder of V heads", "qwen35 qwen35moe"),
}
"""Quirk -> who has it."""

_WHOLE = ("_text", "_language_model")
"""Ends of the names of a multimodal model's language model."""


def has_quirk(model_type: str | None, quirk: Quirk) -> bool:
    """Tell whether a model type, or the multimodal model whose text it is, has a quirk."""
    types = QUIRKS[quirk].types
    name = (model_type or "").lower()
    spellings = {name, name.replace("-", "_")}
    return not types.isdisjoint(spellings | {one.removesuffix(end) for one in spellings for end in _WHOLE})


def norm_of(model_type: str | None) -> str | None:
    """The norm of a type whose configuration names its epsilon after another one, or names none."""
    if has_quirk(model_type, Quirk.RMS_NORM):
        return "rmsnorm"
    return "layernorm" if has_quirk(model_type, Quirk.LAYER_NORM) else None
