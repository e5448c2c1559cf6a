"""Names that a model's files commonly have, for places that cannot be listed, and which of them are weights."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from lineage_audit.checkpoint.bounded_json import parse_json
from lineage_audit.errors import UnreadableFileError

WEIGHT_SUFFIXES = (".safetensors", ".bin", ".pth", ".pt", ".ckpt", ".gguf", ".onnx")

INDEXES = (
    "model.safetensors.index.json",
    "pytorch_model.bin.index.json",
    "consolidated.safetensors.index.json",
    "adapter_model.safetensors.index.json",
)

WEIGHTS = (
    "model.safetensors",
    "consolidated.safetensors",
    "pytorch_model.bin",
    "adapter_model.safetensors",
    "adapter_model.bin",
    "consolidated.00.pth",
    "model.gguf",
    "model.onnx",
    "onnx/model.onnx",
)

METADATA = (
    "config.json",
    "params.json",
    "adapter_config.json",
    "quantize_config.json",
    "quant_config.json",
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "chat_template.jinja",
    "generation_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "tekken.json",
    "vocab.json",
    "merges.txt",
    "vocab.txt",
    "README.md",
    "LICENSE",
    "LICENSE.txt",
    "NOTICE",
    "mergekit_config.yml",
)

DISTRIBUTED = ".metadata"
"""What says which tensors a distributed checkpoint of PyTorch holds: the one hidden file that is looked at."""

UNDIVIDED = "common.pt"
"""What Megatron saves beside a distributed checkpoint: settings and counters, no weights."""

_SHARD_LIMIT = 10_000


def is_weight_file(name: str) -> bool:
    """Tell weights from metadata by the end of the name."""
    return name.lower().endswith(WEIGHT_SUFFIXES)


def shards_by_tensor(index: bytes, name: str) -> dict[str, str]:
    """Tensor name -> its shard, as an index says; none of them outside its folder.

    Raises:
        UnreadableFileError: it is no index, names a path outside the folder, or far too many shards.
    """
    document = parse_json(index, name)
    named = document.get("weight_map") if isinstance(document, dict) else None
    if not isinstance(named, dict) or not named or not all(isinstance(shard, str) for shard in named.values()):
        raise UnreadableFileError(f"{name}: has no weight_map from tensor names to shards; fetch it again")
    shards = set(named.values())
    if len(shards) > _SHARD_LIMIT:
        raise UnreadableFileError(f"{name}: names {len(shards):,} shards, more than any model has")
    for shard in sorted(shards):
        if not is_safe_name(shard):
            raise UnreadableFileError(f"{name}: names {shard[:200]!r}, a path outside the repository; not read")
    return named


def is_safe_name(name: str) -> bool:
    """Tell whether a name stays inside its folder."""
    path = PurePosixPath(name)
    return bool(name) and not path.is_absolute() and ".." not in path.parts and "\\" not in name and name.isprintable()


_GGUF_SHARD = re.compile(r"-\d{5}-of-\d{5}(?=\.gguf$)", re.IGNORECASE)

_SHARD = re.compile(r"[-_.](?P<number>\d{4,5})-of-(?P<count>\d{4,5})(?=[.-])", re.IGNORECASE)

_NUMBERED = re.compile(r"(?P<stem>.*)-\d{5}-of-(?P<count>\d{5})(?P<end>\.gguf)", re.IGNORECASE | re.DOTALL)
_MOST_SHARDS = 1000


def shard_model(name: str) -> str:
    """What the shards of one model of any format share: the name without the shard's number."""
    return _SHARD.sub("", name)


def shard_number(name: str) -> tuple[int, int] | None:
    """A shard's number, counted from 1, and how many there are; None for a name that says neither."""
    found = _SHARD.search(name)
    return (int(found["number"]), int(found["count"])) if found is not None else None


def gguf_model(name: str) -> str:
    """What the shards of one GGUF model share: the name without the shard's number."""
    return _GGUF_SHARD.sub("", name)


def gguf_shards(name: str) -> tuple[str, ...]:
    """All shards of the model that a GGUF file is of, the file itself first; a file of any other name alone."""
    found = _NUMBERED.fullmatch(name)
    count = int(found["count"]) if found is not None else 1
    if found is None or not 1 < count <= _MOST_SHARDS:
        return (name,)
    shards = (f"{found['stem']}-{number:05}-of-{count:05}{found['end']}" for number in range(1, count + 1))
    return (name, *(shard for shard in shards if shard != name))
