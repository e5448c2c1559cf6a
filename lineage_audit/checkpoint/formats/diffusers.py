"""Folders of diffusers: a pipeline's components side by side, each a part under its own name."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec.structs import replace

from lineage_audit.checkpoint.formats.safetensors import read_safetensors
from lineage_audit.checkpoint.source.base import Source
from lineage_audit.checkpoint.tensors import StoredTensor

DIFFUSERS_INDEX = "model_index.json"

_PLAIN = re.compile(
    r"(?P<component>[^/.]+)/(?:diffusion_pytorch_model|model)(?:-\d{5}-of-\d{5})?\.safetensors", re.ASCII
)


def diffusers_components(source: Source) -> tuple[str, ...]:
    """The weight files of all components, variants of a lower precision left out."""
    return tuple(sorted(name for name in source.files if _PLAIN.fullmatch(name)))


def read_diffusers(source: Source, files: Sequence[str]) -> tuple[tuple[StoredTensor, ...], dict[str, str]]:
    """Read the headers of all components; a tensor's name begins with its component's.

    Raises:
        UnreadableFileError: as for any safetensors file.
    """
    components: dict[str, list[str]] = {}
    for file in files:
        components.setdefault(file.split("/")[0], []).append(file)
    tensors: list[StoredTensor] = []
    metadata: dict[str, str] = {}
    for component, own in components.items():
        found, notes = read_safetensors(source, own)
        tensors += (replace(tensor, name=f"{component}.{tensor.name}") for tensor in found)
        metadata |= notes
    return tuple(tensors), metadata
