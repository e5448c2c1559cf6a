"""Models in Ollama's local store: a manifest names blobs by their sha256, and the blob of the weights is a GGUF.

``ollama:NAME[:TAG]`` is looked up below ``OLLAMA_MODELS``, else ``~/.ollama/models``, else where Ollama's own service
keeps it on Linux. The store is not trusted: names may not lead out of it, manifests are bounded, and a blob must have
the size that its manifest states.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from msgspec import Struct

from lineage_audit.checkpoint.bounded_json import parse_json_object
from lineage_audit.checkpoint.source.base import ByteRange, SourceFile
from lineage_audit.checkpoint.source.local_files import described, read_from
from lineage_audit.errors import UnreadableFileError, UnresolvedReferenceError

SCHEME = "ollama:"

_HOST, _NAMESPACE, _TAG = "registry.ollama.ai", "library", "latest"
_SERVICE_STORE = Path("/usr/share/ollama/.ollama/models")
_NAME = re.compile(r"[A-Za-z0-9_][\w.-]{0,127}", re.ASCII)
_HOST_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,127}(?::\d{1,5})?", re.ASCII)
_DIGEST = re.compile(r"sha256[:-]([0-9a-f]{64})", re.ASCII)
_MANIFEST_LIMIT = 4 * 2**20
_LAYER_LIMIT = 1000
_KIND = "application/vnd.ollama.image."
_FILES: Mapping[str, tuple[str, str]] = {
    "model": ("model", ".gguf"),
    "adapter": ("adapter", ".lora"),
    "projector": ("mmproj", ".gguf"),
    "license": ("LICENSE", ""),
    "params": ("ollama-params", ".json"),
    "template": ("template", ".txt"),
    "system": ("system", ".txt"),
    "messages": ("messages", ".json"),
}
"""Kind of a layer -> what its file is called here: beginning and end, with a number between from the second on."""

ADAPTER = re.compile(r"adapter(-\d+)?\.lora")
"""Files of a stored model that are adapters to be put on it."""


class _Name(Struct, frozen=True):
    """A model's name taken apart, as the store's folders have it."""

    host: str
    namespace: str
    model: str
    tag: str

    @property
    def path(self) -> str:
        """Where the manifest is, below ``manifests``."""
        return f"{self.host}/{self.namespace}/{self.model}/{self.tag}"


class OllamaSource:
    """The layers of one stored model, each under the name of what it holds."""

    def __init__(self, ref: str, store: Path, layers: Mapping[str, tuple[SourceFile, Path]]) -> None:
        self.ref = ref
        self.revision: str | None = None
        self.is_local = True
        self.bytes_read = 0
        self.files: Mapping[str, SourceFile] = {name: described for name, (described, _) in layers.items()}
        self._store = store
        self._layers = layers

    def read_ranges(self, ranges: Sequence[ByteRange]) -> list[bytes]:
        """Read all ranges, opening each blob once."""
        results: list[bytes] = [b""] * len(ranges)
        for file in dict.fromkeys(wanted.file for wanted in ranges):
            positions = [position for position, wanted in enumerate(ranges) if wanted.file == file]
            listed, path = self._layers[file]
            for position, piece in zip(
                positions, read_from(path, listed, [ranges[position] for position in positions]), strict=True
            ):
                results[position] = piece
        self.bytes_read += sum(map(len, results))
        return results

    def adapters(self) -> tuple[OllamaSource, ...]:
        """The adapters that are to be put on the model, each as a model of its own."""
        names = [name for name in self.files if ADAPTER.fullmatch(name)]
        return tuple(OllamaSource(name, self._store, {"adapter.gguf": self._layers[name]}) for name in names)


def open_ollama(ref: str) -> OllamaSource:
    """Open ``ollama:NAME[:TAG]``, where NAME may have a namespace and a host before it.

    Raises:
        UnresolvedReferenceError: the name is no name, or the store has no such model; says what it has.
        UnreadableFileError: its manifest or a blob is damaged.
    """
    name = _taken_apart(ref)
    stores = list(_stores())
    for store in stores:
        manifest = store / "manifests" / name.path
        if manifest.is_file() and _is_inside(manifest, store):
            return OllamaSource(ref, store, _layers(store, manifest))
    raise UnresolvedReferenceError(
        f"{ref}: not in Ollama's store at {stores[0]}; run: ollama pull {ref.removeprefix(SCHEME)}"
        + _others(stores, name)
    )


def _taken_apart(ref: str) -> _Name:
    parts = ref.removeprefix(SCHEME).split("/")
    model, _, tag = parts[-1].partition(":")
    host = parts[0] if len(parts) > 2 else _HOST
    namespace = parts[-2] if len(parts) > 1 else _NAMESPACE
    named = (namespace, model, tag or _TAG)
    if len(parts) > 3 or not _HOST_NAME.fullmatch(host) or not all(_NAME.fullmatch(part) for part in named):
        raise UnresolvedReferenceError(f"{ref}: is not the name of an Ollama model; give ollama:NAME[:TAG]")
    return _Name(host, namespace, model, tag or _TAG)


def _stores() -> Iterator[Path]:
    said = os.environ.get("OLLAMA_MODELS")
    if said:
        yield Path(said).expanduser()
        return
    yield Path("~/.ollama/models").expanduser()
    yield _SERVICE_STORE


def _others(stores: Sequence[Path], name: _Name) -> str:
    """The tags of the same model that the store has."""
    for store in stores:
        folder = (store / "manifests" / name.path).parent
        try:
            with os.scandir(folder) as entries:
                tags = sorted(entry.name for entry in islice(entries, 20) if _NAME.fullmatch(entry.name))
        except OSError:
            continue
        if tags:
            return f" (there is {name.model} with the tags {', '.join(tags)})"
    return ""


def _layers(store: Path, manifest: Path) -> dict[str, tuple[SourceFile, Path]]:
    """The blobs that a manifest names, checked against the store."""
    if manifest.stat().st_size > _MANIFEST_LIMIT:
        raise UnreadableFileError(f"{manifest}: is larger than any manifest; pull the model again")
    stated = parse_json_object(manifest.read_bytes(), str(manifest)).get("layers")
    if not isinstance(stated, list) or not 0 < len(stated) <= _LAYER_LIMIT:
        raise UnreadableFileError(f"{manifest}: lists no layers; pull the model again")
    layers: dict[str, tuple[SourceFile, Path]] = {}
    for layer in stated:
        kind = layer.get("mediaType") if isinstance(layer, dict) else None
        if isinstance(kind, str) and kind.removeprefix(_KIND) in _FILES:
            name = _unused(layers, *_FILES[kind.removeprefix(_KIND)])
            layers[name] = _blob(manifest, store, layer)
    if not any(name.endswith(".gguf") for name in layers):
        raise UnreadableFileError(f"{manifest}: names no weights; pull the model again")
    return layers


def _unused(taken: Mapping[str, object], start: str, end: str) -> str:
    name, number = start + end, 2
    while name in taken:
        name, number = f"{start}-{number}{end}", number + 1
    return name


def _blob(manifest: Path, store: Path, layer: Mapping[str, object]) -> tuple[SourceFile, Path]:
    """Find a layer's blob; its name is its sha256 and its size must be the one stated."""
    digest, size = layer.get("digest"), layer.get("size")
    found = _DIGEST.fullmatch(digest) if isinstance(digest, str) else None
    if found is None or type(size) is not int or size < 0:
        raise UnreadableFileError(f"{manifest}: a layer has no digest or size; pull the model again")
    for name in (f"sha256-{found[1]}", f"sha256:{found[1]}"):
        path = store / "blobs" / name
        if not path.is_file():
            continue
        status = path.stat()
        file = described(status, found[1])
        if file is None or not _is_inside(path, store):
            raise UnreadableFileError(f"{path}: is a link out of Ollama's store; pull the model again")
        if status.st_size != size:
            raise UnreadableFileError(
                f"{path}: has {status.st_size:,} bytes and not the {size:,} of its manifest; pull the model again"
            )
        return file, path
    raise UnreadableFileError(f"{manifest}: names blob {found[1][:12]}, which is not there; pull the model again")


def _is_inside(path: Path, store: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(store))
