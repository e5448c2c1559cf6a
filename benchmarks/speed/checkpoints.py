"""Checkpoints of given shapes: sparse ones that hold headers alone, and seeded random ones.

Random values are slices of one pool of normal numbers, since drawing billions of them would take longer than what is
measured; a model that is to be searched for is drawn anew, number by number.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from benchmarks.speed.shapes import Json, LlamaShape, Tensor

FloatArray = npt.NDArray[np.float32]
Fill = Callable[[Tensor], FloatArray]
"""The values of a tensor."""

NOISE = 0.02
"""Size of a fine-tune's change against the weights."""

_SIZE = 0.02
_POOL = 4_194_301
"""Numbers in the pool; prime, so that no two rows of a matrix begin at the same one."""


class Shape(Protocol):
    """What a model of some family holds."""

    def config(self) -> Json:
        """Its configuration."""
        ...

    def tensors(self) -> Iterator[Tensor]:
        """Its tensors."""
        ...


def write_sparse(folder: Path, shape: Shape, shards: int) -> None:
    """Write a checkpoint whose weights are holes in the files: nothing on the disk, zeros when read."""
    for path, data_start, tensors in _shards(folder, shape, shards):
        with path.open("r+b") as file:
            file.truncate(data_start + sum(tensor.bytes for tensor in tensors))


def write_filled(folder: Path, shape: LlamaShape, fill: Fill) -> None:
    """Write a checkpoint tensor by tensor."""
    for path, _, tensors in _shards(folder, shape, shape.shards):
        with path.open("ab") as file:
            for tensor in tensors:
                as_bfloat16(fill(tensor)).tofile(file)


def pooled(seed: int) -> Fill:
    """Independent-looking weights from a pool of normal numbers; norm gains near one."""
    rng = np.random.default_rng(seed)
    pool = rng.standard_normal(_POOL, dtype=np.float32) * np.float32(_SIZE)

    def fill(tensor: Tensor) -> FloatArray:
        values = _from_pool(pool, int(rng.integers(_POOL)), tensor.shape)
        return values if len(tensor.shape) > 1 else 1 + 5 * values

    return fill


def drawn(seed: int) -> Fill:
    """Independent weights, every number drawn."""
    rng = np.random.default_rng(seed)

    def fill(tensor: Tensor) -> FloatArray:
        values = rng.standard_normal(tensor.shape, dtype=np.float32) * np.float32(_SIZE)
        return values if len(tensor.shape) > 1 else 1 + 5 * values

    return fill


def fine_tuned(parent: Path, seed: int) -> Fill:
    """A parent's weights, each moved a little."""
    rng = np.random.default_rng(seed)
    pool = rng.standard_normal(_POOL, dtype=np.float32) * np.float32(NOISE * _SIZE)
    read = reader(parent)

    def fill(tensor: Tensor) -> FloatArray:
        return read(tensor.name) + _from_pool(pool, int(rng.integers(_POOL)), tensor.shape)

    return fill


def _from_pool(pool: FloatArray, start: int, shape: tuple[int, ...]) -> FloatArray:
    """Numbers from a place in the pool on, and round again."""
    return np.take(pool, np.arange(start, start + int(np.prod(shape))), mode="wrap").reshape(shape)


def disguised(parent: Path, shape: LlamaShape, seed: int) -> Fill:
    """A parent with its residual channels and FFN units in another order: the same function, other numbers."""
    rng = np.random.default_rng(seed)
    channels = rng.permutation(shape.hidden)
    units = [rng.permutation(shape.ffn) for _ in range(shape.layers)]
    read = reader(parent)

    def fill(tensor: Tensor) -> FloatArray:
        values, words = read(tensor.name), tensor.name.split(".")
        if "gate_proj" in words or "up_proj" in words:
            return values[units[int(words[2])]][:, channels]
        if "down_proj" in words:
            return values[channels][:, units[int(words[2])]]
        if "o_proj" in words or len(tensor.shape) == 1:
            return values[channels]
        return values[:, channels]

    return fill


def reader(folder: Path) -> Callable[[str], FloatArray]:
    """Read tensors of a checkpoint by name, as float32."""
    from lineage_audit.checkpoint import open_checkpoint

    checkpoint = open_checkpoint(str(folder))
    by_name = {tensor.name: tensor for tensor in checkpoint.tensors}
    return lambda name: checkpoint.rows(by_name[name], 0, by_name[name].shape[0])


def as_bfloat16(values: FloatArray) -> npt.NDArray[np.uint16]:
    """Round to bfloat16, ties to even."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    return ((bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) >> np.uint32(16)).astype(np.uint16)


def _shards(folder: Path, shape: Shape, count: int) -> Iterable[tuple[Path, int, Sequence[Tensor]]]:
    """Write configuration, index and headers; give every shard's path, where its data starts, and its tensors."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(shape.config(), indent=2))
    shards = _divided(list(shape.tensors()), count)
    names = [f"model-{number:05}-of-{len(shards):05}.safetensors" for number in range(1, len(shards) + 1)]
    weight_map = {tensor.name: name for name, tensors in zip(names, shards, strict=True) for tensor in tensors}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    for name, tensors in zip(names, shards, strict=True):
        header = _header(tensors)
        (folder / name).write_bytes(len(header).to_bytes(8, "little") + header)
        yield folder / name, 8 + len(header), tensors


def _divided(tensors: Sequence[Tensor], count: int) -> list[list[Tensor]]:
    """Divide tensors into shards of about equal size."""
    limit = sum(tensor.bytes for tensor in tensors) / count
    shards: list[list[Tensor]] = [[]]
    held = 0
    for tensor in tensors:
        if held >= limit * len(shards) and len(shards) < count:
            shards.append([])
        shards[-1].append(tensor)
        held += tensor.bytes
    return shards


def _header(tensors: Sequence[Tensor]) -> bytes:
    """A safetensors header, padded to eight bytes."""
    entries, start = {}, 0
    for tensor in tensors:
        offsets = [start, start + tensor.bytes]
        entries[tensor.name] = {"dtype": tensor.dtype, "shape": tensor.shape, "data_offsets": offsets}
        start += tensor.bytes
    header = json.dumps(entries).encode()
    return header + b" " * (-len(header) % 8)
