"""PyTorch's zip format (since 1.6): a pickle, and one uncompressed entry for every storage."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lineage_audit.checkpoint.formats.byte_window import ByteWindow
from lineage_audit.checkpoint.source.base import METADATA_LIMIT, ByteRange, Source
from lineage_audit.errors import UnreadableFileError, UnsafeFileError, UnsupportedFormatError

DIRECTORY_LIMIT = 16 * 2**20
"""Largest central directory in bytes, room for some 150,000 storages."""

_LOCAL_HEADER = struct.Struct("<4s5H3L2H")
_ENCRYPTED = 1


@dataclass(frozen=True, slots=True)
class Archive:
    """The directory of one zip file.

    Attributes:
        file: the file's name inside the repository.
        folder: the folder inside the zip in which everything lies.
        entries: entries by their name inside that folder.
    """

    file: str
    folder: str
    entries: Mapping[str, zipfile.ZipInfo]


def open_archive(source: Source, file: str) -> Archive:
    """Read the directory of a zip file and check that PyTorch wrote it.

    Raises:
        UnreadableFileError: truncated, damaged, or a zip of something else.
        UnsafeFileError: two entries of one name.
        UnsupportedFormatError: a TorchScript program.
    """
    try:
        with zipfile.ZipFile(ByteWindow(source, file, DIRECTORY_LIMIT)) as archive:
            listed = archive.infolist()
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
    return Archive(file, folder, entries)


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
    spans = locate(source, archive, [name for name in ("data.pkl", "byteorder") if name in archive.entries])
    order_start, order_stop = spans.get("byteorder", (0, 0))
    pickle, order = source.read_ranges(
        [
            ByteRange(archive.file, *spans["data.pkl"]),
            ByteRange(archive.file, order_start, min(order_stop, order_start + len("little"))),
        ]
    )
    if order not in (b"", b"little"):
        raise UnsupportedFormatError(f"{archive.file}: was written big-endian; save it again on a common machine")
    return pickle


def locate_storages(source: Source, archive: Archive, keys: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Find the bytes of storages: key -> (start, stop) in the file."""
    spans = locate(source, archive, [f"data/{key}" for key in keys])
    return {name.removeprefix("data/"): span for name, span in spans.items()}


def locate(source: Source, archive: Archive, names: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Find the bytes of entries: name -> (start, stop) in the file.

    The directory says where an entry's local header is; the header, how long it is itself.

    Raises:
        UnreadableFileError: an entry is missing, lies outside the file, or its two headers disagree.
        UnsafeFileError: an entry is compressed or encrypted.
    """
    found = {name: _stored_entry(archive, name) for name in names}
    size = source.files[archive.file].size
    wanted = []
    for entry in found.values():
        stop = entry.header_offset + _LOCAL_HEADER.size + len(entry.filename.encode())
        if not 0 <= entry.header_offset < stop <= size:
            raise _damaged(archive, entry.filename)
        wanted.append(ByteRange(archive.file, entry.header_offset, stop))
    headers = source.read_ranges(wanted)
    return {
        name: _span(archive, entry, header, size) for (name, entry), header in zip(found.items(), headers, strict=True)
    }


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


def _span(archive: Archive, entry: zipfile.ZipInfo, header: bytes, size: int) -> tuple[int, int]:
    signature, *_numbers, name_length, extra_length = _LOCAL_HEADER.unpack_from(header)
    name = header[_LOCAL_HEADER.size :]
    start = entry.header_offset + _LOCAL_HEADER.size + name_length + extra_length
    if signature != b"PK\x03\x04" or name != entry.filename.encode() or name_length != len(name):
        raise _damaged(archive, entry.filename)
    if start + entry.file_size > size:
        raise _damaged(archive, entry.filename)
    return start, start + entry.file_size


def _damaged(archive: Archive, name: str) -> UnreadableFileError:
    return UnreadableFileError(f"{archive.file}: its entry {ascii(name)[:80]} is damaged; download the file again")
