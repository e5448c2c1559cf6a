"""Write a merge as a model folder: the base's files with other weights."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.training.publishing import read_json, write_json
from benchmarks.unmix.cases import Case
from benchmarks.unmix.merging import METHODS

if TYPE_CHECKING:
    import torch

_LAYER = re.compile(r"(?<=\.)(\d+)(?=\.)")
_COUNTS = ("num_hidden_layers", "n_layer")


def make(case: Case, folder: Path) -> None:
    """Merge tensor by tensor in float32 and store in the base's type."""
    import torch
    from safetensors.torch import load_file, save_file

    base = load_file(case.base / "model.safetensors")
    parents = [load_file(parent / "model.safetensors") for parent in case.parents]
    generator = torch.Generator().manual_seed(case.seed)
    merge = METHODS[case.method]
    merged = {
        name: merge(
            value.float(), [parent[name].float() for parent in parents], case.weights, case.density, generator
        ).to(value.dtype)
        for name, value in base.items()
    }
    _copy_files(case.base, folder)
    save_file(merged, folder / "model.safetensors")


def make_stacked(parents: Sequence[Path], folder: Path) -> list[tuple[int, int]]:
    """Stack layers of two models that overlap in the middle, and return the source of each: (model, layer)."""
    from safetensors.torch import load_file, save_file

    config = read_json(parents[0] / "config.json")
    key = next(key for key in _COUNTS if key in config)
    count = int(config[key])
    plan = [(0, layer) for layer in range(count - 1)] + [(1, layer) for layer in range(1, count)]
    loaded = [load_file(parent / "model.safetensors") for parent in parents]
    _copy_files(parents[0], folder)
    write_json(folder / "config.json", {**config, key: len(plan)})
    outside = {name: value for name, value in loaded[0].items() if not _LAYER.search(name)}
    inside: dict[str, torch.Tensor] = {}
    for new, (model, layer) in enumerate(plan):
        for name, value in loaded[model].items():
            found = _LAYER.search(name)
            if found and int(found.group()) == layer:
                inside[_LAYER.sub(str(new), name, count=1)] = value.clone()
    save_file({**outside, **inside}, folder / "model.safetensors")
    return plan


def _copy_files(source: Path, folder: Path) -> None:
    folder.mkdir(parents=True)
    for path in source.iterdir():
        if path.suffix != ".safetensors" and path.name != "zoo.json":
            shutil.copy(path, folder)
