"""PyTorch's format before 1.6: five pickles in a row, then every storage as a count and its elements."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import IO, cast

from msgspec import Struct

from lineage_audit.checkpoint.formats.byte_window import ByteWindow
from lineage_audit.checkpoint.formats.pickle_machine import load_pickle
from lineage_audit.checkpoint.formats.torch_globals import ALLOWED_GLOBALS
from lineage_audit.checkpoint.formats.torch_objects import Storage, element_bytes, storage_from_id
from lineage_audit.checkpoint.source.base import METADATA_LIMIT, ByteRange, Source
from lineage_audit.checkpoint.source.place_checks import PlaceCheck, PresumedPlaces
from lineage_audit.errors import UnreadableFileError, UnsafeFileError, UnsupportedFormatError

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_COUNT_BYTES = 8


class _LegacyFile(Struct, frozen=True):
    """What the pickles of one file say.

    Attributes:
        content: the object that was saved.
        storages: every storage that it mentions, by key.
        order: keys in the order in which the data follow.
        data_start: first byte behind the pickles.
    """

    content: object
    storages: Mapping[str, Storage]
    order: tuple[str, ...]
    data_start: int


def read_legacy(source: Source, file: str) -> _LegacyFile:
    """Interpret the five pickles: magic number, protocol, system, the object, the order of the storages.

    Raises:
        UnreadableFileError: truncated, damaged, or not written by PyTorch.
        UnsafeFileError: a pickle asks for anything but tensors.
        UnsupportedFormatError: written on a big-endian machine.
    """
    stream = cast("IO[bytes]", ByteWindow(source, file, METADATA_LIMIT))
    storages: dict[str, Storage] = {}

    def remember(identity: tuple[object, ...]) -> object:
        storage = storage_from_id(identity)
        known = storages.setdefault(storage.key, storage)
        if (known.dtype, known.size) != (storage.dtype, storage.size):
            raise ValueError("a storage is described in two ways")
        return storage

    if not _starts_with_magic(stream, file):
        raise UnreadableFileError(f"{file}: is not a PyTorch checkpoint, or is damaged; give another file")
    system = load_pickle(stream, file, {})
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise UnsupportedFormatError(f"{file}: was not written on a little-endian machine; save it again on one")
    content = load_pickle(stream, file, ALLOWED_GLOBALS, remember)
    order = load_pickle(stream, file, {})
    keys = tuple(key for key in order if isinstance(key, str)) if isinstance(order, list) else ()
    if set(keys) != set(storages) or len(keys) != len(storages):
        raise UnreadableFileError(f"{file}: its list of storages is damaged; download the file again")
    return _LegacyFile(content, storages, keys, stream.tell())


def _starts_with_magic(stream: IO[bytes], file: str) -> bool:
    """Read the first two pickles; a file that is no pickle at all has no magic number either."""
    try:
        return load_pickle(stream, file, ALLOWED_GLOBALS) == _MAGIC and load_pickle(stream, file, {}) == _PROTOCOL
    except UnsafeFileError:
        raise
    except UnreadableFileError:
        return False


def locate_storages(source: Source, file: str, legacy: _LegacyFile) -> PresumedPlaces:
    """Find the bytes of storages where they must be if the pickle tells the truth.

    Returns:
        Key -> (start, stop) in the file; and what confirms it: the numbers of elements that stand before the storages,
        which must agree with the pickle.

    Raises:
        UnreadableFileError: the file is too short.
    """
    spans: dict[str, tuple[int, int]] = {}
    place_checks = []
    position = legacy.data_start
    for key in legacy.order:
        storage = legacy.storages[key]
        start = position + _COUNT_BYTES
        position = start + storage.size * element_bytes(storage.dtype)
        spans[key] = (start, position)
        words, check = ByteRange(file, start - _COUNT_BYTES, start), partial(_require_count, file, storage.size)
        place_checks.append(PlaceCheck(ByteRange(file, start, position), words, check))
    if position > source.files[file].size:
        raise UnreadableFileError(f"{file}: is cut short; download it again")
    return spans, place_checks


def _require_count(file: str, size: int, count: bytes) -> None:
    if int.from_bytes(count, "little", signed=True) != size:
        raise UnreadableFileError(f"{file}: a storage is not where its pickle says; download the file again")
