"""Sound files to start from, at least one for each form that a parser knows; small, so that mutations are many."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from benchmarks.fuzz.targets import DISTRIBUTED
from tests.models import SMALL, Size, llama, llama_config, safetensors, sharded

_TINY = Size(layers=1, hidden=8, heads=2, kv_heads=1, ffn=12, vocab=16)
_BLOCKS = Size(layers=1, hidden=32, heads=2, kv_heads=1, ffn=32, vocab=27)
_WORDS = ["a", "b", "ab", "Ġthe", "▁the", "<0x0A>", "é", "<s>"]

Seeds = Callable[[], list[bytes]]


def seeds(name: str) -> list[bytes]:
    """The sound inputs of a target."""
    return _SEEDS[name]()


def _safetensors() -> list[bytes]:
    odd = {"scalar": np.float32(1).reshape(()), "empty": np.zeros((0, 4), np.float32), "x.weight": np.ones((2, 3, 4))}
    return [safetensors(llama(1, _TINY)), safetensors(odd), safetensors(llama(1, _TINY), "BF16")]


def _header() -> list[bytes]:
    whole = safetensors(llama(1, _TINY))
    length = int.from_bytes(whole[:8], "little")
    return [whole[8 : 8 + length], *(b'{"x": {"dtype": "%s", "shape": [2, 4], "data_offsets": [0, %d]}}' % pair
            for pair in ((b"F8_E4M3", 8), (b"F4", 4), (b"BOOL", 8), (b"C64", 64), (b"I64", 64)))]  # fmt: skip


def _index() -> list[bytes]:
    ours = {"model.norm.weight": "a.safetensors", "lm_head.weight": "b.safetensors"}
    return [json.dumps({"metadata": {}, "weight_map": ours}).encode(), sharded(llama(1, _TINY), 2)[
        "model.safetensors.index.json"
    ]]  # fmt: skip


def _gguf_header() -> list[bytes]:
    """Files without their data."""
    from lineage_audit.checkpoint.formats.gguf.header import read_header
    from tests.checkpoint.memory_source import MemorySource

    return [data[: min(t.start for t in read_header(MemorySource({"m": data}), "m").tensors)] for data in _gguf()]


def _gguf() -> list[bytes]:
    from gguf import GGMLQuantizationType

    from tests.checkpoint.formats.gguf_files import converted, write_gguf

    vocabulary = {
        "model": {"vocab": {chr(97 + i): i for i in range(26)}, "merges": ["a b", "c d"]},
        "added_tokens": [{"content": "<s>", "id": 26}],
    }
    kinds = (GGMLQuantizationType.F32, GGMLQuantizationType.Q8_0, GGMLQuantizationType.Q4_0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.gguf"
        found = []
        for kind, architecture in zip(kinds, ("llama", "gemma2", "qwen2"), strict=True):
            weights = converted(llama(1, _BLOCKS), _BLOCKS.heads, _BLOCKS.kv_heads)
            texts = {"general.license": "mit", "general.base_model.0.repo_url": "https://huggingface.co/a/b"}
            write_gguf(path, weights, kind, architecture, llama_config(_BLOCKS), vocabulary, texts)
            found.append(path.read_bytes())
        return found


def _torch(save: str) -> list[bytes]:
    import torch

    from tests.checkpoint.formats import torch_files

    weights = {name: torch.from_numpy(values) for name, values in llama(1, _TINY).items()}
    shared = torch.arange(12.0).reshape(3, 4)
    odd = {"view": shared.t(), "part": shared[1:], "p": torch.nn.Parameter(shared), "half": shared.half(), "n": 3}
    write = {"zip": torch_files.save_zip, "legacy": torch_files.save_legacy}[save]
    return [write(weights), write({"state_dict": odd, "epoch": 3, "args": {"lr": 0.1}})]


def _pickle() -> list[bytes]:
    """The pickles of zip files, and one of every protocol."""
    import io
    import pickle
    import zipfile

    found = [pickle.dumps({"a": [1, 2.5, "x", b"y", (None, True)]}, protocol) for protocol in range(6)]
    for data in _torch("zip"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            found.append(archive.read(next(name for name in archive.namelist() if name.endswith("data.pkl"))))
    return found


def _quantised() -> list[bytes]:
    from safetensors.torch import save

    from tests.checkpoint.quantization.schemes import LAYOUTS

    matrix = np.random.default_rng(4).standard_normal((32, 64)).astype(np.float32)
    stem = "model.layers.0.mlp.up_proj"
    return [
        save({stem + suffix: values.contiguous() for suffix, values in layout.quantise(matrix).tensors.items()})
        for layout in LAYOUTS.values()
    ]


def _onnx() -> list[bytes]:
    """Matrices as initialisers that nodes of their modules' names read."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    tensors, nodes = [], []
    for number, (name, values) in enumerate(llama(1, _TINY).items()):
        matrix = values.T.copy() if values.ndim == 2 and "embed" not in name else values
        given = f"onnx::MatMul_{number}" if values.ndim == 2 and "embed" not in name else name
        tensors.append(numpy_helper.from_array(matrix, given))
        place = "/" + name.removesuffix(".weight").replace(".", "/")
        nodes.append(helper.make_node("MatMul", ["x", given], [f"y{number}"], name=f"{place}/MatMul"))
    entry = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 8])
    whole = helper.make_model(helper.make_graph(nodes, "g", [entry], [], tensors))
    return [whole.SerializeToString(), onnx.ModelProto().SerializeToString() + b"\x08\x08"]


def _fingerprint() -> list[bytes]:
    from lineage_audit.library.fingerprint.file import to_bytes
    from lineage_audit.library.fingerprint.sketching import sketch
    from tests.models import model

    return [to_bytes(sketch(model(llama(1)), "full"))]


def _ollama() -> list[bytes]:
    layer = {"mediaType": "application/vnd.ollama.image.model", "digest": "sha256:" + "0" * 64, "size": 64}
    adapter = {**layer, "mediaType": "application/vnd.ollama.image.adapter"}
    return [json.dumps({"schemaVersion": 2, "config": layer, "layers": [layer, adapter]}).encode()]


def _adapter() -> list[bytes]:
    plain = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "base_model_name_or_path": "org/base",
             "target_modules": ["q_proj"], "fan_in_fan_out": False, "use_rslora": True}  # fmt: skip
    patterns = {**plain, "rank_pattern": {"q_proj": 4}, "alpha_pattern": {".*k_proj": 2}, "use_dora": True}
    return [json.dumps(one).encode() for one in (plain, patterns)]


def _names() -> list[bytes]:
    known = list(llama(1, SMALL))
    others = [
        "h.0.attn.c_attn.weight",
        "blk.0.ffn_gate_exps.weight",
        "bert.encoder.layer.0.attention.self.query.weight",
        "model.layers.0.mlp.experts.3.w1.weight",
        "layer_3/attn/wq",
        "transformer.blocks.1.attn.Wqkv.weight",
        "model.layers.0.self_attn.q_layernorm.norms.2.weight",
        "model.layers.999999.block_sparse_moe.gate.weight",
    ]
    return ["\n".join(known).encode(), "\n".join(others).encode()]  # fmt: skip


def _configs() -> list[bytes]:
    gpt2 = {"model_type": "gpt2", "n_embd": 8, "n_layer": 1, "n_head": 2, "n_inner": None}
    nested = {"model_type": "llava", "text_config": llama_config(), "quantization_config": {"quant_method": "gptq"}}
    falcon = {"model_type": "falcon", "multi_query": False, "alibi": True, "num_attention_heads": 4}
    mpt = {"model_type": "mpt", "d_model": 32, "expansion_ratio": 4, "attn_config": {"kv_n_heads": 2, "rope": True}}
    scaled = llama_config(rope_scaling={"rope_type": "yarn", "factor": 4.0}, sliding_window=None)
    return [json.dumps(config).encode() for config in (llama_config(), gpt2, nested, falcon, mpt, scaled)]


def _params() -> list[bytes]:
    return [b'{"dim": 32, "n_layers": 2, "n_heads": 4, "n_kv_heads": 2, "multiple_of": 16, "ffn_dim_multiplier": 1.3,'
            b' "norm_eps": 1e-5, "vocab_size": -1, "rope_theta": 10000.0}']  # fmt: skip


def _tokenizer_json() -> list[bytes]:
    from tests.checkpoint.tokenizer import trained

    bpe = {"type": "BPE", "vocab": {word: i for i, word in enumerate(_WORDS)}, "merges": ["a b"], "byte_fallback": True}
    made = [
        {"added_tokens": [{"id": 9, "content": "<x>", "special": True}], "model": bpe},
        {"model": {**bpe, "merges": [["a", "b"]]}, "decoder": {"type": "ByteLevel"}},
        {"model": {"type": "Unigram", "vocab": [[word, -1.0] for word in _WORDS], "unk_id": 0}},
        {"model": {"type": "WordPiece", "vocab": {"[UNK]": 0, "##a": 1}}, "decoder": {"type": "WordPiece"}},
    ]
    return [*(json.dumps(one).encode() for one in made), trained.wordlevel().to_str().encode()]


def _sentencepiece() -> list[bytes]:
    """Protobufs of pieces and a trainer's specification, without the normaliser's table of 240 kB."""
    types = (2, 3, 4, 6, 1, 1, 5)
    texts = (b"<unk>", b"<s>", b"<x>", b"<0x41>", b"a", "▁the".encode(), b"old")
    pieces = b"".join(
        _field(1, _field(1, text) + b"\x15" + bytes(4) + bytes([3 << 3, kind]))
        for text, kind in zip(texts, types, strict=True)
    )
    return [pieces + _field(2, bytes([3 << 3, model])) for model in (1, 2)]


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2, len(content)]) + content


def _card() -> list[bytes]:
    front = (
        "---\nlicense: other\nlicense_name: x\nbase_model:\n- a/b\n- &x c/d\n- *x\nbase_model_relation: merge\n---\n"
    )
    return [
        (front + "# M\n\nThis model was trained from scratch. It was not trained from scratch.\n").encode(),
        "---\nlicense: !!python/object/apply:os.system [id]\nbase_model: {a: [b, {c}]}\n---\n从零开始训练\n".encode(),
        b"```\nfrom scratch\n```\n~~~\nWe pretrained it from-scratch | a table |\n",
    ]


def _origins() -> list[bytes]:
    recipe = b"base_model: a/b\nmodels:\n  - model: c/d\n    parameters: {weight: 0.5}\n  - model: &m e/f\n"
    return [recipe + b'\f{"base_model_name_or_path": "a/b"}\f{"_name_or_path": "c/d"}']


_SEEDS: Mapping[str, Seeds] = {
    "ollama": _ollama,
    "fingerprint": _fingerprint,
    "safetensors": _safetensors,
    "safetensors-header": _header,
    "index": _index,
    "gguf": _gguf,
    "gguf-header": _gguf_header,
    "pytorch-zip": lambda: _torch("zip"),
    "pytorch-legacy": lambda: _torch("legacy"),
    "pickle": _pickle,
    "distcp": lambda: [(DISTRIBUTED / ".metadata").read_bytes()],
    "onnx": _onnx,
    "adapter": _adapter,
    "quantised": _quantised,
    "names": _names,
    "config": _configs,
    "params": _params,
    "tokenizer-json": _tokenizer_json,
    "sentencepiece": _sentencepiece,
    "tiktoken": lambda: [b"YQ== 0\nYg== 1\nYWI= 2\nIA== 3\n"],
    "tekken": lambda: [
        b'{"config": {"default_num_special_tokens": 2}, "vocab": [{"rank": 0, "token_bytes": "YQ=="}],'
        b' "special_tokens": [{"rank": 0, "token_str": "<s>", "is_control": true}]}'
    ],
    "vocab-json": lambda: [
        json.dumps({word: i for i, word in enumerate(_WORDS)}).encode()
        + b'\f#version: 0.2\na b\n\xc4\xa0 the\n\f{"<x>": 9}\f{"added_tokens_decoder": {"9": {"content": "<x>"}}}'
    ],
    "vocab-txt": lambda: [b'[UNK]\na\n##b\n\f{"unk_token": {"content": "[UNK]"}, "additional_special_tokens": ["a"]}'],
    "card": _card,
    "origins": _origins,
    "licence": lambda: [
        b"                Apache License\n           Version 2.0, January 2004\n",
        b"LLAMA 2 COMMUNITY LICENSE AGREEMENT\n\fLlama 2 is licensed under the LLAMA 2 Community License\n",
        b"\nPermission is hereby granted, free of charge, to any person\n",
    ],
}  # fmt: skip
