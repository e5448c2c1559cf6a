"""What is fuzzed: one function for each parser, from the bytes of one file to the values of its tensors.

A target may raise ``LineageAuditError`` with a message of one printable line, and nothing else. Whatever else comes
out of it is a finding, and so are ten seconds or two gigabytes for one input.
"""

from __future__ import annotations

import atexit
import io
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import numpy as np

from lineage_audit.checkpoint import read_checkpoint
from lineage_audit.checkpoint.card import read_claims
from lineage_audit.checkpoint.checkpoint import Checkpoint
from lineage_audit.checkpoint.config import read_config
from lineage_audit.checkpoint.reading import is_readable
from lineage_audit.checkpoint.tokenizer import read_vocabulary
from lineage_audit.errors import LineageAuditError
from lineage_audit.report.escaping import printable
from tests.checkpoint.memory_source import MemorySource
from tests.models import llama, llama_config, repository, safetensors

Target = Callable[[bytes], None]

LONGEST_MESSAGE = 1000
"""Characters that the one line of an error may have."""

_CONFIG = json.dumps(llama_config()).encode()
_WEIGHTS = repository(llama(1), llama_config())
_SHARDS = {
    "config.json": _CONFIG,
    "a.safetensors": safetensors({"model.norm.weight": llama(1)["model.norm.weight"]}),
    "b.safetensors": safetensors({"lm_head.weight": llama(1)["lm_head.weight"]}),
}
_LORA = safetensors(
    {
        f"base_model.model.model.layers.0.self_attn.q_proj.lora_{side}.weight": np.ones(shape, np.float32)
        for side, shape in (("A", (4, 32)), ("B", (32, 4)))
    }
)
_ROWS = 3

DISTRIBUTED = Path(__file__).parents[2] / "tests" / "checkpoint" / "formats" / "goldens" / "distcp"
"""A distributed checkpoint that four processes wrote."""


class FindingError(AssertionError):
    """A parser that let something else out than the one line it may."""


def run(name: str, data: bytes) -> None:
    """Give one input to a target.

    Raises:
        FindingError: the error's message is not one short printable line.
        Exception: whatever the parser should have caught.
    """
    try:
        TARGETS[name](data)
    except LineageAuditError as error:
        message = str(error)
        if not message or "\n" in message or len(message) > LONGEST_MESSAGE:
            raise FindingError(f"{name}: the message {message[:200]!r} is not one short line") from error


def _weights_file(file: str) -> Target:
    """The whole loader over one weight file, then rows of every tensor that can be read."""
    return lambda data: _read_everything({file: data, "config.json": _CONFIG})


def _read_everything(files: Mapping[str, bytes]) -> None:
    model = read_checkpoint(MemorySource(files))
    _read_rows(model)


def _read_rows(model: Checkpoint) -> None:
    readable = [tensor for tensor in model.tensors if tensor.shape and tensor.shape[0] and is_readable(tensor)]
    for tensor in readable[:20]:
        last = min(_ROWS, tensor.shape[0])
        rows = model.rows(tensor, 0, last)
        if rows.shape != (last, *tensor.shape[1:]):
            raise FindingError(f"rows of shape {rows.shape} come from a tensor of shape {tensor.shape}")
    for tensor in model.tensors:
        printable(tensor.name)


def _pickle_in_zip(data: bytes) -> None:
    """The pickle alone is fuzzed: a mutated zip is refused for its checksums before its pickle is seen."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", data)
        archive.writestr("archive/byteorder", b"little")
        for key in range(12):
            archive.writestr(f"archive/data/{key}", bytes(1024))
    _read_everything({"pytorch_model.bin": buffer.getvalue()})


def _header(data: bytes) -> None:
    """The JSON of a safetensors header, with as many bytes of data as the sound one has."""
    _read_everything({"model.safetensors": len(data).to_bytes(8, "little") + data + bytes(10_000)})


def _gguf_header(data: bytes) -> None:
    """A GGUF header with more data behind it than any sound one describes."""
    _read_everything({"model.gguf": data + bytes(100_000)})


def _distributed(data: bytes) -> None:
    """What says where the pieces of a distributed checkpoint are, beside sound pieces."""
    pieces = {file.name: file.read_bytes() for file in DISTRIBUTED.glob("*.distcp")}
    _read_everything({".metadata": data, **pieces, "config.json": _CONFIG})


def _index(data: bytes) -> None:
    _read_everything({**_SHARDS, "model.safetensors.index.json": data})


def _config(data: bytes) -> None:
    """Alone, then as what the names and the quantisation of a whole model are read by."""
    read_config(MemorySource({"config.json": data}))
    _read_everything({**_WEIGHTS, "config.json": data})


def _params(data: bytes) -> None:
    read_config(MemorySource({"params.json": data}))


def _names(data: bytes) -> None:
    """Tensor names, one a line, with a shape drawn from the name's length."""
    header: dict[str, object] = {}
    offset = 0
    for line in data.decode("utf-8", "replace").split("\n")[:24]:
        shape = [(32, 32), (32,), (48, 32), (2, 32, 32), (96, 32), (8, 8, 2, 2)][len(line) % 6]
        size = 2
        for length in shape:
            size *= length
        header[line] = {"dtype": "BF16", "shape": list(shape), "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    _read_everything(
        {"model.safetensors": len(text).to_bytes(8, "little") + text + bytes(offset), "config.json": _CONFIG}
    )


def _tokenizer(*files: str) -> Target:
    """One tokenizer file; where several belong together, the input is cut at each form feed."""

    def read(data: bytes) -> None:
        pieces = data.split(b"\f", len(files) - 1)
        read_vocabulary(MemorySource(dict(zip(files, pieces, strict=False))))

    return read


def _card(*files: str) -> Target:
    """Files of words: claims are read, and licences looked up."""

    def read(data: bytes) -> None:
        pieces = data.split(b"\f", len(files) - 1)
        claims, caveats = read_claims(MemorySource(dict(zip(files, pieces, strict=False))))
        for caveat in caveats:
            if "\n" in caveat or len(caveat) > LONGEST_MESSAGE:
                raise FindingError(f"the caveat {caveat[:200]!r} is not one short line")
        for claim in claims.items[:20]:
            if not claim.value.isprintable():
                raise FindingError(f"the claim {claim.value!r} cannot be shown")

    return read


def _adapter(data: bytes) -> None:
    """What an adapter says of itself, beside sound weights of one."""
    _read_everything({"adapter_config.json": data, "adapter_model.safetensors": _LORA})


def _fingerprint(data: bytes) -> None:
    """A fingerprint file, as it comes from whoever made it."""
    from lineage_audit.library.fingerprint.file import from_bytes

    from_bytes(data, "x.fingerprint")


def _ollama(data: bytes) -> None:
    """A manifest in a local store, with one blob of 64 bytes behind it."""
    from lineage_audit.checkpoint.source.ollama import open_ollama

    (_ollama_store() / "manifests/registry.ollama.ai/library/m/latest").write_bytes(data)
    open_ollama("ollama:m")


@cache
def _ollama_store() -> Path:
    """A store of this process alone, in memory where the machine has a place for that."""
    shared = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(dir=shared if shared.is_dir() else None))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "manifests/registry.ollama.ai/library/m").mkdir(parents=True)
    (folder / "blobs").mkdir()
    (folder / "blobs" / ("sha256-" + "0" * 64)).write_bytes(bytes(64))
    os.environ["OLLAMA_MODELS"] = str(folder)
    return folder


TARGETS: Mapping[str, Target] = {
    "safetensors": _weights_file("model.safetensors"),
    "safetensors-header": _header,
    "index": _index,
    "gguf": _weights_file("model.gguf"),
    "gguf-header": _gguf_header,
    "pytorch-zip": _weights_file("pytorch_model.bin"),
    "pytorch-legacy": _weights_file("pytorch_model.bin"),
    "pickle": _pickle_in_zip,
    "distcp": _distributed,
    "onnx": _weights_file("model.onnx"),
    "adapter": _adapter,
    "quantised": _weights_file("model.safetensors"),
    "names": _names,
    "config": _config,
    "params": _params,
    "tokenizer-json": _tokenizer("tokenizer.json"),
    "sentencepiece": _tokenizer("tokenizer.model"),
    "tiktoken": _tokenizer("x.tiktoken"),
    "tekken": _tokenizer("tekken.json"),
    "vocab-json": _tokenizer("vocab.json", "merges.txt", "added_tokens.json", "tokenizer_config.json"),
    "vocab-txt": _tokenizer("vocab.txt", "special_tokens_map.json"),
    "card": _card("README.md"),
    "origins": _card("mergekit_config.yml", "adapter_config.json", "config.json"),
    "licence": _card("LICENSE", "NOTICE"),
    "ollama": _ollama,
    "fingerprint": _fingerprint,
}
"""Every parser by its name."""
