"""Weight formats: the files of a model become a container of stored tensors."""

from __future__ import annotations

from dataclasses import replace

from lineage_audit.checkpoint.adapter import settings_of_gguf
from lineage_audit.checkpoint.formats.container import Container
from lineage_audit.checkpoint.formats.index import WeightFiles, find_weights
from lineage_audit.checkpoint.formats.safetensors import read_safetensors
from lineage_audit.checkpoint.source.base import Source
from lineage_audit.errors import UnreadableFileError

__all__ = ["Container", "read_container"]


def read_container(source: Source) -> Container:
    """Find the weight files and read their headers; no weight is read.

    Raises:
        LineageAuditError: no weights, or files that are damaged, unsafe or not supported.
    """
    weights = find_weights(source)
    container = _read(source, weights)
    _require_named(container, weights)
    return replace(container, caveats=weights.caveats) if weights.caveats else container


def _read(source: Source, weights: WeightFiles) -> Container:
    if weights.format == "safetensors":
        tensors, metadata = read_safetensors(source, weights.files)
        return Container("safetensors", tensors, weights.files, metadata)
    if weights.format == "meta":
        from lineage_audit.checkpoint.formats.meta import read_meta

        found = read_meta(source, weights.files)
        return Container("meta", found.tensors, weights.files, witnesses=found.witnesses)
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
    from lineage_audit.checkpoint.formats.torch_pickle import read_pytorch

    found = read_pytorch(source, weights.files)
    return Container("pytorch", found.tensors, weights.files, witnesses=found.witnesses)


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
