"""Weight formats: the files of a model become a container of stored tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from msgspec.structs import replace

from lineage_audit.checkpoint.adapter import settings_of_gguf
from lineage_audit.checkpoint.formats.container import Container
from lineage_audit.checkpoint.formats.index import FormatName, WeightFiles, find_weights, gguf_beside, models_of
from lineage_audit.checkpoint.formats.safetensors import read_safetensors
from lineage_audit.checkpoint.left_out import LeftOut
from lineage_audit.checkpoint.source.base import Source
from lineage_audit.errors import TwoModelsError, UnreadableFileError
from lineage_audit.sizes import plural

__all__ = ["Container", "read_container", "read_files"]

_BY_SUFFIX: Mapping[str, FormatName] = {".safetensors": "safetensors", ".gguf": "gguf"}
"""Formats by the end of a file's name; the others are PyTorch's."""


def read_container(source: Source, wanted: str | None = None) -> Container:
    """Find the weight files and read their headers; no weight is read.

    Args:
        source: the repository.
        wanted: the name of the set of weights that is read, where a file holds several.

    Raises:
        LineageAuditError: no weights, or files that are damaged, unsafe or not supported.
    """
    weights = find_weights(source)
    try:
        container = _read(source, weights, wanted)
    except TwoModelsError:
        weights = _largest(source, weights)
        container = _read(source, weights, wanted)
    if _is_projector(container) and (model := gguf_beside(source, weights.files)) is not None:
        weights = model
        container = _read(source, weights, wanted)
    _require_named(container, weights)
    return replace(
        container,
        left_out=(*weights.left_out, *_a_part_alone(container), *_empty(container), *container.left_out),
        others=weights.others,
    )


def read_files(source: Source, files: Sequence[str]) -> Container:
    """Read the headers of the files of one model, whose format their names say.

    Raises:
        LineageAuditError: they are damaged, unsafe or not supported.
    """
    suffix = PurePosixPath(files[0]).suffix.lower()
    return _read(source, WeightFiles(_BY_SUFFIX.get(suffix, "pytorch"), tuple(files), {}), None)


def _largest(source: Source, weights: WeightFiles) -> WeightFiles:
    """Of files that turn out to be several models, the largest: variants of one, as a rule, least rounded."""
    models = models_of(weights.files)
    if len(models) < 2:
        models = tuple((file,) for file in weights.files)
    chosen = max(models, key=lambda files: (sum(source.files[file].size for file in files), files))
    return replace(weights, files=chosen, others=(*weights.others, *(files for files in models if files != chosen)))


def _is_projector(container: Container) -> bool:
    """Tell whether a GGUF is an image projector, whatever its name."""
    return container.values.get("general.architecture") == "clip" or container.values.get("general.type") == "mmproj"


def _a_part_alone(container: Container) -> tuple[LeftOut, ...]:
    if not _is_projector(container):
        return ()
    return (LeftOut(f"{container.files[0]} is an image projector, a part of a model; the model itself is not here."),)


def _empty(container: Container) -> tuple[LeftOut, ...]:
    """Tensors without elements: what a sharded training state leaves in place of the weights."""
    empty = [tensor.name for tensor in container.tensors if 0 in tensor.shape]
    if not empty:
        return ()
    return (
        LeftOut(
            f"{plural(len(empty), 'tensor')} without elements, the first {empty[0][:100]}: the weights are not here "
            "(a training state that was saved in shards leaves such tensors), and every share is of what is here."
        ),
    )


def _read(source: Source, weights: WeightFiles, wanted: str | None) -> Container:
    if weights.format == "safetensors":
        tensors, metadata = read_safetensors(source, weights.files, weights.named)
        return Container("safetensors", tensors, weights.files, metadata)
    if weights.format == "diffusers":
        from lineage_audit.checkpoint.formats.diffusers import read_diffusers

        tensors, metadata = read_diffusers(source, weights.files)
        return Container("diffusers", tensors, weights.files, metadata)
    if weights.format == "meta":
        from lineage_audit.checkpoint.formats.meta import read_meta

        found = read_meta(source, weights.files)
        return Container("meta", found.tensors, weights.files, left_out=found.left_out, place_checks=found.place_checks)
    if weights.format == "distcp":
        from lineage_audit.checkpoint.formats.distcp import arguments_beside, read_distcp

        found = read_distcp(source, wanted)
        told = arguments_beside(source)
        return Container("distcp", found.tensors, weights.files, values=told, left_out=found.left_out)
    if weights.format == "megatron":
        from lineage_audit.checkpoint.formats.megatron import read_megatron
        from lineage_audit.checkpoint.formats.torch_pickle import saved_arguments

        told = saved_arguments(source, weights.files[0])
        found = read_megatron(source, weights.files, told, wanted)
        return Container(
            "megatron",
            found.tensors,
            weights.files,
            values=told,
            left_out=found.left_out,
            place_checks=found.place_checks,
        )
    if weights.format == "gguf":
        from lineage_audit.checkpoint.formats.gguf import read_gguf

        container = read_gguf(source, weights.files)
        return replace(container, adapter=settings_of_gguf(container.values))
    if weights.format == "onnx":
        from lineage_audit.checkpoint.formats.onnx import read_onnx

        return read_onnx(source, weights.files[0])
    if weights.format == "adapter":
        from lineage_audit.checkpoint.formats.peft import read_peft

        return read_peft(source, weights.files)
    if weights.format == "mlx-adapter":
        from lineage_audit.checkpoint.formats.mlx_adapter import read_mlx_adapter

        return read_mlx_adapter(source, weights.files)
    from lineage_audit.checkpoint.formats.torch_pickle import read_pytorch

    found = read_pytorch(source, weights.files, weights.named, wanted)
    return Container("pytorch", found.tensors, weights.files, left_out=found.left_out, place_checks=found.place_checks)


def _require_named(container: Container, weights: WeightFiles) -> None:
    """Raise if the index promises a tensor that its shard does not hold."""
    present = {tensor.name for tensor in container.tensors}
    missing = [name for name in weights.named if name not in present]
    if missing:
        shard, first = weights.named[missing[0]], missing[0][:80]
        raise UnreadableFileError(
            f"{shard}: lacks {first!r} and {len(missing) - 1:,} more that the index places there; fetch it again"
            if len(missing) > 1
            else f"{shard}: lacks {first!r}, which the index places there; fetch it again"
        )
    if not container.tensors:
        raise UnreadableFileError(f"{weights.files[0]}: holds no tensors; give another file")
