"""Which files hold a model's weights, and in which format: a folder's listing and its shard index decide."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Literal

from lineage_audit.checkpoint.bounded_json import parse_json
from lineage_audit.checkpoint.source.base import Source, read_whole
from lineage_audit.checkpoint.source.shard_names import gguf_model
from lineage_audit.errors import UnreadableFileError, UnresolvedReferenceError

FormatName = Literal["safetensors", "pytorch", "meta", "gguf", "adapter", "onnx"]


@dataclass(frozen=True, slots=True)
class WeightFiles:
    """The files that hold a model's weights.

    Attributes:
        format: how they are written.
        files: in shard order.
        named: tensor name -> shard, as the index says; empty without an index.
        caveats: what was passed over, one sentence each.
    """

    format: FormatName
    files: tuple[str, ...]
    named: Mapping[str, str]
    caveats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Layout:
    """One way to lay weights out in a repository: a single file, an index over shards, or files by pattern."""

    format: FormatName
    single: str
    index: str
    pattern: str


_LAYOUTS: tuple[_Layout, ...] = (
    _Layout("safetensors", "model.safetensors", "model.safetensors.index.json", r"model[-.].*\.safetensors"),
    _Layout("safetensors", "consolidated.safetensors", "consolidated.safetensors.index.json", r"(?!)"),
    _Layout("pytorch", "pytorch_model.bin", "pytorch_model.bin.index.json", r"pytorch_model[-.].*\.bin"),
    _Layout("meta", "consolidated.00.pth", "", r"consolidated\.\d+\.pth"),
    _Layout("meta", "original/consolidated.00.pth", "", r"original/consolidated\.\d+\.pth"),
    _Layout("safetensors", "", "", r"(?!adapter_)[^/]+\.safetensors"),
    _Layout("adapter", "adapter_model.safetensors", "adapter_model.safetensors.index.json", r"(?!)"),
    _Layout("adapter", "adapter_model.bin", "", r"(?!)"),
    _Layout("pytorch", "", "", r"(?!adapter_|training_args|optimizer|scheduler|rng_state)[^/]+\.(bin|pth|pt|ckpt)"),
)
"""In order of preference: the same model is often published in several formats side by side."""

_GGUF = r"(?!(?:.*/)?(?:mmproj|imatrix))(?:[^/]+/)?[^/]+\.gguf"
"""Models in GGUF; image projectors and importance matrices have the same suffix."""

_ONNX = r"(?:[^/]+/)?[^/]+\.onnx"
_ROUNDED_ONNX = re.compile(r".*[_-](?:quantized|fp16|float16|int8|uint8|q4|q4f16|bnb4|q8|int4)\.onnx", re.IGNORECASE)

_FOREIGN: tuple[tuple[str, str], ...] = (
    (r"tf_model\.h5|.*\.h5", "TensorFlow"),
    (r"flax_model\.msgpack", "Flax"),
    (r".*\.npz", "NumPy"),
)
"""Formats that are recognised but not read."""


_WEIGHTS = (
    r"(?!adapter_|training_args|optimizer|scheduler|rng_state|mmproj|imatrix)[^/]+\.(safetensors|bin|pth|pt|ckpt|gguf)"
    r"|original/consolidated\.\d+\.pth"
)
"""What looks like weights of the model itself, by its name; other loaders may prefer it to what is read here."""


def find_weights(source: Source) -> WeightFiles:
    """Decide which files hold the weights, and say which other ones there are.

    Raises:
        UnresolvedReferenceError: there are none, with what was found instead.
        UnreadableFileError: the index is damaged or names a shard that is not there.
    """
    found = _preferred(source)
    others = _others(source, found)
    if not others or found.caveats:
        return found
    more = f" and {len(others) - 1:,} more" if len(others) > 1 else ""
    return replace(found, caveats=(f"Not read: other weight files beside those that were, {others[0]}{more}.",))


def _others(source: Source, chosen: WeightFiles) -> list[str]:
    """Weight files that are not read: the same model in another format as a rule, but nobody has looked."""
    names = (name for name in source.files if name not in chosen.files)
    return sorted(name for name in names if re.fullmatch(_WEIGHTS, name, re.IGNORECASE))


def _preferred(source: Source) -> WeightFiles:
    """The files of the first layout that is there."""
    for layout in _LAYOUTS:
        if layout.format != "meta" and layout.single in source.files:
            return WeightFiles(layout.format, (layout.single,), {})
        if layout.index and layout.index in source.files:
            return _indexed(source, layout)
        found = sorted(name for name in source.files if re.fullmatch(layout.pattern, name))
        if found:
            return WeightFiles(layout.format, tuple(found), {})
    found = [name for name in sorted(source.files) if re.fullmatch(_GGUF, name, re.IGNORECASE)]
    if found:
        return _largest_gguf(source, found)
    found = [name for name in sorted(source.files) if re.fullmatch(_ONNX, name, re.IGNORECASE)]
    if found:
        return _plainest_onnx(found)
    raise UnresolvedReferenceError(f"{source.ref}: no weights found{_instead(source)}")


def _largest_gguf(source: Source, names: Sequence[str]) -> WeightFiles:
    """Of several GGUF models, which are roundings of one as a rule, choose the least rounded: the largest."""
    models: dict[str, list[str]] = {}
    for name in names:
        models.setdefault(gguf_model(name), []).append(name)
    sizes = {model: sum(source.files[name].size for name in shards) for model, shards in models.items()}
    chosen = max(models, key=lambda model: (sizes[model], model))
    caveats = (f"{len(models)} GGUF models are there; the largest was read, {models[chosen][0]}.",)
    return WeightFiles("gguf", tuple(models[chosen]), {}, caveats if len(models) > 1 else ())


def _plainest_onnx(names: Sequence[str]) -> WeightFiles:
    """Of several ONNX models, which are roundings or parts of one as a rule, choose one that is not rounded."""
    chosen = min(names, key=lambda name: (bool(_ROUNDED_ONNX.fullmatch(name)), "model" not in name, len(name), name))
    caveats = (f"{len(names)} ONNX models are there; only {chosen} was read.",)
    return WeightFiles("onnx", (chosen,), {}, caveats if len(names) > 1 else ())


def _indexed(source: Source, layout: _Layout) -> WeightFiles:
    """Read a shard index."""
    document = parse_json(read_whole(source, layout.index), layout.index)
    named = document.get("weight_map") if isinstance(document, dict) else None
    if not isinstance(named, dict) or not named or not all(isinstance(shard, str) for shard in named.values()):
        raise UnreadableFileError(f"{layout.index}: has no weight_map from tensor names to shards; fetch it again")
    shards = sorted(set(named.values()))
    for shard in shards:
        if PurePosixPath(shard).is_absolute() or ".." in PurePosixPath(shard).parts or "\\" in shard:
            raise UnreadableFileError(f"{layout.index}: names {shard[:200]!r}, a path outside the repository; not read")
        if shard not in source.files:
            raise UnreadableFileError(
                f"{layout.index}: names {shard[:200]!r}, which is not there; fetch the missing shard"
            )
    return WeightFiles(layout.format, tuple(shards), named)


def _instead(source: Source) -> str:
    """What the repository holds in place of weights that can be read."""
    for pattern, what in _FOREIGN:
        for name in sorted(source.files):
            if re.fullmatch(pattern, name):
                return f": {name} is {what}, which is not read yet; give the safetensors or PyTorch version"
    return "; give a folder or repository with .safetensors, .bin or .pth files"
