"""PyTorch's zip format (since 1.6): a pickle, and one uncompressed entry for every storage."""

from __future__ import annotations

import struct
import zipfile
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from msgspec import Struct

from lineage_audit.checkpoint.formats.byte_window import ByteWindow
from lineage_audit.checkpoint.source.base import METADATA_LIMIT, ByteRange, Source
from lineage_audit.checkpoint.source.place_checks import PlaceCheck, PresumedPlaces
from lineage_audit.errors import UnreadableFileError, UnsafeFileError, UnsupportedFormatError

_DIRECTORY_LIMIT = 16 * 2**20
"""Largest central directory in bytes, room for some 150,000 storages."""

_LOCAL_HEADER = struct.Struct("<4s5H3L2H")
_ENCRYPTED = 1
_DESCRIBED_BEHIND = 8
"""Flag of an entry whose sizes stand behind its data."""

_LARGE = 2**32 - 1
"""Size or place from which zip64 is used, which also makes what stands behind the data longer."""

_ALIGNMENT = 64
"""Storages begin at multiples of this."""


class Archive(Struct, frozen=True):
    """The directory of one zip file.

    Attributes:
        file: the file's name inside the repository.
        folder: the folder inside the zip in which everything lies.
        entries: entries by their name inside that folder.
        starts: where the entries' local headers begin, sorted, and last where the directory does.
    """

    file: str
    folder: str
    entries: Mapping[str, zipfile.ZipInfo]
    starts: Sequence[int]

    def limit(self, entry: zipfile.ZipInfo) -> int:
        """Where the next entry begins, or the directory: what this one holds must end before."""
        following = bisect_right(self.starts, entry.header_offset)
        if following == len(self.starts) or entry.header_offset < 0:
            raise _damaged(self, entry.filename)
        return self.starts[following]


def open_archive(source: Source, file: str) -> Archive:
    """Read the directory of a zip file and check that PyTorch wrote it.

    Raises:
        UnreadableFileError: truncated, damaged, or a zip of something else.
        UnsafeFileError: two entries of one name.
        UnsupportedFormatError: a TorchScript program.
    """
    try:
        with zipfile.ZipFile(ByteWindow(source, file, _DIRECTORY_LIMIT)) as archive:
            listed, directory = archive.infolist(), archive.start_dir
    except (
        zipfile.BadZipFile,
        ValueError,
        OverflowError,
        OSError,
        EOFError,
        NotImplementedError,
        struct.error,
    ):
        raise UnreadableFileError(f"{file}: its zip directory is missing or damaged; download it again") from None
    roots = [entry.filename for entry in listed if entry.filename.split("/")[1:] == ["data.pkl"]]
    if len(roots) != 1:
        raise UnreadableFileError(f"{file}: is a zip file, but not one that PyTorch wrote")
    folder = roots[0].removesuffix("data.pkl")
    entries = {entry.filename.removeprefix(folder): entry for entry in listed if entry.filename.startswith(folder)}
    if len({entry.filename for entry in listed}) != len(listed):
        raise UnsafeFileError(f"{file}: its zip directory names one entry twice, so readers disagree on what it holds")
    if "constants.pkl" in entries or any(name.startswith("code/") for name in entries):
        raise UnsupportedFormatError(f"{file}: is a TorchScript program, not a checkpoint; save its state_dict instead")
    return Archive(file, folder, entries, [*sorted(entry.header_offset for entry in listed), directory])


def read_pickle(source: Source, archive: Archive) -> bytes:
    """Read the pickle that describes the tensors.

    Raises:
        UnreadableFileError: it is larger than any real one, or outside the file.
        UnsupportedFormatError: the file says that its numbers are big-endian.
    """
    size = archive.entries["data.pkl"].file_size
    if size > METADATA_LIMIT:
        raise UnreadableFileError(
            f"{archive.file}: its pickle has {size:,} bytes, more than the {METADATA_LIMIT:,} that are read"
        )
    names = [name for name in ("data.pkl", "byteorder") if name in archive.entries]
    pickle, *order = _read_entries(source, archive, names)
    if order not in ([], [b"little"]):
        raise UnsupportedFormatError(f"{archive.file}: was written big-endian; save it again on a common machine")
    return pickle


def locate_storages(source: Source, archive: Archive, keys: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Find the bytes of storages: key -> (start, stop) in the file.

    The directory says where an entry's local header is; the header, how long it is itself.

    Raises:
        UnreadableFileError: an entry is missing, lies outside the file or over another, or its two headers disagree.
        UnsafeFileError: an entry is compressed or encrypted.
    """
    found = {key: _stored_entry(archive, f"data/{key}") for key in keys}
    headers = source.read_ranges(
        [ByteRange(archive.file, entry.header_offset, _data_floor(archive, entry)) for entry in found.values()]
    )
    return {key: _span(archive, entry, header) for (key, entry), header in zip(found.items(), headers, strict=True)}


def presume_storages(archive: Archive, keys: Iterable[str]) -> PresumedPlaces | None:
    """Tell from the directory alone where storages are, if they are laid out as PyTorch does.

    Returns:
        Key -> (start, stop) in the file, and the local headers as what must be checked before the bytes are
        used; or None where any storage is not where PyTorch would have put it.

    Raises:
        UnreadableFileError: an entry is missing, lies outside the file or over another.
        UnsafeFileError: an entry is compressed or encrypted.
    """
    spans: dict[str, tuple[int, int]] = {}
    place_checks = []
    for key in keys:
        entry = _stored_entry(archive, f"data/{key}")
        start, stop = spans[key] = _presumed_span(archive, entry)
        if start % _ALIGNMENT or not 0 <= start - _data_floor(archive, entry) < 2**16:
            return None
        words = ByteRange(archive.file, entry.header_offset, start)
        check = partial(_require_span, archive, entry, (start, stop))
        place_checks.append(PlaceCheck(ByteRange(archive.file, start, stop), words, check))
    return spans, place_checks


def _presumed_span(archive: Archive, entry: zipfile.ZipInfo) -> tuple[int, int]:
    """Where an entry's data must be if its end, with the sizes behind it, meets the next entry."""
    is_large = entry.file_size >= _LARGE or entry.header_offset >= _LARGE
    behind = (24 if is_large else 16) if entry.flag_bits & _DESCRIBED_BEHIND else 0
    stop = archive.limit(entry) - behind
    return stop - entry.file_size, stop


def _require_span(archive: Archive, entry: zipfile.ZipInfo, presumed: tuple[int, int], header: bytes) -> None:
    if _span(archive, entry, header) != presumed:
        raise _damaged(archive, entry.filename)


def _read_entries(source: Source, archive: Archive, names: Iterable[str]) -> list[bytes]:
    """Read small entries whole, each with its local header; neighbours share a request.

    Raises:
        LineageAuditError: as :func:`locate_storages`.
    """
    entries = [_stored_entry(archive, name) for name in names]
    ranges = []
    for entry in entries:
        longest = _data_floor(archive, entry) + 2**16 + entry.file_size
        ranges.append(ByteRange(archive.file, entry.header_offset, min(longest, archive.limit(entry))))
    contents = []
    for entry, data in zip(entries, source.read_ranges(ranges), strict=True):
        start, stop = _span(archive, entry, data)
        contents.append(data[start - entry.header_offset : stop - entry.header_offset])
    return contents


def _stored_entry(archive: Archive, name: str) -> zipfile.ZipInfo:
    entry = archive.entries.get(name)
    if entry is None:
        raise UnreadableFileError(f"{archive.file}: lacks the entry {ascii(name)[:80]}; download it again")
    plain = entry.compress_type == zipfile.ZIP_STORED and entry.compress_size == entry.file_size
    if not plain or entry.flag_bits & _ENCRYPTED:
        raise UnsafeFileError(
            f"{archive.file}: its entry {ascii(name)[:80]} is compressed or encrypted; save it with PyTorch"
        )
    return entry


def _data_floor(archive: Archive, entry: zipfile.ZipInfo) -> int:
    """First byte at which an entry's data can begin: behind the local header's fixed part and the name.

    Raises:
        UnreadableFileError: the data would reach into the next entry.
    """
    floor = entry.header_offset + _LOCAL_HEADER.size + len(entry.filename.encode())
    if floor + entry.file_size > archive.limit(entry):
        raise _damaged(archive, entry.filename)
    return floor


def _span(archive: Archive, entry: zipfile.ZipInfo, header: bytes) -> tuple[int, int]:
    """Where an entry's data are as its local header says, which ``header`` begins with."""
    signature, _version, flags, method, _time, _date, _crc, *sizes, name_length, extra_length = (
        _LOCAL_HEADER.unpack_from(header)
    )
    name = header[_LOCAL_HEADER.size : _LOCAL_HEADER.size + name_length]
    start = entry.header_offset + _LOCAL_HEADER.size + name_length + extra_length
    stop = start + entry.file_size
    agrees = signature == b"PK\x03\x04" and name == entry.filename.encode() and method == zipfile.ZIP_STORED
    plain = not flags & _ENCRYPTED and all(size in (0, _LARGE, entry.file_size) for size in sizes)
    if not agrees or not plain or stop > archive.limit(entry):
        raise _damaged(archive, entry.filename)
    return start, stop


def _damaged(archive: Archive, name: str) -> UnreadableFileError:
    return UnreadableFileError(f"{archive.file}: its entry {ascii(name)[:80]} is damaged; download the file again")
