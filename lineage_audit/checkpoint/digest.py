"""What pins a checkpoint's content: a digest over its weight files, or over their headers when they are large."""

from __future__ import annotations

import hashlib

from lineage_audit.checkpoint.formats.container import Container
from lineage_audit.checkpoint.source.base import Source, read_range

SMALL_ENOUGH = 32 * 2**20
"""Weight files up to this many bytes together are hashed whole."""

_CHUNK = 4 * 2**20


def content_digest(source: Source, container: Container) -> str:
    """Pin the weight files.

    Returns:
        ``sha256:`` and the hash over the sorted sha256s of the weight files, where the host lists them or the files
        are small; else ``headers-sha256:`` and the hash over every tensor's name, type, shape and place, which does
        not pin values.
    """
    hashes = [source.files[file].sha256 for file in container.files]
    if not all(hashes) and sum(source.files[file].size for file in container.files) <= SMALL_ENOUGH:
        hashes = [_hash_file(source, file) for file in container.files]
    if all(hashes):
        return "sha256:" + hashlib.sha256("\n".join(sorted(map(str, hashes))).encode()).hexdigest()
    headers = hashlib.sha256()
    for tensor in container.tensors:
        place = (tensor.name, tensor.dtype, tensor.shape, tensor.file, tensor.start, tensor.stop)
        headers.update(repr(place).encode("utf-8", "surrogatepass"))
    return "headers-sha256:" + headers.hexdigest()


def _hash_file(source: Source, file: str) -> str:
    """Hash one file in chunks."""
    digest = hashlib.sha256()
    size = source.files[file].size
    for start in range(0, size, _CHUNK):
        digest.update(read_range(source, file, start, min(size, start + _CHUNK)))
    return digest.hexdigest()
