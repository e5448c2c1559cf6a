"""What PyTorch pickles are made of, as inert descriptions: element types, storages, and views of them."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from lineage_audit.checkpoint.dtypes import BITS
from lineage_audit.checkpoint.formats.pickle_machine import Global

DTYPES: Mapping[str, str] = {
    "float64": "F64",
    "double": "F64",
    "float32": "F32",
    "float": "F32",
    "float16": "F16",
    "half": "F16",
    "bfloat16": "BF16",
    "float8_e4m3fn": "F8_E4M3",
    "float8_e5m2": "F8_E5M2",
    "float8_e8m0fnu": "F8_E8M0",
    "complex64": "C64",
    "int64": "I64",
    "int32": "I32",
    "int16": "I16",
    "int8": "I8",
    "uint64": "U64",
    "uint32": "U32",
    "uint16": "U16",
    "uint8": "U8",
    "bool": "BOOL",
}
"""PyTorch's names of element types, and safetensors'."""

FOREIGN_BYTES: Mapping[str, int] = {
    "complex128": 16,
    "complex32": 4,
    "float8_e4m3fnuz": 1,
    "float8_e5m2fnuz": 1,
    "float4_e2m1fn_x2": 1,
    "qint8": 1,
    "quint8": 1,
    "qint32": 4,
}
"""Element types that safetensors has no name for, under PyTorch's name, and their size."""

STORAGES: Mapping[str, str] = {
    "DoubleStorage": "F64",
    "FloatStorage": "F32",
    "HalfStorage": "F16",
    "BFloat16Storage": "BF16",
    "ComplexFloatStorage": "C64",
    "ComplexDoubleStorage": "complex128",
    "LongStorage": "I64",
    "IntStorage": "I32",
    "ShortStorage": "I16",
    "CharStorage": "I8",
    "ByteStorage": "U8",
    "BoolStorage": "BOOL",
    "QInt8Storage": "qint8",
    "QUInt8Storage": "quint8",
    "QInt32Storage": "qint32",
    "UntypedStorage": "U8",
    "_UntypedStorage": "U8",
}
"""Storage classes and the element type in which they count."""


class Storage(Struct, frozen=True):
    """A run of bytes that tensors share.

    Attributes:
        key: which one: the entry name in the zip format, the storage's key in the legacy format.
        dtype: type of the elements in which ``size`` and ``offset`` count.
        size: number of elements of the storage that the file holds.
        offset: where this view of it begins, in elements.
    """

    key: str
    dtype: str
    size: int
    offset: int = 0


class View(Struct, frozen=True):
    """A tensor: a strided view of a storage.

    Attributes:
        storage: what is viewed.
        dtype: type of the tensor's elements.
        offset: first element, counted in the tensor's elements from the start of the storage.
        shape: dimensions.
        strides: steps in elements.
    """

    storage: Storage
    dtype: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class UnreadableTensor(Struct, frozen=True):
    """A tensor of a kind that has no plain bytes: sparse, quantised, nested, or without data."""

    kind: str


class Dtype(Struct, frozen=True):
    """An element type that is named in the pickle."""

    name: str


def storage_from_id(identity: tuple[object, ...]) -> Storage:
    """Make a storage of a persistent id ``("storage", class, key, device, size[, view])``.

    ``view`` is None or, in the legacy format, ``(key, offset, size)`` of a part of the storage.

    Raises:
        ValueError: the id is not like that.
    """
    if len(identity) not in (5, 6) or identity[0] != "storage":
        raise ValueError("a persistent id is not that of a storage")
    kind, key, size = identity[1], identity[2], identity[4]
    dtype = STORAGES.get(kind.name.rpartition(".")[2]) if isinstance(kind, Global) else None
    if dtype is None or not isinstance(key, str):
        raise ValueError("a storage has an unknown class or key")
    view = identity[5] if len(identity) == 6 else None
    if view is None:
        return Storage(key, dtype, count(size))
    if not isinstance(view, tuple) or len(view) != 3:
        raise ValueError("a view of a storage is not (key, offset, size)")
    return Storage(key, dtype, count(size), count(view[1]))


def element_bytes(dtype: str) -> int:
    """Bytes of one element of a storage or tensor."""
    return FOREIGN_BYTES[dtype] if dtype in FOREIGN_BYTES else BITS[dtype] // 8


def count(value: object) -> int:
    """Check that a value is a size, offset or stride; raises ValueError if not."""
    if type(value) is not int or not 0 <= value < 2**62:
        raise ValueError("a size, offset or stride is not a count")
    return value


def counts(value: object) -> tuple[int, ...]:
    """Check that a value is a shape or strides; raises ValueError if not."""
    if not isinstance(value, (tuple, list)) or len(value) > 64:
        raise ValueError("a shape is not a short tuple")
    return tuple(count(item) for item in value)
