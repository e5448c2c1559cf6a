"""Which files hold a model's weights, and in which format: a folder's listing and its shard index decide."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from lineage_audit.checkpoint.formats.diffusers import DIFFUSERS_INDEX, diffusers_components
from lineage_audit.checkpoint.formats.foreign import CTRANSLATE2, ONNX, Foreign, foreign_format
from lineage_audit.checkpoint.formats.megatron_ranks import megatron_files
from lineage_audit.checkpoint.left_out import LeftOut
from lineage_audit.checkpoint.source.base import ByteRange, Source, read_whole
from lineage_audit.checkpoint.source.model_files import (
    DISTRIBUTED,
    UNDIVIDED,
    shard_model,
    shard_number,
    shards_by_tensor,
)
from lineage_audit.errors import UnreadableFileError, UnresolvedReferenceError, UnsupportedFormatError

FormatName = Literal[
    "safetensors", "pytorch", "meta", "gguf", "adapter", "onnx", "diffusers", "mlx-adapter", "distcp", "megatron"
]

_SNIFFED = 8
_PYTORCH_STARTS = (b"PK\x03\x04", b"\x80", b"version ")
"""How PyTorch's zip files, its older pickles, and Git LFS pointers to either begin."""

_CTRANSLATE2 = ("shared_vocabulary.json", "shared_vocabulary.txt", "vocabulary.json", "vocabulary.txt")
"""Files beside a ``model.bin`` of CTranslate2."""

_MOST_NAMED = 5
"""Most files of formats that are not read that are named one by one."""


class WeightFiles(Struct, frozen=True):
    """The files that hold a model's weights.

    Attributes:
        format: how they are written.
        files: in shard order.
        named: tensor name -> shard, as the index says; empty without an index.
        left_out: what was passed over.
        others: weight files beside these, by what they hold: models of their own, or the same in another format.
    """

    format: FormatName
    files: tuple[str, ...]
    named: Mapping[str, str]
    left_out: tuple[LeftOut, ...] = ()
    others: tuple[tuple[str, ...], ...] = ()


class _Layout(Struct, frozen=True):
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
    _Layout("mlx-adapter", "", "", r"adapters\.safetensors"),
    _Layout("safetensors", "", "", r"(?!adapter_)[^/]+\.safetensors"),
    _Layout("adapter", "adapter_model.safetensors", "adapter_model.safetensors.index.json", r"(?!)"),
    _Layout("adapter", "adapter_model.bin", "", r"(?!)"),
    _Layout(
        "pytorch",
        "",
        "",
        r"(?!adapter_|training_args|optimizer|scheduler|rng_state)[^/]+\.(bin|pth|pt|ckpt)",
    ),
)
"""In order of preference: the same model is often published in several formats side by side."""

_GGUF = r"(?!.*(?:mmproj|imatrix)[^/]*$)(?:[^/]+/)?[^/]+\.gguf"
"""Models in GGUF; image projectors and importance matrices have the same suffix."""

_PIECES = r"__\d+_\d+\.distcp"
"""What the machines of a distributed training wrote, beside what says which tensors are in there."""

_PROJECTOR = re.compile(r"(?:.*/)?[^/]*mmproj[^/]*\.gguf", re.IGNORECASE)

_ONNX = r"(?:[^/]+/)?[^/]+\.onnx"
_ONNX_FILES = r".+\.onnx([_.]data)?"
_ROUNDED_ONNX = re.compile(r".*[_-](?:quantized|fp16|float16|int8|uint8|q4|q4f16|bnb4|q8|int4)\.onnx", re.IGNORECASE)

_BESIDE_MODELS = (
    r"(?:.*/)?(?:adapter_|\d+_adapters|adapters\.|training_args|optimizer|optim_|scheduler|rng_state|scaler|imatrix|vocab\.|tokenizer\.)[^/]*"
    r"|(?:.*/)?[^/]*(?:mmproj|optim_states|optimizer)[^/]*"
)
_WEIGHTS = re.compile(rf"(?!(?:{_BESIDE_MODELS})$).+\.(safetensors|bin|pth|pt|ckpt|gguf)", re.IGNORECASE)
"""What looks like weights of a model, by its name, in any folder; other loaders may prefer it to what is read here."""


def find_weights(source: Source) -> WeightFiles:
    """Decide which files hold the weights, and say which other ones there are.

    Raises:
        UnresolvedReferenceError: there are none, with what was found instead.
        UnreadableFileError: the index is damaged or names a shard that is not there, or a shard is missing.
    """
    found = _preferred(source)
    _require_all_shards(found)
    beside = [name for name in sorted(source.files) if name not in found.files]
    unread = [(name, foreign) for name in beside if (foreign := _foreign(source, found, name)) is not None]
    others = [name for name in beside if _may_be_weights(source, name) and name not in dict(unread)]
    return replace(
        found,
        left_out=(*found.left_out, *_projectors(source, beside), *_foreigners(source, unread)),
        others=models_of(others),
    )


def _may_be_weights(source: Source, name: str) -> bool:
    """Whether a file looks like a model's weights, by its name and what stands beside it."""
    return _WEIGHTS.fullmatch(name) is not None and not (name == UNDIVIDED and DISTRIBUTED in source.files)


def models_of(names: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Files by the model that they are shards of, each model's in order."""
    models: dict[str, list[str]] = {}
    for name in sorted(names):
        models.setdefault(shard_model(name), []).append(name)
    return tuple(tuple(files) for files in models.values())


def _foreign(source: Source, chosen: WeightFiles, name: str) -> Foreign | None:
    """The format of a file beside the model that is not read there; ONNX models are copies of it, as a rule."""
    if name == "model.bin" and _is_ctranslate2(source):
        return CTRANSLATE2
    if chosen.format != "onnx" and re.fullmatch(_ONNX_FILES, name, re.IGNORECASE):
        return ONNX
    return foreign_format(name)


def _projectors(source: Source, names: Sequence[str]) -> Iterator[LeftOut]:
    """Image projectors, which are parts and no models."""
    for name in names:
        if _PROJECTOR.fullmatch(name):
            yield _projector_beside(name, source.files[name].size)


def _foreigners(source: Source, unread: Sequence[tuple[str, Foreign]]) -> Iterator[LeftOut]:
    """Files of formats that are not read: the first of each by name, and how many more there are.

    A name that another loader may take for a model's weights settles nothing.
    """
    by_format: dict[Foreign, list[str]] = {}
    for name, foreign in unread:
        by_format.setdefault(foreign, []).append(name)
    for foreign, names in by_format.items():
        more = f" and {len(names) - 1:,} more" if len(names) > 1 else ""
        size = sum(source.files[name].size for name in names)
        settles = not any(_WEIGHTS.fullmatch(name) for name in names)
        yield LeftOut(f"Not read: {names[0]}{more}: {foreign.name}; {foreign.instead}.", settles, size)


def _projector_beside(name: str, size: int) -> LeftOut:
    return LeftOut(f"Not read: {name}, an image projector, which is a part beside the model.", True, size)


def _require_all_shards(found: WeightFiles) -> None:
    """Raise where the names of the shards say that there are more of them than are here."""
    numbered = [(name, one) for name in found.files if (one := shard_number(name)) is not None]
    if found.named or not numbered:
        return
    name, (_, count) = numbered[0]
    here = {number for _, (number, _) in numbered}
    missing = next((number for number in range(1, count + 1) if number not in here), None)
    if missing is not None:
        raise UnreadableFileError(
            f"{name}: one of {count:,} shards, of which {len(here):,} are here; fetch number {missing:,} too"
        )


def _preferred(source: Source) -> WeightFiles:
    """The files of the first layout that is there."""
    for layout in _LAYOUTS:
        if layout.format != "meta" and layout.single in source.files:
            return WeightFiles(layout.format, (layout.single,), {}, tuple(_promised_beside(source, layout)))
        if layout.index and layout.index in source.files:
            return _indexed(source, layout)
        found = sorted(name for name in source.files if re.fullmatch(layout.pattern, name))
        if layout.format == "pytorch":
            found = _saved_by_pytorch(
                source, [name for name in found if _may_be_weights(source, name) and foreign_format(name) is None]
            )
        if found:
            return WeightFiles(layout.format, tuple(found), {})
    if DIFFUSERS_INDEX in source.files and (components := diffusers_components(source)):
        return WeightFiles("diffusers", components, {})
    pieces = [name for name in sorted(source.files) if re.fullmatch(_PIECES, name)]
    if DISTRIBUTED in source.files and pieces:
        return WeightFiles("distcp", (DISTRIBUTED, *pieces), {})
    if ranks := megatron_files(source.files):
        return WeightFiles("megatron", ranks, {})
    found = [name for name in sorted(source.files) if re.fullmatch(_GGUF, name, re.IGNORECASE)]
    if found:
        return _largest_gguf(source, found)
    found = [name for name in sorted(source.files) if re.fullmatch(_ONNX, name, re.IGNORECASE)]
    if found:
        return _plainest_onnx(found)
    projectors = [name for name in sorted(source.files) if _PROJECTOR.fullmatch(name)]
    if projectors:
        return WeightFiles("gguf", (projectors[0],), {})
    raise UnresolvedReferenceError(f"{source.ref}: no weights found{_instead(source)}")


def _saved_by_pytorch(source: Source, names: Sequence[str]) -> list[str]:
    """Of several files those that begin as PyTorch's do; all of them where none does, so that somebody complains."""
    starts = source.read_ranges([ByteRange(name, 0, min(_SNIFFED, source.files[name].size)) for name in names])
    saved = [name for name, start in zip(names, starts, strict=True) if start.startswith(_PYTORCH_STARTS)]
    if not saved and "model.bin" in names and _is_ctranslate2(source):
        raise UnsupportedFormatError(f"{source.ref}: model.bin is {CTRANSLATE2.name}; {CTRANSLATE2.instead}")
    return saved or list(names)


def _is_ctranslate2(source: Source) -> bool:
    return any(name in source.files for name in _CTRANSLATE2)


def _largest_gguf(source: Source, names: Sequence[str]) -> WeightFiles:
    """Of several GGUF models, which are roundings of one as a rule, choose the least rounded: the largest."""
    models = models_of(names)
    chosen = max(models, key=lambda shards: (sum(source.files[name].size for name in shards), shards))
    return WeightFiles("gguf", chosen, {})


def gguf_beside(source: Source, projector: Sequence[str]) -> WeightFiles | None:
    """The GGUF model beside files that turned out to be an image projector, or None where they stand alone."""
    names = [name for name in source.files if name not in projector and re.fullmatch(_GGUF, name, re.IGNORECASE)]
    if not names:
        return None
    size = sum(source.files[name].size for name in projector)
    part = _projector_beside(projector[0], size)
    found = _largest_gguf(source, names)
    others = models_of(name for name in names if name not in found.files)
    return replace(found, left_out=(part,), others=others)


def _plainest_onnx(names: Sequence[str]) -> WeightFiles:
    """Of several ONNX models, which are roundings or parts of one as a rule, choose one that is not rounded."""
    chosen = min(names, key=lambda name: (bool(_ROUNDED_ONNX.fullmatch(name)), "model" not in name, len(name), name))
    others = [name for name in names if name != chosen]
    if not others:
        return WeightFiles("onnx", (chosen,), {})
    are_roundings = all(_ROUNDED_ONNX.fullmatch(name) for name in others)
    said = LeftOut(f"{len(names)} ONNX models are there; only {chosen} was read.", settles=are_roundings)
    return WeightFiles("onnx", (chosen,), {}, (said,))


def _promised_beside(source: Source, layout: _Layout) -> Iterator[LeftOut]:
    """What an index beside a single file names that is not there: loaders take the file, and so it is only said."""
    if not layout.index or layout.index not in source.files:
        return
    try:
        named = shards_by_tensor(read_whole(source, layout.index), layout.index)
    except UnreadableFileError as error:
        yield LeftOut(f"{error}; {layout.single} was read.", settles=True)
        return
    missing = sorted({shard for shard in named.values() if shard not in source.files})
    if missing:
        more = f" and {len(missing) - 1:,} more" if len(missing) > 1 else ""
        said = f"{layout.index} names {missing[0][:100]!r}{more}, which is not there; {layout.single} was read."
        yield LeftOut(said, settles=True)


def _indexed(source: Source, layout: _Layout) -> WeightFiles:
    """Read a shard index."""
    named = shards_by_tensor(read_whole(source, layout.index), layout.index)
    shards = sorted(set(named.values()))
    for shard in shards:
        if shard not in source.files:
            raise UnreadableFileError(
                f"{layout.index}: names {shard[:200]!r}, which is not there; fetch the missing shard"
            )
    return WeightFiles(layout.format, tuple(shards), named)


def _instead(source: Source) -> str:
    """What the repository holds in place of weights that can be read."""
    for name in sorted(source.files):
        if (foreign := foreign_format(name)) is not None:
            return f": {name} is {foreign.name}, which is not read; {foreign.instead}"
    folders = sorted({name.rpartition("/")[0] for name in source.files if "/" in name and _WEIGHTS.fullmatch(name)})
    if len(folders) == 1:
        return f" at its top; give the folder {folders[0][:200]}"
    if folders:
        more = f" and {len(folders) - _MOST_NAMED:,} more" if len(folders) > _MOST_NAMED else ""
        named = ", ".join(folder[:80] for folder in folders[:_MOST_NAMED])
        return f" at its top, but {len(folders):,} folders of weights: {named}{more}; give one of them"
    return "; give a folder or repository with .safetensors, .bin or .pth files"
