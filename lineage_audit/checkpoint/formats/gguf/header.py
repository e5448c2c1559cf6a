"""The header of one GGUF file: typed metadata and the list of tensors, every number checked against the file.

Layout (versions 2 and 3): ``GGUF``, version, number of tensors, number of keys; then for each key its name, type and
value; then for each tensor its name, dimensions (fastest first), type and offset; then, aligned, the data.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from lineage_audit.checkpoint.formats.gguf.cursor import Cursor
from lineage_audit.checkpoint.formats.gguf.types import GGML_TYPES, GgmlType
from lineage_audit.checkpoint.formats.pointer import refuse_pointer
from lineage_audit.checkpoint.source.base import Source
from lineage_audit.errors import UnreadableFileError, UnsupportedFormatError

Value = int | float | bool | str | tuple[bytes, ...] | npt.NDArray[np.generic]
"""A metadata value: a scalar, a list of strings as bytes, or an array of numbers."""

KEY_LIMIT = 65_536
"""Most keys, and longest key and tensor name in bytes; real files have under 100 keys."""

TENSOR_LIMIT = 200_000
"""Most tensors; experts are stacked, so that the largest real models have some thousands."""

STRING_LIMIT = 3_000_000
"""Most strings in all lists of a file; the largest vocabularies have 260,000 tokens and 600,000 merges."""

TEXT_LIMIT = 16 * 2**20
"""Longest string; chat templates and tokenizer models reach a few megabytes."""

LIST_LIMIT = 16_000_000
"""Most elements of an array; merges of the largest vocabularies have 600,000."""

_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_MOST_DIMENSIONS = 4
_STRING, _ARRAY = 8, 9
_NUMBERS: Mapping[int, str] = {
    0: "<B",
    1: "<b",
    2: "<H",
    3: "<h",
    4: "<I",
    5: "<i",
    6: "<f",
    7: "<?",
    10: "<Q",
    11: "<q",
    12: "<d",
}
"""Number of a value's type -> how it is packed."""

_DEFAULT_ALIGNMENT = 32
_LARGEST_ALIGNMENT = 2**20


class TensorInfo(Struct, frozen=True):
    """One entry of the list of tensors.

    Attributes:
        name: the tensor's name.
        shape: slowest dimension first, so that a matrix is ``[out, in]``.
        type: its element type.
        start: first byte of the data in the file.
        stop: one past the last byte.
    """

    name: str
    shape: tuple[int, ...]
    type: GgmlType
    start: int
    stop: int


class _Header(Struct, frozen=True):
    """What stands before the data of one file."""

    values: Mapping[str, Value]
    tensors: tuple[TensorInfo, ...]


def read_header(source: Source, file: str) -> _Header:
    """Read one file's header.

    Raises:
        UnreadableFileError: it is damaged or lies about the file.
        UnsupportedFormatError: a version, byte order or element type that is not read.
    """
    cursor = Cursor(source, file)
    _read_magic(cursor)
    tensor_count, key_count = cursor.unsigned(8), cursor.unsigned(8)
    if tensor_count > TENSOR_LIMIT or key_count > KEY_LIMIT:
        raise cursor.damaged(f"{tensor_count:,} tensors and {key_count:,} keys")
    values: dict[str, Value] = {}
    strings = 0
    for _ in range(key_count):
        key = _name(cursor)
        value = values[key] = _value(cursor, key, cursor.unsigned(4))
        strings += len(value) if isinstance(value, tuple) else 0
        if strings > STRING_LIMIT:
            raise cursor.damaged(f"{strings:,} strings in its lists")
    entries = [_entry(cursor) for _ in range(tensor_count)]
    return _Header(values, _placed(cursor, entries, _alignment(cursor, values)))


def _read_magic(cursor: Cursor) -> None:
    if cursor.size < 24:
        raise UnreadableFileError(f"{cursor.file}: {cursor.size} bytes are too few for a GGUF file; fetch it again")
    start = cursor.take(4)
    if start != _MAGIC:
        refuse_pointer(cursor.file, start + cursor.take(min(cursor.size, 256) - 4))
        raise UnreadableFileError(f"{cursor.file}: not a GGUF file; fetch it again")
    version = cursor.unsigned(4)
    if version not in _VERSIONS:
        what = "big-endian" if version & 0xFFFF == 0 else f"version {version}"
        raise UnsupportedFormatError(f"{cursor.file}: {what} GGUF is not read; convert it with a current llama.cpp")


def _name(cursor: Cursor) -> str:
    try:
        return cursor.string(KEY_LIMIT).decode("utf-8")
    except UnicodeDecodeError:
        raise cursor.damaged("a name is not UTF-8") from None


def _value(cursor: Cursor, key: str, kind: int) -> Value:
    if kind in _NUMBERS:
        number: int | float | bool = struct.unpack(_NUMBERS[kind], cursor.take(struct.calcsize(_NUMBERS[kind])))[0]
        return number
    if kind == _STRING:
        return cursor.string(TEXT_LIMIT).decode("utf-8", "replace")
    if kind == _ARRAY:
        return _list(cursor, key, cursor.unsigned(4), cursor.unsigned(8))
    raise cursor.damaged(f"{key[:80]!r} has a value of unknown type {kind}")


def _list(cursor: Cursor, key: str, kind: int, count: int) -> Value:
    """Read an array; what it takes at least is checked against the file before it is read."""
    width = 8 if kind == _STRING else struct.calcsize(_NUMBERS.get(kind, ""))
    if not width:
        raise cursor.damaged(f"{key[:80]!r} is a list of elements of type {kind}")
    if count > (STRING_LIMIT if kind == _STRING else LIST_LIMIT) or count * width > cursor.size - cursor.position:
        raise cursor.damaged(f"{key[:80]!r} is a list of {count:,} elements")
    if kind == _STRING:
        return tuple([cursor.string(TEXT_LIMIT) for _ in range(count)])
    return np.frombuffer(cursor.take(count * width), np.dtype(_NUMBERS[kind]))


_Entry = tuple[str, tuple[int, ...], GgmlType, int]
"""Name, shape, type and offset as the header states them."""


def _entry(cursor: Cursor) -> _Entry:
    name = _name(cursor)
    dimensions = cursor.unsigned(4)
    if dimensions > _MOST_DIMENSIONS:
        raise cursor.damaged(f"{name[:80]!r} has {dimensions:,} dimensions")
    shape = tuple(cursor.unsigned(8) for _ in range(dimensions))[::-1]
    kind, offset = cursor.unsigned(4), cursor.unsigned(8)
    if kind not in GGML_TYPES:
        raise UnsupportedFormatError(f"{cursor.file}: {name[:80]!r} has elements of type {kind}, which is not read")
    return name, shape, GGML_TYPES[kind], offset


def _alignment(cursor: Cursor, values: Mapping[str, Value]) -> int:
    stated = values.get("general.alignment", _DEFAULT_ALIGNMENT)
    if type(stated) is not int or not 0 < stated <= _LARGEST_ALIGNMENT or stated & (stated - 1):
        raise cursor.damaged("its alignment is not a power of two")
    return stated


def _placed(cursor: Cursor, entries: list[_Entry], alignment: int) -> tuple[TensorInfo, ...]:
    """Follow every tensor to its bytes: inside the file, aligned, whole blocks, no overlap, no name twice."""
    data = -(-cursor.position // alignment) * alignment
    tensors = []
    for name, shape, kind, offset in entries:
        elements = math.prod(shape)
        if max(shape, default=1) >= 2**48 or elements >= 2**48 or (shape and shape[-1] % kind.block):
            raise cursor.damaged(f"{name[:80]!r} has an impossible shape")
        start = data + offset
        stop = start + elements // kind.block * kind.bytes
        if offset % alignment or stop > cursor.size:
            raise UnreadableFileError(
                f"{cursor.file}: {name[:80]!r} does not fit its bytes, or the file is cut short; fetch it again"
            )
        tensors.append(TensorInfo(name, shape, kind, start, stop))
    if len({tensor.name for tensor in tensors}) < len(tensors):
        raise cursor.damaged("a tensor's name stands twice")
    ordered = sorted(tensors, key=lambda tensor: (tensor.start, tensor.stop))
    for before, after in pairwise(ordered):
        if after.start < before.stop:
            raise cursor.damaged(f"the data of {before.name[:80]!r} and {after.name[:80]!r} overlap")
    return tuple(tensors)
