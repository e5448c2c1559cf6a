"""GGUF files written with the library of llama.cpp, as its converter writes them from transformers' weights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import gguf
import numpy as np
from gguf import GGMLQuantizationType

from tests.models import Array, Weights

NAMES = {
    "model.embed_tokens.weight": "token_embd.weight",
    "model.norm.weight": "output_norm.weight",
    "lm_head.weight": "output.weight",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}


def converted_name(name: str) -> str:
    """llama.cpp's name of a Llama tensor."""
    for theirs, ours in NAMES.items():
        name = name.replace(theirs, ours)
    return name.replace("model.layers.", "blk.")


def permuted(weights: Array, n_head: int, n_head_kv: int | None) -> Array:
    """``LlamaModel.permute`` of convert_hf_to_gguf: rotary pairs next to each other."""
    if n_head_kv is not None and n_head != n_head_kv:
        n_head = n_head_kv
    return (
        weights.reshape(n_head, 2, weights.shape[0] // n_head // 2, *weights.shape[1:])
        .swapaxes(1, 2)
        .reshape(weights.shape)
    )


def converted(weights: Weights, heads: int, kv_heads: int) -> Weights:
    """A Llama's weights under llama.cpp's names and in its order."""
    result = {}
    for name, values in weights.items():
        if ".q_proj." in name:
            values = permuted(values, heads, heads)
        elif ".k_proj." in name:
            values = permuted(values, heads, kv_heads)
        result[converted_name(name)] = values
    return result


def write_gguf(
    path: Path,
    weights: Weights,
    kind: GGMLQuantizationType = GGMLQuantizationType.F32,
    architecture: str = "llama",
    config: Mapping[str, object] | None = None,
    tokenizer: Mapping[str, object] | None = None,
    texts: Mapping[str, str] | None = None,
    split: int = 0,
    numbers: Mapping[str, int] | None = None,
) -> Path:
    """Write matrices in one type and vectors as floats; ``config`` and ``tokenizer`` are transformers' own."""
    writer = gguf.GGUFWriter(path, architecture, split_max_tensors=split)
    _add_config(writer, config or {})
    if tokenizer is not None:
        _add_tokenizer(writer, tokenizer)
    for key, text in (texts or {}).items():
        writer.add_string(key, text)
    for key, number in (numbers or {}).items():
        writer.add_uint32(key, number)
    for name, values in weights.items():
        block = gguf.GGML_QUANT_SIZES[kind][0]
        chosen = kind if values.ndim > 1 and values.shape[-1] % block == 0 else GGMLQuantizationType.F32
        writer.add_tensor(name, _quantised(np.ascontiguousarray(values), chosen), raw_dtype=chosen)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _quantised(values: Array, kind: GGMLQuantizationType) -> np.ndarray:
    return quantised_q4_k(values) if kind is GGMLQuantizationType.Q4_K else gguf.quantize(values, kind)


def _add_config(writer: gguf.GGUFWriter, config: Mapping[str, object]) -> None:
    numbers = {
        "num_hidden_layers": writer.add_block_count,
        "hidden_size": writer.add_embedding_length,
        "intermediate_size": writer.add_feed_forward_length,
        "num_attention_heads": writer.add_head_count,
        "num_key_value_heads": writer.add_head_count_kv,
        "max_position_embeddings": writer.add_context_length,
        "rms_norm_eps": writer.add_layer_norm_rms_eps,
        "rope_theta": writer.add_rope_freq_base,
        "head_dim": writer.add_key_length,
    }
    for key, add in numbers.items():
        if key in config:
            add(config[key])


def _add_tokenizer(writer: gguf.GGUFWriter, tokenizer: Mapping[str, object]) -> None:
    """A byte-level BPE tokenizer.json, as the converter writes it."""
    model = tokenizer["model"]
    assert isinstance(model, dict)
    vocabulary = {**model["vocab"]}
    special = {token["content"]: token["id"] for token in tokenizer["added_tokens"]}  # type: ignore[attr-defined]
    texts = {number: text for text, number in {**vocabulary, **special}.items()}
    size = max(texts) + 1
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list([texts.get(number, f"[PAD{number}]") for number in range(size)])
    control, unused, normal = gguf.TokenType.CONTROL, gguf.TokenType.UNUSED, gguf.TokenType.NORMAL
    marked = set(special.values())
    writer.add_token_types(
        [control if number in marked else normal if number in texts else unused for number in range(size)]
    )
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
    if merges:
        writer.add_token_merges(merges)


def sample_config(folder: Path) -> dict[str, object]:
    """A sample checkpoint's configuration."""
    config: dict[str, object] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return config


def quantised_q4_k(matrix: Array) -> np.ndarray:
    """ggml's Q4_K, which the library only decodes: blocks of eight groups of 32, with 6-bit scales and minima."""
    groups = matrix.reshape(-1, 8, 32)
    minima = np.maximum(-groups.min(2), 0)
    scales = (groups.max(2) + minima) / 15
    d = (scales.max(1) / 63).astype(np.float16)
    d_min = (minima.max(1) / 63).astype(np.float16)
    six, six_min = (
        np.round(values / np.maximum(over.astype(np.float32), 1e-12)[:, None]).clip(0, 63).astype(np.uint8)
        for values, over in ((scales, d), (minima, d_min))
    )
    step = np.maximum(d.astype(np.float32)[:, None] * six, 1e-12)
    codes = np.round((groups + (d_min.astype(np.float32)[:, None] * six_min)[..., None]) / step[..., None])
    pairs = codes.clip(0, 15).astype(np.uint8).reshape(-1, 4, 2, 32)
    packed = np.concatenate(
        [
            six[:, :4] | (six[:, 4:] >> 4) << 6,
            six_min[:, :4] | (six_min[:, 4:] >> 4) << 6,
            (six[:, 4:] & 15) | (six_min[:, 4:] & 15) << 4,
        ],
        axis=1,
    )
    nibbles = (pairs[:, :, 0] | pairs[:, :, 1] << 4).reshape(len(groups), -1)
    blocks = np.concatenate([d[:, None].view(np.uint8), d_min[:, None].view(np.uint8), packed, nibbles], axis=1)
    return blocks.reshape(len(matrix), -1)
