"""PEFT adapters: ``adapter_model`` files beside an ``adapter_config.json``."""

from __future__ import annotations

from lineage_audit.checkpoint.adapter.settings import read_settings
from lineage_audit.checkpoint.formats.container import Container
from lineage_audit.checkpoint.formats.safetensors import read_safetensors
from lineage_audit.checkpoint.formats.torch_pickle import read_pytorch
from lineage_audit.checkpoint.source.base import Source


def read_peft(source: Source, files: tuple[str, ...]) -> Container:
    """Read an adapter's headers and its configuration.

    Raises:
        LineageAuditError: a file is damaged, unsafe or not supported.
    """
    settings = read_settings(source)
    name = f"peft-{settings.kind}"
    if files[0].endswith(".safetensors"):
        tensors, metadata = read_safetensors(source, files)
        return Container(name, tensors, files, metadata, adapter=settings)
    found = read_pytorch(source, files)
    return Container(name, found.tensors, files, place_checks=found.place_checks, adapter=settings)
