"""A model of Llama-2-7B's shape as PyTorch's ``.bin`` shards on the Hub: 13 GB that take neither disk nor memory."""

from __future__ import annotations

import json
import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path

import torch

from benchmarks.speed.shapes import SHAPES, Tensor
from tests.hub_repository import TiledFile
from tests.hub_server import HubRepository, HubServer

_LOCAL_HEADER = 30


def publish_bin(hub: HubServer, name: str, folder: Path, block: bytes) -> HubRepository:
    """Publish it; every storage holds a part of ``block`` over and over."""
    shape = SHAPES["7B"]
    folder.mkdir()
    tensors = list(shape.tensors())
    half = len(tensors) // 2
    files: dict[str, bytes | TiledFile] = {"config.json": json.dumps(shape.config()).encode()}
    placed: dict[str, str] = {}
    for number, some in enumerate((tensors[:half], tensors[half:]), 1):
        file = f"pytorch_model-{number:05}-of-00002.bin"
        placed |= {tensor.name: file for tensor in some}
        _save_holes(folder / file, some)
        files[file] = TiledFile(b"", block, (folder / file).stat().st_size, _all_but_storages(folder / file))
    files["pytorch_model.bin.index.json"] = json.dumps({"weight_map": placed}).encode()
    return hub.add(HubRepository(name, files, frozenset(file for file in files if file.endswith(".bin"))))


def _save_holes(path: Path, tensors: Sequence[Tensor]) -> None:
    """Let PyTorch write the file, but not the numbers."""
    hole = path.with_name("hole")
    with hole.open("wb") as file:
        file.truncate(max(tensor.bytes for tensor in tensors))
    state = {
        tensor.name: torch.from_file(str(hole), shared=True, size=tensor.bytes // 2, dtype=torch.bfloat16).reshape(
            tensor.shape
        )
        for tensor in tensors
    }
    with torch.serialization.skip_data():
        torch.save(state, path)


def _all_but_storages(path: Path) -> dict[int, bytes]:
    """The file's own bytes around the numbers, by place."""
    pieces, place = {}, 0
    with path.open("rb") as file:
        for entry in zipfile.ZipFile(path).infolist():
            if "/data/" not in entry.filename:
                continue
            file.seek(place)
            head = file.read(entry.header_offset + _LOCAL_HEADER - place)
            lengths = struct.unpack("<2H", head[-4:])
            pieces[place] = head + file.read(sum(lengths))
            place += len(pieces[place]) + entry.file_size
        file.seek(place)
        pieces[place] = file.read()
    return pieces
