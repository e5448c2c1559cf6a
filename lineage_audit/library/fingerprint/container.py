"""Named arrays and texts in one safetensors file held in memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from lineage_audit.checkpoint.bounded_json import parse_json
from lineage_audit.errors import UnreadableFileError

Arrays = Mapping[str, npt.NDArray[Any]]
"""Arrays of any type by name; whoever takes one checks its type."""

_HEADER_LIMIT = 8 * 2**20


def write_container(arrays: Mapping[str, npt.NDArray[Any]], metadata: dict[str, str]) -> bytes:
    """The file's bytes; the same input always gives the same ones."""
    from safetensors.numpy import save

    contiguous = {name: np.ascontiguousarray(arrays[name]) for name in sorted(arrays)}
    data: bytes = save(contiguous, metadata)
    return data


def read_container(data: bytes, name: str) -> tuple[dict[str, npt.NDArray[Any]], dict[str, str]]:
    """Arrays and metadata.

    Raises:
        UnreadableFileError: the bytes are no safetensors file, or one that was cut short.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > min(_HEADER_LIMIT, len(data) - 8):
        raise UnreadableFileError(f"{name}: not a fingerprint, or cut short; make or download it anew")
    header = parse_json(data[8 : 8 + length], name)
    notes = header.get("__metadata__", {}) if isinstance(header, dict) else {}
    metadata = {str(key): value for key, value in notes.items() if isinstance(value, str)}
    try:
        arrays = load(data)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise UnreadableFileError(f"{name}: damaged ({str(error)[:80]}); make or download it anew") from None
    return dict(arrays), metadata
