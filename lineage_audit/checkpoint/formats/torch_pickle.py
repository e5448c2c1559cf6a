"""Tensors of PyTorch's ``.bin``, ``.pth`` and ``.pt`` files, found without running a pickle.

Both formats are read: the zip format and the one before it. Shared storages, views with offsets and strides,
and parameters are followed to the bytes. Of a training checkpoint only the weights are taken.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Set

from msgspec import Struct
from msgspec.structs import replace

from lineage_audit.checkpoint.formats import torch_archive, torch_legacy
from lineage_audit.checkpoint.formats.byte_window import CHUNK
from lineage_audit.checkpoint.formats.pickle_machine import Record, load_pickle
from lineage_audit.checkpoint.formats.pointer import refuse_pointer
from lineage_audit.checkpoint.formats.torch_globals import ALLOWED_GLOBALS
from lineage_audit.checkpoint.formats.torch_objects import (
    FOREIGN_BYTES,
    UnreadableTensor,
    View,
    element_bytes,
    storage_from_id,
)
from lineage_audit.checkpoint.formats.weight_sets import ChosenSet, NamedWeights, Weight, choose_set
from lineage_audit.checkpoint.left_out import LeftOut
from lineage_audit.checkpoint.source.base import ByteRange, Source, read_range
from lineage_audit.checkpoint.source.held import with_ends_held
from lineage_audit.checkpoint.source.place_checks import PlaceCheck
from lineage_audit.checkpoint.tensors import StoredTensor
from lineage_audit.errors import TwoModelsError, UnreadableFileError, UnsafeFileError, UnsupportedFormatError

_TENSOR_LIMIT = 200_000
_DEPTH_LIMIT = 16
_NAME_LIMIT = 512
_EXPANDED_LIMIT = 2**24
"""Elements that a view may have beyond what its file holds: a broadcast view repeats a few bytes at will."""

_FILES_AT_ONCE = 64
_FLAT = re.compile(r"(^|\.)_?(fsdp_)?flat_param|fp32_flat_groups|single_partition_of_fp32_groups")

_Span = tuple[int, int]
Places = tuple[Mapping[str, _Span], Sequence[PlaceCheck]]
"""Storages by key -> (start, stop), and what must be read before their bytes are used."""


class FoundTensors(Struct, frozen=True):
    """Tensors in file order, what must be read before their bytes are used, and sets of weights that were not read."""

    tensors: tuple[StoredTensor, ...]
    place_checks: tuple[PlaceCheck, ...]
    left_out: tuple[LeftOut, ...] = ()


class _Saved(Struct, frozen=True):
    """What one file holds: the saved object, and how to find the bytes of its storages by their keys."""

    content: object
    locate: Callable[[Set[str]], Places]


def read_pytorch(
    source: Source, files: Sequence[str], named: Mapping[str, str] | None = None, wanted: str | None = None
) -> FoundTensors:
    """Find the tensors of PyTorch files; no weight is read.

    Args:
        source: where they are.
        files: in order.
        named: tensor name -> shard, as an index says: of a name that stands in several shards, that one is meant.
        wanted: the name of the set of weights that is read, where a file holds several.

    Returns:
        The tensors in file order; those that share bytes are all listed.

    Raises:
        UnsafeFileError: a pickle asks for anything but tensors, or a zip entry is compressed.
        TwoModelsError: two files hold the same name, and no index says which is meant.
        UnreadableFileError: a file is damaged, truncated, or a Git LFS pointer.
        UnsupportedFormatError: TorchScript, the tar format of 2016, or sparse and quantised tensors.
    """
    tensors: dict[str, StoredTensor] = {}
    place_checks: list[PlaceCheck] = []
    left_out: list[LeftOut] = []
    for file, found in zip(files, read_pytorch_files(source, files, wanted), strict=True):
        for tensor in found.tensors:
            held, meant = tensors.get(tensor.name), (named or {}).get(tensor.name)
            if held is not None and meant not in (file, held.file):
                raise TwoModelsError(f"{file}: holds {tensor.name!r}, and so does {held.file}; give one of them")
            if held is None or meant == file:
                tensors[tensor.name] = tensor
        place_checks += found.place_checks
        left_out += found.left_out
    return FoundTensors(tuple(tensors.values()), tuple(place_checks), tuple(left_out))


def read_pytorch_files(source: Source, files: Sequence[str], wanted: str | None = None) -> Iterator[FoundTensors]:
    """Find the tensors of PyTorch files, file by file; raises as :func:`read_pytorch`.

    A file begins with the zip format's pickle and ends with its directory; of remote files both are fetched together.
    """
    for first in range(0, len(files), _FILES_AT_ONCE):
        some = files[first : first + _FILES_AT_ONCE]
        held = with_ends_held(source, some, CHUNK)
        yield from (_read_file(held, file, wanted) for file in some)


def _open(source: Source, file: str) -> _Saved:
    start = read_range(source, file, 0, min(512, source.files[file].size))
    refuse_pointer(file, start)
    if start[257:262] == b"ustar":
        raise UnsupportedFormatError(
            f"{file}: is in PyTorch's tar format of 2016; load and save it with a newer PyTorch"
        )
    return _open_zip(source, file) if start.startswith(b"PK\x03\x04") else _open_legacy(source, file)


def _read_file(source: Source, file: str, wanted: str | None) -> FoundTensors:
    saved = _open(source, file)
    chosen = _weights(saved.content, file, wanted)
    weights = chosen.weights
    _refuse_flattened(weights, file)
    spans, place_checks = saved.locate({weight.storage.key for _name, weight in weights if isinstance(weight, View)})
    tensors = tuple(_stored(name, weight, file, spans, source.files[file].size) for name, weight in weights)
    if not tensors:
        raise UnreadableFileError(f"{file}: holds no tensors by name; give the file with the model's state_dict")
    if source.is_local:
        _check_places(source, place_checks)
        return FoundTensors(tensors, (), chosen.left_out)
    return FoundTensors(tensors, tuple(place_checks), chosen.left_out)


def saved_arguments(source: Source, file: str) -> Mapping[str, object]:
    """What a training program was told, where it saved that as ``args``; otherwise nothing.

    Raises:
        LineageAuditError: as :func:`read_pytorch`.
    """
    content = _open(source, file).content
    arguments = content.get("args") if isinstance(content, dict) else None
    state = arguments.state if isinstance(arguments, Record) else None
    return {key: value for key, value in state.items() if isinstance(key, str)} if isinstance(state, dict) else {}


def read_tensor(source: Source, file: str, place: ByteRange) -> StoredTensor:
    """Find the one tensor that a file inside another file holds.

    Args:
        source: where the inner file goes by a name of its own.
        file: that name.
        place: where it stands in the outer file.

    Raises:
        LineageAuditError: as :func:`read_pytorch`; or it holds something else.
    """
    saved = _open_zip(source, file)
    if not isinstance(saved.content, View):
        raise UnreadableFileError(f"{file}: holds something else than a tensor; save the checkpoint again")
    spans, place_checks = saved.locate({saved.content.storage.key})
    _check_places(source, place_checks)
    stored = _stored(file, saved.content, file, spans, source.files[file].size)
    return replace(stored, file=place.file, start=place.start + stored.start, stop=place.start + stored.stop)


def _refuse_flattened(weights: NamedWeights, file: str) -> None:
    """Raise for parameters that a sharding trainer laid end to end: which weight is where is not in the file."""
    flat = next((name for name, _ in weights if _FLAT.search(name)), None)
    if flat is not None:
        raise UnsupportedFormatError(
            f"{file}: {flat[:80]!r} holds parameters laid end to end by FSDP or DeepSpeed; "
            "give the checkpoint of the whole model (full_state_dict, zero_to_fp32.py)"
        )


def _check_places(source: Source, place_checks: Sequence[PlaceCheck]) -> None:
    """Check every place at once, where that costs no requests."""
    proofs = source.read_ranges([one.proof for one in place_checks])
    for one, said in zip(place_checks, proofs, strict=True):
        one.check(said)


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


def _weights(content: object, file: str, wanted: str | None) -> ChosenSet:
    """The named tensors of a saved object."""
    if not isinstance(content, dict):
        kind = "one tensor" if isinstance(content, View) else "no dict"
        raise UnsupportedFormatError(f"{file}: holds {kind}, not tensors by name; give the model's state_dict")
    return choose_set(content, file, lambda inner: _flatten(inner, file), wanted)


def _flatten(content: dict[object, object], file: str) -> NamedWeights:
    """Tensors of nested dicts in order, their keys joined by dots.

    A dict that is reached in several ways, or holds itself, is entered once.
    """
    found: NamedWeights = []
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


def _stored(name: str, weight: Weight, file: str, spans: Mapping[str, _Span], file_size: int) -> StoredTensor:
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
