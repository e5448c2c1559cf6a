"""Distributed checkpoints of PyTorch (``.metadata`` and ``__0_0.distcp``), read where they stand.

``.metadata`` is a pickle that says which tensors there are, in which pieces, and where each piece stands; it is
interpreted by the project's own machine, which executes nothing. Every piece is a PyTorch file of one tensor inside a
``.distcp`` file. A tensor in several pieces is put together as its rows are read.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from msgspec import Struct
from msgspec.structs import replace

from lineage_audit.checkpoint.formats.distcp_pieces import Piece, joined_pieces, pieces_by_layer
from lineage_audit.checkpoint.formats.pickle_machine import Construct, Global, Inert, Record, load_pickle
from lineage_audit.checkpoint.formats.torch_globals import ALLOWED_GLOBALS
from lineage_audit.checkpoint.formats.torch_objects import Dtype, Storage, View, count, counts
from lineage_audit.checkpoint.formats.torch_pickle import FoundTensors, read_tensor, saved_arguments
from lineage_audit.checkpoint.formats.weight_sets import choose_set
from lineage_audit.checkpoint.source.archived import ArchivedSource
from lineage_audit.checkpoint.source.base import ByteRange, Source, read_whole
from lineage_audit.checkpoint.source.model_files import DISTRIBUTED, UNDIVIDED
from lineage_audit.checkpoint.tensors import StoredTensor
from lineage_audit.errors import UnreadableFileError, UnsupportedFormatError

_ALL_LAYERS = "layers."
"""What stands before a layer's number, and in Megatron's before no number: there one tensor is that of all layers."""

_DEEPEST = 16
_MODULE = "torch.distributed.checkpoint."
_CLASSES: Mapping[str, str] = {
    _MODULE + "metadata": "Metadata TensorStorageMetadata BytesStorageMetadata ChunkStorageMetadata TensorProperties "
    "MetadataIndex StorageMeta _MEM_FORMAT_ENCODING",
    _MODULE + "filesystem": "_StorageInfo",
}
"""Classes whose attributes are looked at, by module."""

_PLANNED = "SavePlan WriteItem WriteItemType TensorWriteData BytesIOWriteData"
"""Classes of ``planner`` that say how it was saved, which is of no interest."""


class _Saved(Struct, frozen=True):
    """What the metadata say.

    Attributes:
        tensors: every tensor as one view, by its whole name.
        paths: the keys that lead to it in what was saved.
        pieces: for each tensor its pieces: the first element of each, and its bytes.
    """

    tensors: Mapping[str, View]
    paths: Mapping[str, tuple[str, ...]]
    pieces: Mapping[str, Mapping[tuple[int, ...], ByteRange]]


def read_distcp(source: Source, wanted: str | None) -> FoundTensors:
    """Find the tensors of a distributed checkpoint; no weight is read.

    Args:
        source: where it is.
        wanted: the name of the set of weights that is read, where it holds several.

    Raises:
        UnsafeFileError: its pickle asks for anything but what describes tensors.
        UnreadableFileError: it is damaged, or a file that it names is missing.
        UnsupportedFormatError: pieces that are compressed, or cut along more than rows and columns.
    """
    saved = _saved(source)
    chosen = choose_set(_nested(saved), DISTRIBUTED, lambda content: list(_flattened(content, "")), wanted)
    views = [(name, weight) for name, weight in chosen.weights if isinstance(weight, View)]
    tensors = tuple(
        tensor for name, view in views for tensor in _stored(source, name, view, saved.pieces.get(view.storage.key, {}))
    )
    if not tensors:
        raise UnreadableFileError(f"{DISTRIBUTED}: speaks of no tensors; give another checkpoint")
    return FoundTensors(tensors, (), chosen.left_out)


def arguments_beside(source: Source) -> Mapping[str, object]:
    """What the training was told, where Megatron saved that beside the pieces; otherwise nothing.

    Raises:
        LineageAuditError: the file is damaged or unsafe.
    """
    return saved_arguments(source, UNDIVIDED) if UNDIVIDED in source.files else {}


def _saved(source: Source) -> _Saved:
    """Interpret the metadata."""
    content = load_pickle(io.BytesIO(read_whole(source, DISTRIBUTED)), DISTRIBUTED, _allowed())
    try:
        stated = _attributes(content)
        described = [(str(name), one) for name, one in _mapping(stated, "state_dict_metadata").items()]
        tensors = {name: view for name, one in described if (view := _view(name, one)) is not None}
        paths = {name: _path(name, path) for name, path in _mapping(stated, "planner_data").items() if name in tensors}
        return _Saved(tensors, paths, dict(_pieces(source, _mapping(stated, "storage_data"))))
    except ValueError as error:
        raise UnreadableFileError(f"{DISTRIBUTED}: {error}; save the checkpoint again") from None


def _allowed() -> dict[str, Construct]:
    records = {f"{module} {name}": _record(name) for module, names in _CLASSES.items() for name in names.split()}
    planned = {f"{_MODULE}planner {name}": _inert for name in _PLANNED.split()}
    return {**ALLOWED_GLOBALS, **planned, **records}


def _inert(_arguments: tuple[object, ...]) -> Inert:
    return Inert("plan")


def _record(kind: str) -> Construct:
    return lambda _arguments: Record(kind)


def _attributes(value: object) -> Mapping[object, object]:
    """What a record holds.

    Raises:
        ValueError: it is none, or holds nothing.
    """
    if not isinstance(value, Record) or not isinstance(value.state, dict):
        raise ValueError("is not what PyTorch writes")
    return value.state


def _mapping(stated: Mapping[object, object], name: str) -> Mapping[object, object]:
    value = stated.get(name)
    return value if isinstance(value, dict) else {}


def _view(name: str, described: object) -> View | None:
    """A tensor as one row-major view of a storage that goes by its name; None for what is no tensor."""
    if not isinstance(described, Record) or described.kind != "TensorStorageMetadata":
        return None
    stated = _attributes(described)
    shape, strides, size = counts(stated.get("size")), list[int](), 1
    for length in reversed(shape):
        strides.insert(0, size)
        size *= max(1, length)
    return View(Storage(name, "U8", 0), _dtype(stated.get("properties")), 0, shape, tuple(strides))


def _dtype(properties: object) -> str:
    """The element type of a tensor, which stands first in what the properties are saved as."""
    state = properties.state if isinstance(properties, Record) else None
    first = state[0] if isinstance(state, tuple) and state else state.get("dtype") if isinstance(state, dict) else None
    dtype = first.construct(()) if isinstance(first, Global) else None
    if not isinstance(dtype, Dtype):
        raise ValueError("a tensor has no element type")
    return dtype.name


def _path(name: object, path: object) -> tuple[str, ...]:
    keys = path if isinstance(path, tuple) and 0 < len(path) <= _DEEPEST else (name,)
    return tuple(str(key) for key in keys)


def _pieces(
    source: Source, stated: Mapping[object, object]
) -> Iterator[tuple[str, Mapping[tuple[int, ...], ByteRange]]]:
    """Where the pieces of every tensor stand."""
    found: dict[str, dict[tuple[int, ...], ByteRange]] = {}
    for key, place in stated.items():
        index, where = _attributes(key), _attributes(place)
        name, offset = index.get("fqn"), index.get("offset")
        if isinstance(name, str) and offset is not None:
            found.setdefault(name, {})[counts(offset)] = _bytes(source, where)
    yield from found.items()


def _bytes(source: Source, where: Mapping[object, object]) -> ByteRange:
    file, start, length = where.get("relative_path"), count(where.get("offset")), count(where.get("length"))
    if not isinstance(file, str) or PurePosixPath(file).is_absolute() or ".." in PurePosixPath(file).parts:
        raise ValueError("names a file outside the checkpoint")
    if file not in source.files:
        raise ValueError(f"names {file[:80]!r}, which is not here")
    if start + length > source.files[file].size:
        raise ValueError(f"{file[:80]!r} is shorter than it says")
    if where.get("transform_descriptors"):
        raise UnsupportedFormatError(f"{DISTRIBUTED}: its pieces are compressed; join them with dcp_to_torch_save")
    return ByteRange(file, start, start + length)


def _nested(saved: _Saved) -> dict[object, object]:
    """The tensors under the keys under which they were saved; what holds one dictionary alone is that dictionary."""
    content: dict[object, object] = {}
    for name, view in saved.tensors.items():
        *keys, last = saved.paths.get(name, (name,))
        inner = content
        for key in keys:
            below = inner.setdefault(key, {})
            if not isinstance(below, dict):
                raise UnreadableFileError(f"{DISTRIBUTED}: {key[:80]!r} is both a tensor and a dictionary")
            inner = below
        inner[last] = view
    while len(content) == 1 and isinstance(below := next(iter(content.values())), dict) and _has_dicts(below):
        content = below
    return content


def _has_dicts(content: Mapping[object, object]) -> bool:
    return any(isinstance(value, dict) for value in content.values())


def _flattened(content: Mapping[object, object], prefix: str) -> Iterator[tuple[str, View]]:
    for key, value in content.items():
        if isinstance(value, dict):
            yield from _flattened(value, f"{prefix}{key}.")
        elif isinstance(value, View):
            yield f"{prefix}{key}", value


def _stored(
    source: Source, name: str, view: View, places: Mapping[tuple[int, ...], ByteRange]
) -> Iterator[StoredTensor]:
    """A tensor, read from the files of its pieces, each a file inside a file; of a stack of layers every layer's."""
    members = {f"{name[:80]} at {offset}": place for offset, place in places.items()}
    archive = ArchivedSource(source, DISTRIBUTED, members)
    pieces = [
        Piece(offset, read_tensor(archive, member, places[offset]))
        for member, offset in zip(members, places, strict=True)
    ]
    before, is_stack, inside = name.partition(_ALL_LAYERS)
    layers = pieces_by_layer(view.shape, pieces) if is_stack and UNDIVIDED in source.files and view.shape else None
    if layers is None or inside[:1].isdigit():
        yield joined_pieces(name, view, pieces)
        return
    for number, of_one in enumerate(layers):
        yield joined_pieces(f"{before}{_ALL_LAYERS}{number}.{inside}", replace(view, shape=view.shape[1:]), of_one)
