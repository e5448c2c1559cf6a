"""The base models of both halves, as data.

The halves share no hyper-parameter that matters: widths, depths, FFN sizes, heads, vocabularies, corpora, learning
rates, orders of data and storage types all differ. Within a half, twins share everything but the seed of their
initial weights; other second seeds have another corpus, tokenizer or order; an ``-elsewhere`` model shares its
initial weights with the first seed and is trained on other text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

CONTEXT = 96
SEQUENCES = 16


@dataclass(frozen=True, slots=True)
class Base:
    """A model trained from random weights.

    Attributes:
        name: family and seed.
        config: ``model_type``, ``dtype`` and the sizes, as ``config.json`` spells them.
        corpus: what it is trained on.
        tokenizer: corpus and size of its tokenizer.
        initial_seed: of its random weights.
        data_seed: of the order of its data.
        steps: of training.
        rate: peak learning rate.
    """

    name: str
    config: Mapping[str, object]
    corpus: str
    tokenizer: str
    initial_seed: int
    data_seed: int
    steps: int
    rate: float


_SPECIAL = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}


def _llama_like(
    model_type: str, dtype: str, hidden: int, units: int, layers: int, heads: tuple[int, int], **further: object
) -> dict[str, object]:
    return {
        "model_type": model_type,
        "dtype": dtype,
        "hidden_size": hidden,
        "intermediate_size": units,
        "num_hidden_layers": layers,
        "num_attention_heads": heads[0],
        "num_key_value_heads": heads[1],
        "max_position_embeddings": 128,
        "tie_word_embeddings": False,
        **_SPECIAL,
        **further,
    }


def _gpt2(dtype: str, hidden: int, units: int, layers: int, heads: int) -> dict[str, object]:
    dropout = {"attn_pdrop": 0.0, "embd_pdrop": 0.0, "resid_pdrop": 0.0}
    sizes = {"n_embd": hidden, "n_inner": units, "n_layer": layers, "n_head": heads, "n_positions": 128}
    return {"model_type": "gpt2", "dtype": dtype, **sizes, **dropout, **_SPECIAL}


def _neox(dtype: str, hidden: int, units: int, layers: int, heads: int, rotary: float) -> dict[str, object]:
    rope = {"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": rotary}
    return {
        "model_type": "gpt_neox",
        "dtype": dtype,
        "hidden_size": hidden,
        "intermediate_size": units,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "max_position_embeddings": 128,
        "rope_parameters": rope,
        "tie_word_embeddings": False,
        **_SPECIAL,
    }


_EXPERTS = {
    "num_local_experts": 4,
    "num_experts_per_tok": 2,
    "output_router_logits": True,
    "router_aux_loss_coef": 0.02,
}
_TIED = {"tie_word_embeddings": True}
_NO_WINDOW = {"sliding_window": None}


def _base(
    name: str,
    config: Mapping[str, object],
    corpus: str,
    tokenizer: str,
    seeds: tuple[int, int],
    steps: int,
    rate: float,
) -> Base:
    size = int(tokenizer.rsplit("-", 1)[1])
    sized = {**config, "vocab_size": size}
    return Base(name, sized, corpus, tokenizer, *seeds, steps, rate)


def _twin(base: Base, name: str, initial_seed: int) -> Base:
    """Return a base that differs in its initial weights alone."""
    return replace(base, name=name, initial_seed=initial_seed)


def _elsewhere(base: Base, corpus: str, data_seed: int) -> Base:
    """Return a base that shares its initial weights and tokenizer, and is trained on other text."""
    return replace(base, name=f"{base.name}-elsewhere", corpus=corpus, data_seed=data_seed)


_T_LLAMA = _base(
    "llama-1",
    _llama_like("llama", "float32", 128, 336, 4, (8, 8)),
    "python-a", "python-a-1024", (101, 1), 320, 3e-3,
)  # fmt: skip
_T_MISTRAL = _base(
    "mistral-1",
    _llama_like("mistral", "bfloat16", 128, 288, 5, (8, 2), **_NO_WINDOW),
    "python-a", "python-a-1024", (201, 2), 320, 3e-3,
)  # fmt: skip
_T_QWEN2 = _llama_like("qwen2", "bfloat16", 96, 320, 5, (6, 2), **_TIED)
_T_GEMMA = _llama_like("gemma", "float32", 112, 320, 4, (4, 4), head_dim=32, **_TIED)
_T_GPT2 = _base("gpt2-1", _gpt2("float32", 128, 512, 4, 8), "english-a", "english-a-1024", (501, 5), 320, 3e-3)
_T_NEOX = _neox("float16", 128, 384, 4, 8, 0.25)
_T_MIXTRAL = _base(
    "mixtral-1",
    _llama_like("mixtral", "bfloat16", 96, 256, 4, (6, 2), **_EXPERTS),
    "python-a", "python-a-1024", (701, 7), 320, 3e-3,
)  # fmt: skip
_T_NEOX_1 = _base("neox-1", _T_NEOX, "english-a", "english-a-1024", (601, 6), 320, 3e-3)

THRESHOLD: tuple[Base, ...] = (
    _T_LLAMA,
    _twin(_T_LLAMA, "llama-2", 102),
    _elsewhere(_T_LLAMA, "english-a", 11),
    _T_GPT2,
    _twin(_T_GPT2, "gpt2-2", 502),
    _elsewhere(_T_GPT2, "python-a", 15),
    _T_MISTRAL,
    _twin(_T_MISTRAL, "mistral-2", 202),
    _elsewhere(_T_MISTRAL, "english-b", 12),
    _base("qwen2-1", _T_QWEN2, "python-a", "python-a-1024", (301, 3), 320, 3e-3),
    _base("qwen2-2", _T_QWEN2, "english-a", "english-a-1024", (302, 13), 320, 3e-3),
    _base("gemma-1", _T_GEMMA, "python-b", "python-b-896", (401, 4), 320, 3e-3),
    _base("gemma-2", _T_GEMMA, "python-b", "python-b-896", (402, 14), 320, 3e-3),
    _T_NEOX_1,
    _base("neox-2", _T_NEOX, "python-b", "python-b-896", (602, 16), 320, 3e-3),
    _elsewhere(_T_NEOX_1, "python-b", 17),
    _T_MIXTRAL,
    _twin(_T_MIXTRAL, "mixtral-2", 702),
)

_R_LLAMA = _base(
    "llama-1",
    _llama_like("llama", "bfloat16", 160, 384, 4, (10, 5)),
    "python-c", "python-c-768", (1101, 21), 350, 2e-3,
)  # fmt: skip
_R_MISTRAL = _llama_like("mistral", "float32", 96, 288, 6, (8, 4), head_dim=16, **_NO_WINDOW)
_R_QWEN2 = _base(
    "qwen2-1",
    _llama_like("qwen2", "float32", 128, 352, 4, (8, 4), **_TIED),
    "english-b", "english-b-1152", (1301, 23), 350, 4e-3,
)  # fmt: skip
_R_GEMMA = _base(
    "gemma-1",
    _llama_like("gemma", "bfloat16", 96, 272, 6, (4, 1), head_dim=32, **_TIED),
    "python-d", "python-c-768", (1401, 24), 350, 2.5e-3,
)  # fmt: skip
_R_GPT2 = _base("gpt2-1", _gpt2("float32", 96, 384, 6, 6), "python-d", "python-d-1152", (1501, 25), 350, 4e-3)
_R_NEOX = _base("neox-1", _neox("float16", 144, 400, 4, 6, 0.5), "english-b", "english-b-1152", (1601, 26), 350, 2e-3)
_R_MIXTRAL = _llama_like("mixtral", "float32", 112, 256, 4, (7, 7), **_EXPERTS)
_R_MISTRAL_1 = _base("mistral-1", _R_MISTRAL, "python-c", "python-c-768", (1201, 22), 350, 2.5e-3)

REPORT: tuple[Base, ...] = (
    _R_LLAMA,
    _twin(_R_LLAMA, "llama-2", 1102),
    _elsewhere(_R_LLAMA, "english-b", 31),
    _R_GPT2,
    _twin(_R_GPT2, "gpt2-2", 1502),
    _elsewhere(_R_GPT2, "english-b", 35),
    _R_MISTRAL_1,
    _base("mistral-2", _R_MISTRAL, "english-b", "english-b-1152", (1202, 32), 350, 2.5e-3),
    _R_QWEN2,
    _twin(_R_QWEN2, "qwen2-2", 1302),
    _elsewhere(_R_QWEN2, "python-c", 33),
    _R_GEMMA,
    _twin(_R_GEMMA, "gemma-2", 1402),
    _elsewhere(_R_GEMMA, "english-a", 34),
    _R_NEOX,
    _twin(_R_NEOX, "neox-2", 1602),
    _base("mixtral-1", _R_MIXTRAL, "python-d", "python-d-1152", (1701, 27), 350, 3e-3),
    _base("mixtral-2", _R_MIXTRAL, "python-c", "python-c-768", (1702, 37), 350, 3e-3),
)

SIBLINGS: tuple[Base, ...] = (
    _base(
        "llama-1",
        _llama_like("llama", "float32", 144, 400, 5, (9, 3)),
        "python-b", "python-b-896", (2101, 41), 330, 2.5e-3,
    ),
    _base(
        "qwen2-1",
        _llama_like("qwen2", "bfloat16", 112, 304, 4, (7, 7), **_TIED),
        "english-a", "english-a-1024", (2301, 43), 330, 3e-3,
    ),
)  # fmt: skip
"""Bases of a set that was made when everything had been set, to see what is said of siblings' order."""
