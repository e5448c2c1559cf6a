"""Write a checkpoint folder the way model repositories hold it, and read it again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

CONFIG_FILE = "config.json"
RESULTS_FILE = "train_results.json"
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json")
WEIGHTS_FILE = "model.safetensors"


@contextmanager
def replaced_when_complete(folder: Path) -> Iterator[Path]:
    """Give an empty folder to fill, which takes the place of `folder` when the block ends well."""
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write_json(path: Path, values: Mapping[str, object]) -> None:
    """Write one JSON object, indented, with a newline at its end."""
    path.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


def read_json(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file that `write_json` wrote."""
    values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return values


def write_weights(folder: Path, weights: Mapping[str, torch.Tensor]) -> None:
    """Write `model.safetensors` with the metadata that transformers expects."""
    from safetensors.torch import save_file

    path = folder / WEIGHTS_FILE
    save_file(dict(weights), path, metadata={"format": "pt"})
    # safetensors leaves the file readable by its owner alone.
    path.chmod(0o644)


def read_weights(folder: Path) -> dict[str, torch.Tensor]:
    """Return all tensors of `model.safetensors` by name."""
    from safetensors.torch import load_file

    weights: dict[str, torch.Tensor] = load_file(folder / WEIGHTS_FILE)
    return weights
