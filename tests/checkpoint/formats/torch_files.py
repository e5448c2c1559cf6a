"""PyTorch files made in memory, for the tests of their reader."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from lineage_audit.checkpoint.formats.torch_pickle import read_pytorch
from lineage_audit.checkpoint.source.base import read_range
from lineage_audit.checkpoint.tensors import StoredTensor
from tests.checkpoint.memory_source import MemorySource

FILE = "pytorch_model.bin"

Save = Callable[[object], bytes]


def save_zip(content: object) -> bytes:
    """Save in the zip format."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def save_legacy(content: object) -> bytes:
    """Save in the format before PyTorch 1.6."""
    buffer = io.BytesIO()
    torch.save(content, buffer, _use_new_zipfile_serialization=False)
    return buffer.getvalue()


def read(data: bytes) -> dict[str, StoredTensor]:
    """Read a file from memory: tensors by name."""
    return {tensor.name: tensor for tensor in read_pytorch(MemorySource({FILE: data}), [FILE]).tensors}


TORCH_DTYPES: dict[str, torch.dtype] = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
    "F8_E8M0": torch.float8_e8m0fnu,
    "C64": torch.complex64,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U64": torch.uint64,
    "U32": torch.uint32,
    "U16": torch.uint16,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}


def values(data: bytes, stored: StoredTensor) -> torch.Tensor:
    """The values that a stored tensor describes, made of nothing but its bytes, dtype, shape and strides."""
    dtype = TORCH_DTYPES[stored.dtype]
    raw = read_range(MemorySource({FILE: data}), FILE, stored.start, stored.stop)
    if not raw:
        return torch.empty(stored.shape, dtype=dtype)
    elements = torch.frombuffer(bytearray(raw), dtype=dtype)
    if stored.strides is None:
        return elements.reshape(stored.shape)
    return elements.as_strided(stored.shape, stored.strides)


def same_bits(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Tell whether two tensors agree in type, shape and every bit."""
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    return bool(torch.equal(_bits(one), _bits(other)))


def _bits(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().contiguous().reshape(-1).view(torch.uint8)


def zip_of(entries: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """A zip file of arbitrary entries."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def zip_with_pickle(pickle: bytes) -> bytes:
    """A file in the zip format whose pickle is given."""
    return zip_of({"archive/data.pkl": pickle, "archive/byteorder": b"little", "archive/version": b"3\n"})


def legacy_with_pickle(pickle: bytes) -> bytes:
    """A file in the legacy format whose main pickle is given."""
    empty = save_legacy({})
    main = empty.index(b"\x80\x02}", empty.index(b"type_sizes"))
    return empty[:main] + pickle + b"\x80\x02]."


class Canary:
    """An object whose unpickling creates a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        import os

        return os.system, (f"touch {self.path}",)
