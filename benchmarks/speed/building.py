"""Build the checkpoints of the benchmark, each in a process of its own and only where it is not there yet.

``python -m benchmarks.speed.building OUT NAME SCALE LAYERS`` builds one; see ``CHECKPOINTS`` for the names.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from benchmarks.speed.checkpoints import (
    disguised,
    drawn,
    fine_tuned,
    pooled,
    write_filled,
    write_sparse,
)
from benchmarks.speed.shapes import SHAPES, DeepSeekShape, LlamaShape


def build(out: Path, name: str, scale: float, layers: int) -> Path:
    """Build a checkpoint unless it is there; a half-built one is built again."""
    folder = out / f"{name}-{scale:g}-{layers}"
    if not folder.exists():
        temporary = folder.with_name(f".{folder.name}")
        shutil.rmtree(temporary, ignore_errors=True)
        CHECKPOINTS[name](temporary, out, scale, layers)
        temporary.rename(folder)
    return folder


def _headers(folder: Path, out: Path, scale: float, layers: int) -> None:  # noqa: ARG001
    shape = DeepSeekShape()
    write_sparse(folder, shape, shape.shards)


def _parent(size: str) -> Callable[[Path, Path, float, int], None]:
    def written(folder: Path, out: Path, scale: float, layers: int) -> None:  # noqa: ARG001
        write_filled(folder, SHAPES[size].scaled(scale), pooled(1))

    return written


def _child(size: str) -> Callable[[Path, Path, float, int], None]:
    def written(folder: Path, out: Path, scale: float, layers: int) -> None:
        parent = build(out, f"{size}-parent", scale, layers)
        write_filled(folder, SHAPES[size].scaled(scale), fine_tuned(parent, 2))

    return written


def _searched(layers: int) -> LlamaShape:
    return replace(SHAPES["7B"], layers=layers, shards=max(1, layers // 10))


def _search_parent(folder: Path, out: Path, scale: float, layers: int) -> None:  # noqa: ARG001
    write_filled(folder, _searched(layers), drawn(1))


def _search_child(folder: Path, out: Path, scale: float, layers: int) -> None:
    shape = _searched(layers)
    write_filled(folder, shape, disguised(build(out, "search-parent", scale, layers), shape, 2))


CHECKPOINTS: dict[str, Callable[[Path, Path, float, int], None]] = {
    "headers-a": _headers,
    "headers-b": _headers,
    **{f"{size}-parent": _parent(size) for size in SHAPES},
    **{f"{size}-child": _child(size) for size in SHAPES},
    "search-parent": _search_parent,
    "search-child": _search_child,
}
"""Name -> how it is written: folder, where the others are, scale, layers of the models that are searched."""


if __name__ == "__main__":
    build(Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]), int(sys.argv[4]))
