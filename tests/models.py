"""Small made-up checkpoints with known truth: weights as NumPy arrays, files in memory."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lineage_audit.checkpoint import Checkpoint, read_checkpoint
from tests.checkpoint.memory_source import MemorySource

Array = npt.NDArray[np.float32]
Weights = dict[str, Array]
Config = dict[str, object]

_NUMPY = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "U8": "u1"}


@dataclass(frozen=True, slots=True)
class Size:
    """Dimensions of a made-up model."""

    layers: int = 2
    hidden: int = 32
    heads: int = 4
    kv_heads: int = 2
    ffn: int = 48
    vocab: int = 96

    @property
    def head_dim(self) -> int:
        return self.hidden // self.heads

    @property
    def kv_rows(self) -> int:
        return self.kv_heads * self.head_dim


SMALL = Size()
WIDE = Size(layers=2, hidden=128, heads=8, kv_heads=4, ffn=256, vocab=512)


def llama(seed: int, size: Size = SMALL, tied: bool = False) -> Weights:
    """A randomly initialised Llama whose norm gains have moved a little, as training moves them."""
    rng = np.random.default_rng(seed)
    shapes: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (size.vocab, size.hidden)}
    for layer in range(size.layers):
        at = f"model.layers.{layer}."
        shapes |= {
            at + "self_attn.q_proj.weight": (size.hidden, size.hidden),
            at + "self_attn.k_proj.weight": (size.kv_rows, size.hidden),
            at + "self_attn.v_proj.weight": (size.kv_rows, size.hidden),
            at + "self_attn.o_proj.weight": (size.hidden, size.hidden),
            at + "mlp.gate_proj.weight": (size.ffn, size.hidden),
            at + "mlp.up_proj.weight": (size.ffn, size.hidden),
            at + "mlp.down_proj.weight": (size.hidden, size.ffn),
            at + "input_layernorm.weight": (size.hidden,),
            at + "post_attention_layernorm.weight": (size.hidden,),
        }
    shapes["model.norm.weight"] = (size.hidden,)
    if not tied:
        shapes["lm_head.weight"] = (size.vocab, size.hidden)
    return {name: _drawn(rng, shape) for name, shape in shapes.items()}


def llama_config(size: Size = SMALL, **stated: object) -> Config:
    """The configuration of ``llama``."""
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": size.hidden,
        "intermediate_size": size.ffn,
        "num_hidden_layers": size.layers,
        "num_attention_heads": size.heads,
        "num_key_value_heads": size.kv_heads,
        "vocab_size": size.vocab,
        "rms_norm_eps": 1e-6,
        "rope_theta": 10000.0,
        **stated,
    }


def gpt2(seed: int, size: Size = SMALL) -> Weights:
    """A GPT-2: Conv1D matrices stored ``[in, out]``, fused q/k/v, biases, LayerNorm."""
    rng = np.random.default_rng(seed)
    shapes: dict[str, tuple[int, ...]] = {"wte.weight": (size.vocab, size.hidden), "wpe.weight": (64, size.hidden)}
    for layer in range(size.layers):
        at = f"h.{layer}."
        shapes |= {
            at + "attn.c_attn.weight": (size.hidden, 3 * size.hidden),
            at + "attn.c_proj.weight": (size.hidden, size.hidden),
            at + "mlp.c_fc.weight": (size.hidden, size.ffn),
            at + "mlp.c_proj.weight": (size.ffn, size.hidden),
            at + "ln_1.weight": (size.hidden,),
            at + "ln_2.weight": (size.hidden,),
        }
    shapes["ln_f.weight"] = (size.hidden,)
    return {name: _drawn(rng, shape) for name, shape in shapes.items()}


def gpt2_config(size: Size = SMALL) -> Config:
    """The configuration of ``gpt2``."""
    return {
        "architectures": ["GPT2LMHeadModel"],
        "model_type": "gpt2",
        "n_embd": size.hidden,
        "n_layer": size.layers,
        "n_head": size.heads,
        "n_inner": size.ffn,
        "n_positions": 64,
        "vocab_size": size.vocab,
    }


def bert(seed: int, size: Size = SMALL) -> Weights:
    """A BERT encoder: separate q, k and v, no gate, LayerNorm after each block."""
    rng = np.random.default_rng(seed)
    shapes: dict[str, tuple[int, ...]] = {
        "bert.embeddings.word_embeddings.weight": (size.vocab, size.hidden),
        "bert.embeddings.position_embeddings.weight": (64, size.hidden),
        "bert.embeddings.LayerNorm.weight": (size.hidden,),
    }
    for layer in range(size.layers):
        at = f"bert.encoder.layer.{layer}."
        for part in ("query", "key", "value"):
            shapes[f"{at}attention.self.{part}.weight"] = (size.hidden, size.hidden)
        shapes |= {
            at + "attention.output.dense.weight": (size.hidden, size.hidden),
            at + "attention.output.LayerNorm.weight": (size.hidden,),
            at + "intermediate.dense.weight": (size.ffn, size.hidden),
            at + "output.dense.weight": (size.hidden, size.ffn),
            at + "output.LayerNorm.weight": (size.hidden,),
        }
    return {name: _drawn(rng, shape) for name, shape in shapes.items()}


def bert_config(size: Size = SMALL) -> Config:
    """The configuration of ``bert``."""
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_size": size.hidden,
        "num_hidden_layers": size.layers,
        "num_attention_heads": size.heads,
        "intermediate_size": size.ffn,
        "vocab_size": size.vocab,
    }


def _drawn(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Gains near one for vectors, a Gaussian of width .02 for matrices."""
    if len(shape) == 1:
        return (1.0 + 0.2 * rng.standard_normal(shape)).astype(np.float32)
    return (0.02 * rng.standard_normal(shape)).astype(np.float32)


def related(weights: Weights, seed: int, cosine: float) -> Weights:
    """Matrices whose every element correlates with ``weights`` at ``cosine``; the gains are drawn anew."""
    rng = np.random.default_rng([seed, 1])  # never the stream that drew the weights
    copy = {}
    for name, values in weights.items():
        fresh = _drawn(rng, values.shape)
        if values.ndim > 1:
            fresh = cosine * values + np.sqrt(1.0 - cosine**2).astype(np.float32) * fresh
        copy[name] = fresh.astype(np.float32)
    return copy


def noisy(weights: Weights, seed: int, size: float) -> Weights:
    """A fine-tune as far as numbers go: every tensor plus noise of ``size`` times its own spread."""
    rng = np.random.default_rng([seed, 1])  # never the stream that drew the weights
    return {
        name: (values + size * values.std() * rng.standard_normal(values.shape)).astype(np.float32)
        for name, values in weights.items()
    }


def bfloat16(values: Array) -> Array:
    """Round to bfloat16, to nearest, ties to even; float32 again."""
    import torch

    return torch.from_numpy(np.ascontiguousarray(values)).bfloat16().float().numpy()


def safetensors(weights: Mapping[str, npt.NDArray[np.generic]], dtype: str = "F32") -> bytes:
    """A safetensors file, written by hand so that any dtype and any order is possible."""
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    blobs, offset = [], 0
    for name, values in weights.items():
        blob = _encoded(values, dtype)
        header[name] = {"dtype": dtype, "shape": list(values.shape), "data_offsets": [offset, offset + len(blob)]}
        blobs.append(blob)
        offset += len(blob)
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + b"".join(blobs)


def _encoded(values: npt.NDArray[np.generic], dtype: str) -> bytes:
    if dtype == "BF16":
        return (bfloat16(values.astype(np.float32)).view(np.uint32) >> 16).astype("<u2").tobytes()
    return values.astype(_NUMPY[dtype]).tobytes()


def sharded(weights: Weights, shards: int, order: Sequence[int] | None = None) -> dict[str, bytes]:
    """The same weights over several files with an index."""
    names = [list(weights)[i] for i in order] if order is not None else list(weights)
    files: dict[str, bytes] = {}
    weight_map: dict[str, str] = {}
    for shard in range(shards):
        file = f"model-{shard + 1:05}-of-{shards:05}.safetensors"
        held = names[shard::shards]
        files[file] = safetensors({name: weights[name] for name in held})
        weight_map |= dict.fromkeys(held, file)
    files["model.safetensors.index.json"] = json.dumps({"metadata": {}, "weight_map": weight_map}).encode()
    return files


def repository(weights: Weights, config: Config, dtype: str = "F32", **more: bytes) -> dict[str, bytes]:
    """All files of a model with one safetensors file."""
    return {"config.json": json.dumps(config).encode(), "model.safetensors": safetensors(weights, dtype), **more}


def checkpoint(files: Mapping[str, bytes], ref: str = "memory") -> Checkpoint:
    """Open files held in memory."""
    return read_checkpoint(MemorySource(files, ref))


def model(weights: Weights, config: Config | None = None, dtype: str = "F32") -> Checkpoint:
    """Open weights with a configuration (that of the small Llama unless given)."""
    return checkpoint(repository(weights, llama_config() if config is None else config, dtype))


def write(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write a repository's files to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def tokenizer_json(tokens: Sequence[str], added: Sequence[str] = ()) -> bytes:
    """A BPE tokenizer without merges, enough to give every id its bytes."""
    first = len(tokens)
    return json.dumps(
        {
            "version": "1.0",
            "added_tokens": [
                {"id": first + i, "content": token, "special": True, "single_word": False, "lstrip": False,
                 "rstrip": False, "normalized": False}
                for i, token in enumerate(added)
            ],
            "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
            "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
            "model": {"type": "BPE", "vocab": {token: i for i, token in enumerate(tokens)}, "merges": []},
        }
    ).encode()  # fmt: skip


def with_a_narrow_ffn(weights: Weights) -> Weights:
    """The same model with 64 units left in the FFN of layer 1."""
    cut = {"gate_proj": np.s_[:64], "up_proj": np.s_[:64], "down_proj": np.s_[:, :64]}
    return {
        name: next((values[part] for role, part in cut.items() if "layers.1." in name and role in name), values)
        for name, values in weights.items()
    }
