"""Adapters of mlx-lm: ``adapters.safetensors`` beside an ``adapter_config.json`` with ``fine_tune_type``.

Its factors stand the other way than PEFT's: ``lora_a`` is ``[in, rank]``, ``lora_b`` ``[rank, out]``, and the update is
``scale * (lora_a @ lora_b).T``. They are given PEFT's names and transposed as they are read, so that what puts adapters
on a base needs to know one layout.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from lineage_audit.checkpoint.adapter.settings import read_mlx_settings
from lineage_audit.checkpoint.encoding import FloatArray, RawArray, Section, columns_of
from lineage_audit.checkpoint.formats.container import Container
from lineage_audit.checkpoint.formats.safetensors import read_safetensors
from lineage_audit.checkpoint.source.base import Source
from lineage_audit.checkpoint.tensors import StoredTensor

_ADAPTER_FILE = "adapters.safetensors"

_FACTOR = re.compile(r"(?P<module>.+)\.(?P<part>lora_a|lora_b|m)")
_NAMES: Mapping[str, str] = {"lora_a": "lora_A.weight", "lora_b": "lora_B.weight", "m": "lora_magnitude_vector"}


class _TransposedMatrix(Struct, frozen=True):
    """A stored matrix whose rows are the other's columns."""

    stored: StoredTensor
    bits: float
    scheme: None = None
    rounding: float = 0.0

    def sections(self, low: int, high: int) -> tuple[Section, ...]:
        """Columns of the stored matrix."""
        return (columns_of(self.stored, low, high),)

    def decode(self, low: int, high: int, arrays: Sequence[RawArray]) -> FloatArray:  # noqa: ARG002
        """Transpose them."""
        return np.ascontiguousarray(arrays[0].T, dtype=np.float32)


def read_mlx_adapter(source: Source, files: tuple[str, ...]) -> Container:
    """Read an adapter's header and its configuration.

    Raises:
        LineageAuditError: a file is damaged.
    """
    settings = read_mlx_settings(source)
    tensors, metadata = read_safetensors(source, files)
    named = tuple(map(_as_peft, tensors))
    return Container(f"mlx-{settings.kind}", named, files, metadata, adapter=settings)


def _as_peft(tensor: StoredTensor) -> StoredTensor:
    found = _FACTOR.fullmatch(tensor.name)
    if found is None or len(tensor.shape) != (1 if found["part"] == "m" else 2):
        return tensor
    named = replace(tensor, name=f"base_model.model.{found['module']}.{_NAMES[found['part']]}")
    if found["part"] == "m":
        return named
    rows, columns = tensor.shape
    return replace(named, shape=(columns, rows), encoding=_TransposedMatrix(tensor, tensor.element_bits))
