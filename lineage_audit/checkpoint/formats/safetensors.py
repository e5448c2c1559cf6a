"""Safetensors headers, checked before they are trusted.

The format: eight bytes of header length (little-endian), a JSON header with dtype, shape and offsets of every
tensor, then the data. Read here rather than through the library, so that one row can be read from one byte range
of a file on another continent.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from lineage_audit.checkpoint.dtypes import BITS
from lineage_audit.checkpoint.formats.pointer import refuse_pointer
from lineage_audit.checkpoint.source.base import ByteRange, Source
from lineage_audit.checkpoint.tensors import StoredTensor
from lineage_audit.errors import UnreadableFileError

HEADER_LIMIT = 100_000_000
"""Largest header in bytes: the limit of the format's own library."""

_FIRST_READ = 64 * 1024
"""Bytes read at once in the hope that they hold length and header."""


def read_safetensors(source: Source, files: Sequence[str]) -> tuple[tuple[StoredTensor, ...], dict[str, str]]:
    """Read the headers of all shards.

    Returns:
        The tensors in file order, and the shards' ``__metadata__`` merged.

    Raises:
        UnreadableFileError: a header is damaged, lies about its file, or two shards hold the same name.
    """
    starts = source.read_ranges([ByteRange(file, 0, min(_FIRST_READ, source.files[file].size)) for file in files])
    tensors: dict[str, StoredTensor] = {}
    metadata: dict[str, str] = {}
    for file, start in zip(files, starts, strict=True):
        header, data_start = _read_header(source, file, start)
        notes = header.pop("__metadata__", {})
        if isinstance(notes, dict):
            metadata.update({key: value for key, value in notes.items() if isinstance(value, str)})
        for tensor in _tensors(header, file, data_start, source.files[file].size):
            if tensor.name in tensors:
                raise UnreadableFileError(f"{file}: holds {tensor.name!r}, and so does {tensors[tensor.name].file}")
            tensors[tensor.name] = tensor
    return tuple(tensors.values()), metadata


def _read_header(source: Source, file: str, start: bytes) -> tuple[dict[str, Any], int]:
    """Parse one file's header; also give the offset of its data."""
    refuse_pointer(file, start)
    size = source.files[file].size
    if len(start) < 8:
        raise UnreadableFileError(f"{file}: {size} bytes are too few for a safetensors file; fetch it again")
    length = int.from_bytes(start[:8], "little")
    if length > HEADER_LIMIT or 8 + length > size:
        raise UnreadableFileError(f"{file}: not a safetensors file, or cut short; fetch it again")
    data = start[8 : 8 + length]
    if len(data) < length:
        data += source.read_ranges([ByteRange(file, 8 + len(data), 8 + length)])[0]
    try:
        header = json.loads(data, object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError) as error:
        raise UnreadableFileError(f"{file}: its safetensors header is not valid JSON ({_brief(error)})") from None
    if not isinstance(header, dict):
        raise UnreadableFileError(f"{file}: its safetensors header is not an object")
    return header, 8 + length


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build an object, refusing a key that stands twice."""
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a name stands twice")
    return result


def _tensors(header: Mapping[str, Any], file: str, data_start: int, size: int) -> list[StoredTensor]:
    """Turn header entries into stored tensors, checking every number against the file."""
    tensors = [_tensor(name, entry, file, data_start, size) for name, entry in header.items()]
    for before, after in pairwise(sorted(tensors, key=lambda tensor: (tensor.start, tensor.stop))):
        if after.start < before.stop:
            raise UnreadableFileError(f"{file}: the data of {before.name!r} and {after.name!r} overlap")
    return tensors


def _tensor(name: str, entry: Any, file: str, data_start: int, size: int) -> StoredTensor:
    """Check one header entry."""
    try:
        dtype, shape, (start, stop) = entry["dtype"], entry["shape"], entry["data_offsets"]
    except (TypeError, KeyError, ValueError):
        raise UnreadableFileError(f"{file}: the entry of {name!r} lacks dtype, shape or data_offsets") from None
    if not isinstance(dtype, str) or dtype not in BITS:
        raise UnreadableFileError(f"{file}: {name!r} has the unknown data type {dtype!r}")
    numbers = [start, stop, *shape] if isinstance(shape, list) else [None]
    if not all(type(number) is int and 0 <= number < 2**63 for number in numbers):
        raise UnreadableFileError(f"{file}: {name!r} has an impossible shape or offset")
    if math.prod(shape) * BITS[dtype] != (stop - start) * 8 or data_start + stop > size:
        raise UnreadableFileError(f"{file}: {name!r} does not fit its bytes, or the file is cut short; fetch it again")
    return StoredTensor(name, dtype, tuple(shape), file, data_start + start, data_start + stop)


def _brief(error: Exception) -> str:
    """First line of an error, short."""
    return str(error).splitlines()[0][:80] if str(error) else type(error).__name__
