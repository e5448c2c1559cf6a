"""What pins the two models of a certificate: the hashes of their files, or of their headers where files are not hashed.

The digest covers the configuration and the tokenizer as well, since rows and anchor tokens are chosen by them. What is
left to chance in a certificate is drawn from the digests of the two models and from nothing else: nobody can choose a
draw without changing a file, and nobody can prepare a file for the draw that it will give.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from pathlib import PurePath

from msgspec import Struct

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.source.addresses import is_address, shown_address
from lineage_audit.checkpoint.source.base import ByteRange, Source

WHOLE_BYTES = 512 * 2**20
"""Weight files on this machine up to this many bytes together are hashed whole, larger ones where a certificate asks.

A host's own hashes are taken for what they say.
"""

_METADATA = (
    "added_tokens.json",
    "config.json",
    "params.json",
    "special_tokens_map.json",
    "tokenizer_config.json",
)
"""Files beside the weights and the tokenizer that a rule's choices depend on."""

_CHUNK = 4 * 2**20

_PURPOSE = "lineage-audit/certificate/1"


class FileRecord(Struct, frozen=True):
    """One file: its name in the repository, its size, and its hash where it was hashed."""

    name: str
    size: int
    sha256: str | None


class ModelIdentity(Struct, frozen=True):
    """What pins one model.

    Attributes:
        ref: the reference that it was read by, without the folders of this machine.
        revision: the pinned commit, where there is one.
        files: weights, configuration and tokenizer.
        headers: hash over every tensor's name, type, shape and place.
    """

    ref: str
    revision: str | None
    files: tuple[FileRecord, ...]
    headers: str

    @property
    def is_hashed(self) -> bool:
        """Whether every file was."""
        return all(file.sha256 for file in self.files)

    @property
    def digest(self) -> str:
        """The hash over all of it but the reference and the revision."""
        lines = [f"{file.sha256 or '-'}  {file.name}" for file in sorted(self.files, key=lambda file: file.name)]
        lines += [] if self.is_hashed else [f"{self.headers}  headers"]
        return sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()


def identify_model(checkpoint: Checkpoint, hash_weights: bool | None = None) -> ModelIdentity:
    """Pin a model.

    Args:
        checkpoint: the model.
        hash_weights: whether weight files are to be hashed; by default where the host states all hashes, or where they
            are on this machine and not large. Large ones elsewhere are not fetched for it: their hashes stay unknown.
    """
    source, weights = checkpoint.source, checkpoint.container.files
    stated = [source.files[file].sha256 for file in weights]
    size = sum(source.files[file].size for file in weights)
    may_read = source.is_local or size <= WHOLE_BYTES
    if hash_weights is None:
        hash_weights = all(stated) or (source.is_local and size <= WHOLE_BYTES)
    records = [FileRecord(name, source.files[name].size, _hash(source, name)) for name in _metadata_of(checkpoint)]
    records += [
        FileRecord(name, source.files[name].size, known or (_hash(source, name) if may_read else None))
        if hash_weights
        else FileRecord(name, source.files[name].size, None)
        for name, known in zip(weights, stated, strict=True)
    ]
    return ModelIdentity(
        ref=_shown(checkpoint.ref),
        revision=checkpoint.revision,
        files=tuple(sorted(records, key=lambda record: record.name)),
        headers=_headers_of(checkpoint),
    )


def _metadata_of(checkpoint: Checkpoint) -> list[str]:
    """The files beside the weights that a choice depends on, those that are there."""
    tokenizer = checkpoint.vocabulary.file if checkpoint.vocabulary is not None else ""
    return sorted(
        name
        for name in {*_METADATA, tokenizer}
        if name in checkpoint.source.files and name not in checkpoint.container.files
    )


def _headers_of(checkpoint: Checkpoint) -> str:
    """The hash over every tensor's name, type, shape and place in its file."""
    headers = sha256()
    for tensor in sorted(checkpoint.container.tensors, key=lambda tensor: (tensor.file, tensor.start, tensor.name)):
        place = (tensor.name, tensor.dtype, tensor.shape, tensor.file, tensor.start, tensor.stop)
        headers.update(repr(place).encode("utf-8", "surrogatepass"))
    return headers.hexdigest()


def _shown(ref: str) -> str:
    """A reference that says nothing of this machine: an address or a name on a host, of a path the last part."""
    if is_address(ref):
        return shown_address(ref)
    path = PurePath(ref)
    return path.name if path.is_absolute() or len(path.parts) != 2 or ref.startswith((".", "~")) else ref


def _hash(source: Source, file: str) -> str:
    """Hash one file in chunks, unless its host states the hash."""
    if (known := source.files[file].sha256) is not None:
        return known
    digest, size = sha256(), source.files[file].size
    for start in range(0, size, _CHUNK):
        digest.update(source.read_ranges([ByteRange(file, start, min(size, start + _CHUNK))])[0])
    return digest.hexdigest()


def seed_of(digest_a: str, digest_b: str) -> str:
    """The seed of a pair of models, in hexadecimal."""
    return sha256(f"{_PURPOSE}\n{digest_a}\n{digest_b}\n".encode()).hexdigest()


def draw(seed: str, what: str, below: int) -> int:
    """A number from 0 to ``below``, exclusive; the same for the same seed and words."""
    return _number(seed, what) % max(1, below)


def some_of(seed: str, what: str, numbers: Iterable[int], most: int) -> list[int]:
    """At most so many of some numbers, counting up."""
    return sorted(sorted(numbers, key=lambda number: _number(seed, f"{what}/{number}"))[:most])


def _number(seed: str, what: str) -> int:
    return int.from_bytes(sha256(f"{seed}/{what}".encode()).digest()[:8], "big")
