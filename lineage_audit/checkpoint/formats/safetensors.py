"""Safetensors headers, checked before they are trusted.

The format: eight bytes of header length (little-endian), a JSON header with dtype, shape and offsets of every
tensor, then the data. Read here rather than through the library, so that one row can be read from one byte range
of a file on another continent.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from lineage_audit.checkpoint.bounded_json import each_key_once, parse_json
from lineage_audit.checkpoint.dtypes import BITS
from lineage_audit.checkpoint.formats.pointer import refuse_pointer
from lineage_audit.checkpoint.source.base import ByteRange, Source
from lineage_audit.checkpoint.tensors import StoredTensor
from lineage_audit.errors import TwoModelsError, UnreadableFileError

HEADER_LIMIT = 100_000_000
"""Largest header in bytes: the limit of the format's own library."""

TENSOR_LIMIT = 250_000
"""Most tensors in all files of a model; the largest real one, 384 experts in three pieces a layer, has 210,000."""

_NAME_LIMIT = 1024
"""Longest name, in characters."""

_MOST_DIMENSIONS = 64
_FIRST_READ = 64 * 1024
"""Bytes read at once in the hope that they hold length and header."""

_FILES_AT_ONCE = 64


def read_safetensors(
    source: Source, files: Sequence[str], named: Mapping[str, str] | None = None
) -> tuple[tuple[StoredTensor, ...], dict[str, str]]:
    """Read the headers of all shards.

    Args:
        source: where they are.
        files: in order.
        named: tensor name -> shard, as an index says: of a name that stands in several shards, that one is meant.

    Returns:
        The tensors in file order, and the shards' ``__metadata__`` merged.

    Raises:
        TwoModelsError: two shards hold the same name, and no index says which is meant.
        UnreadableFileError: a header is damaged, or lies about its file.
    """
    tensors: dict[str, StoredTensor] = {}
    metadata: dict[str, str] = {}
    for file, start in _first_bytes(source, files):
        header, data_start = _read_header(source, file, start)
        notes = header.pop("__metadata__", {})
        if isinstance(notes, dict):
            metadata.update({key: value for key, value in notes.items() if isinstance(value, str)})
        for tensor in _tensors(header, file, data_start, source.files[file].size):
            held, meant = tensors.get(tensor.name), (named or {}).get(tensor.name)
            if held is not None and meant not in (file, held.file):
                raise TwoModelsError(f"{file}: holds {tensor.name[:80]!r}, and so does {held.file}; give one of them")
            if held is None or meant == file:
                tensors[tensor.name] = tensor
        if len(tensors) > TENSOR_LIMIT:
            raise UnreadableFileError(f"{file}: with it the model has more than {TENSOR_LIMIT:,} tensors; not read")
    return tuple(tensors.values()), metadata


def _first_bytes(source: Source, files: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Give the first bytes of each file, some files at a time."""
    for first in range(0, len(files), _FILES_AT_ONCE):
        some = files[first : first + _FILES_AT_ONCE]
        ranges = [ByteRange(file, 0, min(_FIRST_READ, source.files[file].size)) for file in some]
        yield from zip(some, source.read_ranges(ranges), strict=True)


def _read_header(source: Source, file: str, start: bytes) -> tuple[dict[str, Any], int]:
    """Parse one file's header; also give the offset of its data."""
    refuse_pointer(file, start)
    size = source.files[file].size
    if len(start) < 8:
        raise UnreadableFileError(f"{file}: {size} bytes are too few for a safetensors file; fetch it again")
    length = int.from_bytes(start[:8], "little")
    if length > HEADER_LIMIT or 8 + length > size:
        raise UnreadableFileError(f"{file}: not a safetensors file, or cut short; fetch it again")
    data = start[8 : 8 + length] if 8 + length <= len(start) else _rest(source, file, length)
    complaint = f"{file}: a name stands twice in its safetensors header; fetch it again"
    header = parse_json(data, file, each_key_once(complaint))
    if not isinstance(header, dict):
        raise UnreadableFileError(f"{file}: its safetensors header is not an object; fetch it again")
    if len(header) > TENSOR_LIMIT:
        raise UnreadableFileError(f"{file}: names {len(header):,} tensors, more than any model has; not read")
    return header, 8 + length


def _rest(source: Source, file: str, length: int) -> bytes:
    """A header longer than what was read first, whole."""
    return source.read_ranges([ByteRange(file, 8, 8 + length)])[0]


def _tensors(header: Mapping[str, Any], file: str, data_start: int, size: int) -> list[StoredTensor]:
    """Turn header entries into stored tensors, checking every number against the file."""
    tensors = [_tensor(name, entry, file, data_start, size) for name, entry in header.items()]
    for before, after in pairwise(sorted(tensors, key=lambda tensor: (tensor.start, tensor.stop))):
        if after.start < before.stop:
            raise UnreadableFileError(f"{file}: the data of {before.name[:80]!r} and {after.name[:80]!r} overlap")
    return tensors


def _tensor(name: str, entry: Any, file: str, data_start: int, size: int) -> StoredTensor:
    """Check one header entry."""
    shown = f"{file}: {name[:80]!r}"
    if len(name) > _NAME_LIMIT:
        raise UnreadableFileError(f"{shown}... is a name of {len(name):,} characters; not read")
    try:
        dtype, shape, (start, stop) = entry["dtype"], entry["shape"], entry["data_offsets"]
    except (TypeError, KeyError, ValueError):
        raise UnreadableFileError(f"{shown} lacks dtype, shape or data_offsets; fetch the file again") from None
    if not isinstance(dtype, str) or dtype not in BITS:
        raise UnreadableFileError(f"{shown} has the unknown data type {str(dtype)[:40]!r}")
    numbers = [start, stop, *shape] if isinstance(shape, list) and len(shape) <= _MOST_DIMENSIONS else [None]
    if not all(type(number) is int and 0 <= number < 2**63 for number in numbers):
        raise UnreadableFileError(f"{shown} has an impossible shape or offset; fetch the file again")
    if math.prod(shape) * BITS[dtype] != (stop - start) * 8 or data_start + stop > size:
        raise UnreadableFileError(f"{shown} does not fit its bytes, or the file is cut short; fetch it again")
    return StoredTensor(name, dtype, tuple(shape), file, data_start + start, data_start + stop)
