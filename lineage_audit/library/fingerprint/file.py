"""Fingerprint files: one safetensors file, arrays packed two levels a byte, everything else as JSON in its metadata.

A fingerprint may come from anybody, so every size, type and place is checked before it is believed, and a damaged
file is refused with one line.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from lineage_audit.checkpoint import split_reference
from lineage_audit.checkpoint.bounded_json import parse_json
from lineage_audit.checkpoint.roles import Role
from lineage_audit.errors import UnreadableFileError, UnsupportedFormatError
from lineage_audit.library.fingerprint.document import GainRow, document_of, from_document
from lineage_audit.library.fingerprint.parameters import SCHEME
from lineage_audit.library.fingerprint.projection import pack, unpack
from lineage_audit.library.fingerprint.values import (
    Block,
    Fingerprint,
    Gain,
    LayerSketch,
    Levels,
    Sketches,
    TokenSample,
)
from lineage_audit.library.recognition import SCHEMA
from lineage_audit.results.local_paths import without_local_paths
from lineage_audit.whole_files import read_small, write_whole

_PARTS = ("units", "values", "keys")


def write_fingerprint(fingerprint: Fingerprint, path: Path) -> int:
    """Write a fingerprint whole or not at all; gives its size in bytes.

    Raises:
        LineageAuditError: the file cannot be written.
    """
    data = to_bytes(fingerprint)
    write_whole(path, data)
    return len(data)


def read_fingerprint(path: Path) -> Fingerprint:
    """Read a fingerprint file.

    Raises:
        UnreadableFileError: it is damaged or no fingerprint.
        UnsupportedFormatError: it was made by another version's scheme.
    """
    return from_bytes(read_small(path, _LARGEST_FILE, "not a fingerprint"), str(path))


_LARGEST_FILE = 16 * 2**20


def to_bytes(fingerprint: Fingerprint) -> bytes:
    """The file's content; the same fingerprint always gives the same bytes."""
    arrays: dict[str, npt.NDArray[Any]] = {}
    for part in _PARTS:
        _add_blocks(arrays, part, fingerprint)
    if fingerprint.embedding is not None:
        arrays["embedding"] = pack(fingerprint.embedding)
    if fingerprint.gains:
        arrays["gains"] = np.concatenate([pack(gain.levels[None, :]) for gain in fingerprint.gains])
    if fingerprint.tokens is not None:
        arrays["tokens.hashes"] = fingerprint.tokens.hashes
        arrays["tokens.ids"] = fingerprint.tokens.ids.astype(np.uint32)
    arrays["signature"] = fingerprint.signature
    document = json.dumps(
        document_of(_published(fingerprint)), ensure_ascii=True, separators=(",", ":"), sort_keys=True
    )
    return write_container(arrays, {SCHEMA: document})


def _published(fingerprint: Fingerprint) -> Fingerprint:
    """A fingerprint as others may see it: of a local model the folder's name, and nothing of the machine around it."""
    identity = without_local_paths(fingerprint.identity, split_reference(fingerprint.identity.ref))
    return replace(fingerprint, identity=identity)


def _add_blocks(arrays: dict[str, npt.NDArray[Any]], part: str, fingerprint: Fingerprint) -> None:
    """All layers of one part one after the other; ``<part>.layers`` has layer, vectors kept, and vectors in all."""
    blocks = [(layer.layer, block) for layer in fingerprint.layers if (block := getattr(layer, part)) is not None]
    if not blocks:
        return
    roles = sorted({role for _, block in blocks for role in block.roles})
    arrays[f"{part}.layers"] = np.array([(n, len(block.numbers), block.size) for n, block in blocks], dtype=np.int64)
    arrays[f"{part}.numbers"] = np.concatenate([block.numbers for _, block in blocks]).astype(np.uint32)
    for role in roles:
        found = [block.roles.get(role) or _nothing(len(block.numbers)) for _, block in blocks]
        arrays[f"{part}.{role}.channels"] = pack(np.concatenate([one.channels for one in found]))
        tokens = np.concatenate([one.tokens for one in found])
        if tokens.any():
            arrays[f"{part}.{role}.tokens"] = pack(tokens)
        arrays[f"{part}.{role}.sizes"] = np.concatenate([one.sizes for one in found]).astype(np.float32)


def _nothing(count: int) -> Sketches:
    empty = np.zeros((count, SCHEME.numbers), dtype=np.int8)
    return Sketches(empty, empty, np.zeros(count, dtype=np.float32))


def from_bytes(data: bytes, name: str) -> Fingerprint:
    """Read a file's content; ``name`` stands in error messages.

    Raises:
        UnreadableFileError: it is damaged or no fingerprint.
        UnsupportedFormatError: it was made by another version's scheme.
    """
    arrays, metadata = read_container(data, name)
    if SCHEMA not in metadata:
        raise UnreadableFileError(
            f"{name}: not a fingerprint of this version ({SCHEMA}); make it anew with lineage-audit fingerprint"
        )
    document = from_document(metadata[SCHEMA], name)
    if document.scheme != SCHEME.id:
        raise UnsupportedFormatError(
            f"{name}: fingerprint of scheme {document.scheme}; this version reads {SCHEME.id}; "
            f"make it anew: lineage-audit fingerprint {shlex.quote(document.identity.ref)} -o {shlex.quote(name)}"
        )
    try:
        return document.with_arrays(
            embedding=_levels(arrays, "embedding", document.width, SCHEME.numbers) if "embedding" in arrays else None,
            gains=_gains(arrays, document.gains, document.width),
            tokens=_tokens(arrays, document.tokens),
            layers=_layers(arrays),
            signature=_signature(arrays),
        )
    except (KeyError, ValueError, IndexError, OverflowError) as error:
        raise UnreadableFileError(f"{name}: damaged fingerprint ({error}); make or download it anew") from None


def _levels(arrays: _Arrays, key: str, rows: int, columns: int) -> Levels:
    """Packed levels of a known shape."""
    packed = arrays[key]
    if packed.dtype != np.uint8 or packed.shape != (rows, (columns + 1) // 2):
        raise ValueError(f"{key} has another shape or type")
    return unpack(packed, columns)


def _gains(arrays: _Arrays, rows: tuple[GainRow, ...], width: int) -> tuple[Gain, ...]:
    if not rows:
        return ()
    levels = _levels(arrays, "gains", len(rows), width)
    return tuple(
        Gain(role, layer, own, mean, deviation)
        for own, (role, layer, mean, deviation) in zip(levels, rows, strict=True)
    )


def _tokens(arrays: _Arrays, stated: Mapping[str, object] | None) -> TokenSample | None:
    if stated is None:
        return None
    hashes, ids = arrays["tokens.hashes"], arrays["tokens.ids"]
    if hashes.dtype != np.uint64 or hashes.ndim != 1 or hashes.shape != ids.shape or not len(hashes):
        raise ValueError("tokens have another shape or type")
    return TokenSample(
        hashes=hashes,
        ids=ids.astype(np.int64),
        size=int(str(stated["size"])),
        added=int(str(stated["added"])),
        digest=str(stated["digest"]),
        kind=str(stated["kind"]),
    )


def _layers(arrays: _Arrays) -> tuple[LayerSketch, ...]:
    blocks = {part: _blocks(arrays, part) for part in _PARTS}
    numbers = sorted({number for found in blocks.values() for number in found})
    return tuple(LayerSketch(number, *(blocks[part].get(number) for part in _PARTS)) for number in numbers)


def _blocks(arrays: _Arrays, part: str) -> dict[int, Block]:
    if f"{part}.layers" not in arrays:
        return {}
    table, numbers = arrays[f"{part}.layers"], arrays[f"{part}.numbers"].astype(np.int64)
    if table.ndim != 2 or table.shape[1] != 3 or table.min(initial=0) < 0 or int(table[:, 1].sum()) != len(numbers):
        raise ValueError(f"{part}.layers does not fit its vectors")
    roles = {Role(key.split(".")[1]) for key in arrays if key.startswith(f"{part}.") and key.endswith(".channels")}
    sketches = {role: _sketches(arrays, f"{part}.{role}", len(numbers)) for role in sorted(roles)}
    found, start = {}, 0
    for layer, count, size in table.tolist():
        chosen = np.arange(start, start + count)
        kept = {role: one.take(chosen) for role, one in sketches.items() if one.channels[start : start + count].any()}
        if len(np.unique(numbers[chosen])) != count or (count and int(numbers[chosen].max()) >= size):
            raise ValueError(f"{part} numbers of layer {layer} are not those of {size} units")
        found[layer] = Block(numbers[chosen], size, kept)
        start += count
    return found


def _sketches(arrays: _Arrays, key: str, count: int) -> Sketches:
    channels = _levels(arrays, f"{key}.channels", count, SCHEME.numbers)
    has_tokens = f"{key}.tokens" in arrays
    tokens = _levels(arrays, f"{key}.tokens", count, SCHEME.numbers) if has_tokens else np.zeros_like(channels)
    sizes = arrays[f"{key}.sizes"]
    if sizes.dtype != np.float32 or sizes.shape != (count,) or not np.isfinite(sizes).all() or (sizes < 0).any():
        raise ValueError(f"{key}.sizes are no norms")
    return Sketches(channels, tokens, sizes)


def _signature(arrays: _Arrays) -> Levels:
    signature: Levels = arrays["signature"]
    if signature.dtype != np.int8 or signature.shape != (4, SCHEME.signature):
        raise ValueError("signature has another shape or type")
    return signature


_Arrays = Mapping[str, npt.NDArray[Any]]
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
