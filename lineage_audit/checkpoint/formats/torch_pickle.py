"""Tensors of PyTorch's ``.bin``, ``.pth`` and ``.pt`` files, found without running a pickle.

Both formats are read: the zip format and the one before it. Shared storages, views with offsets and strides,
and parameters are followed to the bytes. Of a training checkpoint only the weights are taken.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from lineage_audit.checkpoint.formats import torch_archive, torch_legacy
from lineage_audit.checkpoint.formats.byte_window import CHUNK
from lineage_audit.checkpoint.formats.pickle_machine import load_pickle
from lineage_audit.checkpoint.formats.pointer import refuse_pointer
from lineage_audit.checkpoint.formats.torch_globals import ALLOWED_GLOBALS
from lineage_audit.checkpoint.formats.torch_objects import (
    FOREIGN_BYTES,
    UnreadableTensor,
    View,
    element_bytes,
    storage_from_id,
)
from lineage_audit.checkpoint.source.base import Source, read_range
from lineage_audit.checkpoint.source.held import with_ends_held
from lineage_audit.checkpoint.source.witnessed import Witness
from lineage_audit.checkpoint.tensors import StoredTensor
from lineage_audit.errors import UnreadableFileError, UnsafeFileError, UnsupportedFormatError

WRAPPERS = ("model_state_dict", "state_dict", "model", "module", "net", "params", "ema")
"""Keys under which training programs put the weights, next to optimiser state and counters."""

_TENSOR_LIMIT = 200_000
_DEPTH_LIMIT = 16
_NAME_LIMIT = 512
_EXPANDED_LIMIT = 2**24
"""Elements that a view may have beyond what its file holds: a broadcast view repeats a few bytes at will."""

_FILES_AT_ONCE = 64

_Weight = View | UnreadableTensor
Span = tuple[int, int]
Places = tuple[Mapping[str, Span], Sequence[Witness]]
"""Storages by key -> (start, stop), and what must be read before their bytes are used."""


@dataclass(frozen=True, slots=True)
class FoundTensors:
    """Tensors in file order, and what must be read before their bytes are used."""

    tensors: tuple[StoredTensor, ...]
    witnesses: tuple[Witness, ...]


@dataclass(frozen=True, slots=True)
class _Saved:
    """What one file holds: the saved object, and how to find the bytes of its storages by their keys."""

    content: object
    locate: Callable[[Set[str]], Places]


def read_pytorch(source: Source, files: Sequence[str]) -> FoundTensors:
    """Find the tensors of PyTorch files; no weight is read.

    Returns:
        The tensors in file order; those that share bytes are all listed.

    Raises:
        UnsafeFileError: a pickle asks for anything but tensors, or a zip entry is compressed.
        UnreadableFileError: a file is damaged, truncated, a Git LFS pointer, or two files hold the same name.
        UnsupportedFormatError: TorchScript, the tar format of 2016, or sparse and quantised tensors.
    """
    tensors: dict[str, StoredTensor] = {}
    witnesses: list[Witness] = []
    for file, found in zip(files, read_pytorch_files(source, files), strict=True):
        for tensor in found.tensors:
            if tensor.name in tensors:
                held = tensors[tensor.name].file
                raise UnreadableFileError(f"{file}: holds {tensor.name!r}, which {held} also holds")
            tensors[tensor.name] = tensor
        witnesses += found.witnesses
    return FoundTensors(tuple(tensors.values()), tuple(witnesses))


def read_pytorch_files(source: Source, files: Sequence[str]) -> Iterator[FoundTensors]:
    """Find the tensors of PyTorch files, file by file; raises as :func:`read_pytorch`.

    A file begins with the zip format's pickle and ends with its directory; of remote files both are fetched together.
    """
    for first in range(0, len(files), _FILES_AT_ONCE):
        some = files[first : first + _FILES_AT_ONCE]
        held = with_ends_held(source, some, CHUNK)
        yield from (_read_file(held, file) for file in some)


def _read_file(source: Source, file: str) -> FoundTensors:
    start = read_range(source, file, 0, min(512, source.files[file].size))
    refuse_pointer(file, start)
    if start[257:262] == b"ustar":
        raise UnsupportedFormatError(
            f"{file}: is in PyTorch's tar format of 2016; load and save it with a newer PyTorch"
        )
    saved = _open_zip(source, file) if start.startswith(b"PK\x03\x04") else _open_legacy(source, file)
    weights = _weights(saved.content, file)
    spans, witnesses = saved.locate({weight.storage.key for _name, weight in weights if isinstance(weight, View)})
    tensors = tuple(_stored(name, weight, file, spans, source.files[file].size) for name, weight in weights)
    if not tensors:
        raise UnreadableFileError(f"{file}: holds no tensors by name; give the file with the model's state_dict")
    if source.is_local:
        _hear(source, witnesses)
        return FoundTensors(tensors, ())
    return FoundTensors(tensors, tuple(witnesses))


def _hear(source: Source, witnesses: Sequence[Witness]) -> None:
    """Check every place at once, where that costs no requests."""
    words = source.read_ranges([witness.words for witness in witnesses])
    for witness, said in zip(witnesses, words, strict=True):
        witness.check(said)


def _open_zip(source: Source, file: str) -> _Saved:
    archive = torch_archive.open_archive(source, file)
    pickle = io.BytesIO(torch_archive.read_pickle(source, archive))
    content = load_pickle(pickle, file, ALLOWED_GLOBALS, storage_from_id)

    def locate(keys: Set[str]) -> Places:
        presumed = torch_archive.presume_storages(archive, keys)
        return presumed or (torch_archive.locate_storages(source, archive, keys), ())

    return _Saved(content, locate)


def _open_legacy(source: Source, file: str) -> _Saved:
    legacy = torch_legacy.read_legacy(source, file)
    return _Saved(legacy.content, lambda _keys: torch_legacy.locate_storages(source, file, legacy))


def _weights(content: object, file: str) -> list[tuple[str, _Weight]]:
    """The named tensors of a saved object: those under the first wrapper that has any, else all."""
    if not isinstance(content, dict):
        kind = "one tensor" if isinstance(content, View) else "no dict"
        raise UnsupportedFormatError(f"{file}: holds {kind}, not tensors by name; give the model's state_dict")
    for wrapper in WRAPPERS:
        inner = content.get(wrapper)
        if isinstance(inner, dict) and (found := _flatten(inner, file)):
            return found
    return _flatten(content, file)


def _flatten(content: dict[object, object], file: str) -> list[tuple[str, _Weight]]:
    """Tensors of nested dicts in order, their keys joined by dots.

    A dict that is reached in several ways, or holds itself, is entered once.
    """
    found: list[tuple[str, _Weight]] = []
    entered = {id(content)}
    pending = [("", iter(content.items()))]
    while pending:
        prefix, items = pending[-1]
        for key, value in items:
            if isinstance(value, (View, UnreadableTensor)):
                found.append((_tensor_name(prefix, key, file), value))
            elif isinstance(value, dict) and id(value) not in entered and len(pending) < _DEPTH_LIMIT:
                entered.add(id(value))
                pending.append((_joined(prefix, key, file) + ".", iter(value.items())))
                break
        else:
            pending.pop()
        if len(found) > _TENSOR_LIMIT:
            raise UnsafeFileError(f"{file}: holds more than {_TENSOR_LIMIT:,} tensors, as no checkpoint does")
    return found


def _tensor_name(prefix: str, key: object, file: str) -> str:
    name = _joined(prefix, key, file)
    if not name.isprintable():
        raise UnsafeFileError(f"{file}: the tensor name {ascii(name)[:80]} cannot be printed; rename it")
    return name


def _joined(prefix: str, key: object, file: str) -> str:
    if isinstance(key, int) and abs(key) < 2**63:
        key = str(key)
    if not isinstance(key, str) or len(prefix) + len(key) > _NAME_LIMIT:
        raise UnsafeFileError(f"{file}: tensors are under a key that is no name or exceeds {_NAME_LIMIT} letters")
    return prefix + key


def _stored(name: str, weight: _Weight, file: str, spans: Mapping[str, Span], file_size: int) -> StoredTensor:
    """Follow a view to its bytes, checking that its storage covers it."""
    if isinstance(weight, UnreadableTensor):
        raise UnsupportedFormatError(f"{file}: {name!r} is {weight.kind} tensor, which is not read yet")
    if weight.dtype in FOREIGN_BYTES:
        raise UnsupportedFormatError(f"{file}: {name!r} has elements of type {weight.dtype}, which is not read yet")
    width = element_bytes(weight.dtype)
    storage_start, storage_stop = spans[weight.storage.key]
    start = storage_start + weight.storage.offset * element_bytes(weight.storage.dtype) + weight.offset * width
    size = math.prod(weight.shape)
    last = sum((length - 1) * stride for length, stride in zip(weight.shape, weight.strides, strict=True))
    stop = start + (last + 1) * width if size else start
    if stop > storage_stop:
        raise UnreadableFileError(f"{file}: {name!r} reaches beyond its storage; download the file again")
    if size > max(_EXPANDED_LIMIT, file_size):
        raise UnsafeFileError(
            f"{file}: {name!r} repeats a few bytes over {len(weight.shape)} huge dimensions; not read"
        )
    strides = None if _is_row_major(weight) else weight.strides
    return StoredTensor(name, weight.dtype, weight.shape, file, start, stop, strides)


def _is_row_major(view: View) -> bool:
    """Tell whether elements follow each other in the order of the indices."""
    if 0 in view.shape:
        return True
    expected = 1
    for length, stride in zip(reversed(view.shape), reversed(view.strides), strict=True):
        if length != 1 and stride != expected:
            return False
        expected *= length
    return True
