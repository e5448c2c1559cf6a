"""A model inside a plain tar, as NeMo writes it (``.nemo``): its members are files, read where they stand.

Nothing is unpacked: a member is a range of the archive. A compressed archive has no such ranges and is not opened here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from lineage_audit.checkpoint.source.base import ByteRange, Source, SourceAround, SourceFile, read_range
from lineage_audit.errors import UnreadableFileError

_ARCHIVE = re.compile(r"[^/]+\.nemo", re.IGNORECASE)
_WEIGHTS = re.compile(r".+\.(safetensors|bin|pth?|ckpt|gguf|onnx)", re.IGNORECASE)
_BLOCK = 512
_MAGIC = slice(257, 262)
_REGULAR = b"0\0"
_MOST_MEMBERS = 10_000


def opened_archive(source: Source) -> Source:
    """The members of the one archive that a source holds beside no other weights; otherwise the source itself.

    Raises:
        UnreadableFileError: the archive is damaged.
    """
    archives = [name for name in source.files if _ARCHIVE.fullmatch(name)]
    if len(archives) != 1 or any(_WEIGHTS.fullmatch(name) for name in source.files):
        return source
    (archive,) = archives
    is_plain = source.files[archive].size >= _BLOCK and read_range(source, archive, 0, _BLOCK)[_MAGIC] == b"ustar"
    return ArchivedSource(source, archive, dict(_members(source, archive))) if is_plain else source


class ArchivedSource(SourceAround):
    """The files of a source, the archive among them replaced by its members."""

    def __init__(self, source: Source, archive: str, members: Mapping[str, ByteRange]) -> None:
        """Take the members as ranges of the archive."""
        super().__init__(source)
        beside = {name: file for name, file in source.files.items() if name != archive}
        inside = {name: SourceFile(place.stop - place.start) for name, place in members.items()}
        self.files = {**inside, **beside}
        self._members = {name: place for name, place in members.items() if name not in beside}

    def read_ranges(self, ranges: Sequence[ByteRange]) -> list[bytes]:
        """Read all ranges, those of members where they stand in the archive.

        Raises:
            UnreadableFileError: a range reaches beyond its member, or the file changed meanwhile.
        """
        return self._source.read_ranges([self._in_archive(wanted) for wanted in ranges])

    def _in_archive(self, wanted: ByteRange) -> ByteRange:
        place = self._members.get(wanted.file)
        if place is None:
            return wanted
        if wanted.stop > place.stop - place.start:
            raise UnreadableFileError(f"{wanted.file}: shorter than byte {wanted.stop:,}; fetch the archive again")
        return ByteRange(place.file, place.start + wanted.start, place.start + wanted.stop)


def _members(source: Source, archive: str) -> Iterator[tuple[str, ByteRange]]:
    """Every regular file of the archive and where it stands; links, folders and what leads outside are passed over."""
    size, position = source.files[archive].size, 0
    for _ in range(_MOST_MEMBERS):
        if position + _BLOCK > size:
            return
        header = read_range(source, archive, position, position + _BLOCK)
        if not header.strip(b"\0"):
            return
        length, start = _length(header, archive), position + _BLOCK
        if header[_MAGIC] != b"ustar" or start + length > size:
            raise UnreadableFileError(f"{archive}: is damaged or cut off at byte {position:,}; fetch it again")
        name = _name(header)
        if header[156:157] in (_REGULAR[:1], _REGULAR[1:]) and name is not None:
            yield name, ByteRange(archive, start, start + length)
        position = start + -(-length // _BLOCK) * _BLOCK
    raise UnreadableFileError(f"{archive}: holds more than {_MOST_MEMBERS:,} files; give the model alone")


def _length(header: bytes, archive: str) -> int:
    """Octal digits, or for what is too large for them a binary number behind a set bit."""
    field = header[124:136]
    if field[0] & 0x80:
        return int.from_bytes(field[4:], "big")
    digits = field.strip(b"\0 ")
    if not re.fullmatch(rb"[0-7]*", digits):
        raise UnreadableFileError(f"{archive}: a file in it has no length; fetch it again")
    return int(digits or b"0", 8)


def _name(header: bytes) -> str | None:
    """The member's name without a leading ``./``; None where it leads outside."""
    texts = (header[place].split(b"\0")[0].decode("utf-8", "replace") for place in (slice(345, 500), slice(0, 100)))
    path = PurePosixPath("/".join(filter(None, texts)))
    return None if path.is_absolute() or ".." in path.parts or path == PurePosixPath() else str(path)
