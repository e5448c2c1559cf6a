"""GGUF files, one or several, as a container of stored tensors."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from lineage_audit.checkpoint.config.quirks import Quirk, has_quirk
from lineage_audit.checkpoint.formats.container import Container
from lineage_audit.checkpoint.formats.gguf.encodings import Decay, GgmlBlocks, GgmlGrid, OneMore
from lineage_audit.checkpoint.formats.gguf.grids import BLOCK_GRIDS
from lineage_audit.checkpoint.formats.gguf.header import TensorInfo, read_header
from lineage_audit.checkpoint.formats.gguf.types import WITHOUT_DECODER
from lineage_audit.checkpoint.source.base import Source
from lineage_audit.checkpoint.tensors import StoredTensor
from lineage_audit.errors import UnreadableFileError

_DECAY = ".ssm_a"
"""A decay, of which every converter stores what the model makes of the original's logarithm."""

_PLAIN_NORM = "ssm_norm.weight"
"""The one norm to which no converter adds anything."""


def read_gguf(source: Source, files: Sequence[str]) -> Container:
    """Read the headers of all files of a model.

    Raises:
        UnreadableFileError: a header is damaged, a shard is missing, or two shards hold the same name.
        UnsupportedFormatError: a version or element type that is not read.
    """
    headers = [read_header(source, file) for file in files]
    values = headers[0].values
    stated = values.get("split.count", 1)
    if isinstance(stated, int) and stated > 1 and stated != len(files):
        raise UnreadableFileError(f"{files[0]}: one of {stated:,} shards, of which {len(files):,} are here; fetch all")
    architecture = values.get("general.architecture")
    tensors: dict[str, StoredTensor] = {}
    for file, header in zip(files, headers, strict=True):
        for info in header.tensors:
            if info.name in tensors:
                raise UnreadableFileError(f"{file}: holds {info.name!r}, and so does {tensors[info.name].file}")
            tensors[info.name] = _stored(info, file, str(architecture))
    texts = {key: value for key, value in values.items() if isinstance(value, str)}
    return Container("gguf", tuple(tensors.values()), tuple(files), texts, values)


def _stored(info: TensorInfo, file: str, architecture: str) -> StoredTensor:
    """Turn a header's entry into a stored tensor, with the encoding that its rows need.

    Quantised vectors are left without one: their elements are not rows of whole blocks, and no converter writes them.
    """
    raw = StoredTensor(info.name, info.type.name, info.shape, file, info.start, info.stop)
    if info.type.is_quantized and info.type.name not in WITHOUT_DECODER and len(info.shape) > 1:
        as_bytes = replace(raw, dtype="U8", shape=(info.stop - info.start,))
        kind = GgmlGrid if info.type.name in BLOCK_GRIDS else GgmlBlocks
        return replace(raw, encoding=kind(as_bytes, info.type, info.shape[-1]))
    if info.type.is_quantized:
        return raw
    if len(info.shape) == 1 and _has_one_more(info.name, architecture):
        return replace(raw, encoding=OneMore(raw, info.type.bits))
    if info.name.endswith(_DECAY):
        return replace(raw, encoding=Decay(raw, info.type.bits, info.shape[-1] if len(info.shape) > 1 else 1))
    return raw


def _has_one_more(name: str, architecture: str) -> bool:
    """Tell whether the converter added one to this tensor."""
    adds = has_quirk(architecture, Quirk.GGUF_GAINS_PLUS_ONE)
    return adds and name.endswith("_norm.weight") and not name.endswith(_PLAIN_NORM)
