"""What pins a checkpoint's content: a digest over its weight files, or over their headers when they are large."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from lineage_audit.checkpoint.formats.container import Container
from lineage_audit.checkpoint.source.base import Source, read_range
from lineage_audit.results import DigestMethod, WeightFile

SMALL_ENOUGH = 32 * 2**20
"""Weight files up to this many bytes together are hashed whole."""

_CHUNK = 4 * 2**20
_OF_FILES, _OF_HEADERS = "sha256:", "headers-sha256:"
_METHODS: tuple[tuple[str, DigestMethod], ...] = ((_OF_FILES, "file-hashes"), (_OF_HEADERS, "headers"))


def weight_files(source: Source, container: Container) -> tuple[WeightFile, ...]:
    """The weight files with their hashes: as the host publishes them, else of small files that are read whole."""
    files = [source.files[file] for file in container.files]
    is_small = sum(file.size for file in files) <= SMALL_ENOUGH
    return tuple(
        WeightFile(name, file.size, file.sha256 or (_hash_file(source, name) if is_small else None))
        for name, file in zip(container.files, files, strict=True)
    )


def content_digest(files: Sequence[WeightFile], container: Container) -> str:
    """Pin the weight files.

    Returns:
        ``sha256:`` and the hash over the sorted sha256s of the weight files, where those are known; else
        ``headers-sha256:`` and the hash over every tensor's name, type, shape and place, which does not pin values.
    """
    hashes = [file.sha256 for file in files]
    if all(hashes):
        return _OF_FILES + hashlib.sha256("\n".join(sorted(map(str, hashes))).encode()).hexdigest()
    headers = hashlib.sha256()
    for tensor in container.tensors:
        place = (tensor.name, tensor.dtype, tensor.shape, tensor.file, tensor.start, tensor.stop)
        headers.update(repr(place).encode("utf-8", "surrogatepass"))
    return _OF_HEADERS + headers.hexdigest()


def method_of(digest: str) -> DigestMethod:
    """How a digest was made."""
    return next((method for beginning, method in _METHODS if digest.startswith(beginning)), "unread")


def _hash_file(source: Source, file: str) -> str:
    """Hash one file in chunks."""
    digest = hashlib.sha256()
    size = source.files[file].size
    for start in range(0, size, _CHUNK):
        digest.update(read_range(source, file, start, min(size, start + _CHUNK)))
    return digest.hexdigest()
