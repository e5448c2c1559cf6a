"""The files of several models as those of one: the base's under their own names, the others' under a number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lineage_audit.checkpoint.source.base import ByteRange, Source, SourceFile
from lineage_audit.checkpoint.tensors import StoredTensor


class ComposedSource:
    """Files of a base and of what is put on it; those added are named ``+1/<name>``, the next time ``+2/<name>``."""

    def __init__(self, base: Source, added: Source, mark: str) -> None:
        self.ref = f"{base.ref}+{added.ref}"
        revisions = [one.revision for one in (base, added)]
        self.revision = "+".join(revision or "" for revision in revisions) if any(revisions) else None
        self.is_local = base.is_local and added.is_local
        self.files: Mapping[str, SourceFile] = {
            **base.files,
            **{mark + name: described for name, described in added.files.items()},
        }
        self._mark = mark
        self._base = base
        self._added = added

    @property
    def bytes_read(self) -> int:
        """Bytes read from both."""
        return self._base.bytes_read + self._added.bytes_read

    def read_ranges(self, ranges: Sequence[ByteRange]) -> list[bytes]:
        """Read all ranges, in the order given; one that is asked for many times, as a factor is, is read once."""
        added = list(dict.fromkeys(wanted for wanted in ranges if wanted.file.startswith(self._mark)))
        held = dict(zip(added, self._added.read_ranges([self._outside(wanted) for wanted in added]), strict=True))
        base = iter(self._base.read_ranges([wanted for wanted in ranges if wanted not in held]))
        return [held[wanted] if wanted in held else next(base) for wanted in ranges]

    def _outside(self, wanted: ByteRange) -> ByteRange:
        """The range as the added source names its file."""
        return ByteRange(wanted.file.removeprefix(self._mark), wanted.start, wanted.stop)


def mark_of(number: int) -> str:
    """What stands before the file names of the first, second, ... model that is put on a base."""
    return f"+{number}/"


@dataclass(frozen=True, slots=True)
class Applied:
    """Stored tensors of the composed model, and what could not be put on the base, one sentence each."""

    tensors: tuple[StoredTensor, ...]
    caveats: tuple[str, ...]
