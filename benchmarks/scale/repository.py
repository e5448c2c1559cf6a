"""A repository whose weights are computed when they are read."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from benchmarks.scale.encoding import encoded
from benchmarks.scale.numbers import FloatArray, IntArray, heavy_rows, mixed
from benchmarks.scale.shapes import DTYPE_BYTES, FP8_BLOCK, Stored
from benchmarks.scale.slots import Slot
from benchmarks.scale.trained import WEIGHT_SIZE, Weights
from benchmarks.scale.vocabularies import tokenizer_json

_ROWS_AT_ONCE = 256
_FP8_STEP = 8.0
"""Largest number that a block can hold, against the size of the weights."""


@dataclass(frozen=True)
class Shard:
    """One safetensors file."""

    name: str
    tensors: Sequence[Stored]
    weights: Weights

    @cached_property
    def header(self) -> bytes:
        """The eight bytes of its length, and the header."""
        entries: dict[str, object] = {"__metadata__": {"format": "pt"}}
        for tensor, start in zip(self.tensors, self._starts, strict=False):
            offsets = [start, start + tensor.bytes]
            entries[tensor.name] = {"dtype": tensor.dtype, "shape": tensor.shape, "data_offsets": offsets}
        text = json.dumps(entries, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        return len(text).to_bytes(8, "little") + text

    @cached_property
    def _starts(self) -> list[int]:
        """Where every tensor begins, and where the last one ends."""
        return [0, *np.cumsum([tensor.bytes for tensor in self.tensors], dtype=np.int64).tolist()]

    @property
    def size(self) -> int:
        """Its length in bytes."""
        return len(self.header) + self._starts[-1]

    def read(self, start: int, stop: int) -> bytes:
        """Any bytes of it."""
        pieces = [self.header[start:stop]]
        start, stop = max(0, start - len(self.header)), stop - len(self.header)
        while start < stop:
            number = bisect_right(self._starts, start) - 1
            origin, end = self._starts[number], min(stop, self._starts[number + 1])
            pieces.append(_bytes_of(self.weights, self.tensors[number], start - origin, end - origin))
            start = end
        return b"".join(pieces)


def _bytes_of(weights: Weights, tensor: Stored, start: int, stop: int) -> bytes:
    """Some bytes of a tensor: whole rows are computed, and cut."""
    row_bytes = tensor.shape[-1] * DTYPE_BYTES[tensor.dtype]
    pieces = []
    first, last = start // row_bytes, -(-stop // row_bytes)
    for row in range(first, last, _ROWS_AT_ONCE):
        rows = np.arange(row, min(row + _ROWS_AT_ONCE, last))
        pieces.append(encoded(_values(weights, tensor, rows), tensor.dtype).tobytes())
    return b"".join(pieces)[start - first * row_bytes : stop - first * row_bytes]


def _values(weights: Weights, tensor: Stored, rows: IntArray) -> FloatArray:
    """Rows as they are stored: in FP8 against the scales of their blocks, which are stored beside."""
    if tensor.scale_of is not None:
        return _scales(tensor.scale_of, rows, tensor.shape[1])
    values = weights.rows(tensor.slot, rows)
    if tensor.dtype != "F8_E4M3":
        return values
    scales = _scales(tensor.slot, rows // FP8_BLOCK, -(-tensor.shape[1] // FP8_BLOCK))
    return values / np.repeat(scales, FP8_BLOCK, axis=1)[:, : tensor.shape[1]]


def _scales(slot: Slot, blocks: IntArray, columns: int) -> FloatArray:
    """Scales that differ from block to block, as those do that fit a block's largest number."""
    order = np.exp(0.1 * heavy_rows((mixed(slot.number), 12), blocks, columns))
    return (order * np.float32(_FP8_STEP * WEIGHT_SIZE / 448)).astype(np.float32)


@dataclass(frozen=True)
class Repository:
    """The files of a model: small ones whole, and shards.

    Attributes:
        name: ``shape/kind``.
        small: files by name.
        shards: weight files by name.
    """

    name: str
    small: dict[str, bytes]
    shards: dict[str, Shard]

    @property
    def commit(self) -> str:
        """A commit of its own."""
        return "".join(f"{mixed(*self.name.encode(), salt):016x}" for salt in range(3))[:40]

    def etag(self, file: str) -> str:
        """The hash under which a file is known: equal where small files are equal."""
        content = self.small.get(file, f"{self.name}/{file}".encode())
        return "".join(f"{mixed(hash_of(content), salt):016x}" for salt in range(4))

    def size(self, file: str) -> int:
        """A file's length."""
        return len(self.small[file]) if file in self.small else self.shards[file].size


@lru_cache(maxsize=256)
def hash_of(content: bytes) -> int:
    """A number that stands for some bytes."""
    import hashlib

    return int.from_bytes(hashlib.sha256(content).digest()[:8], "little")


def repository(name: str, weights: Weights) -> Repository:
    """Lay out a model's files."""
    shards = _divided(list(weights.shape.tensors()), weights.shape.shards)
    names = [f"model-{number:05}-of-{len(shards):05}.safetensors" for number in range(1, len(shards) + 1)]
    weight_map = {tensor.name: file for file, tensors in zip(names, shards, strict=True) for tensor in tensors}
    total = sum(tensor.bytes for tensors in shards for tensor in tensors)
    index = {"metadata": {"total_size": total}, "weight_map": weight_map}
    small = {
        "config.json": json.dumps(weights.shape.config(), indent=2).encode(),
        "tokenizer.json": tokenizer_json(weights.shape.vocabulary),
        "model.safetensors.index.json": json.dumps(index).encode(),
    }
    return Repository(name, small, {file: Shard(file, part, weights) for file, part in zip(names, shards, strict=True)})


def _divided(tensors: Sequence[Stored], count: int) -> list[list[Stored]]:
    """Divide tensors into shards of about equal size."""
    limit = sum(tensor.bytes for tensor in tensors) / count
    shards: list[list[Stored]] = [[]]
    held = 0
    for tensor in tensors:
        if held >= limit * len(shards) and len(shards) < count:
            shards.append([])
        shards[-1].append(tensor)
        held += tensor.bytes
    return shards
