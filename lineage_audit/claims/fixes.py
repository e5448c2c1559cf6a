"""What ``--fix`` writes: the edits of the findings that count, into the subject's own folder, and nothing else.

A card that could not be read is never touched, nor is one that is a link, as the Hub's cache keeps them. Two findings
that would have one key state different things leave it alone: which is right is not for a machine to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import unified_diff
from itertools import groupby
from pathlib import Path

from msgspec import Struct

from lineage_audit.checkpoint.card.editing import LISTS, UneditableCardError, with_field
from lineage_audit.results import CheckReport, Edit

_LARGEST = 4 * 2**20
"""Largest file that is edited, in bytes."""


class FileChange(Struct, frozen=True):
    """What becomes of one file.

    Attributes:
        path: the file.
        name: its name inside the repository.
        before: its content; empty where it is not there.
        after: what it would hold.
        edits: what was written.
        left: why other edits were not made, one sentence each.
    """

    path: Path
    name: str
    before: bytes
    after: bytes
    edits: tuple[Edit, ...]
    left: tuple[str, ...]

    @property
    def diff(self) -> str:
        """The change as a unified diff; empty where there is none."""
        old, new = (data.decode("utf-8", "replace").splitlines(keepends=True) for data in (self.before, self.after))
        lines = unified_diff(old, new, f"a/{self.name}", f"b/{self.name}")
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def changes_of(report: CheckReport, folder: Path) -> tuple[FileChange, ...]:
    """What the fixes of a check's findings would write, file by file.

    Args:
        report: the check.
        folder: the subject's own folder.
    """
    edits = dict.fromkeys(edit for finding in report.findings if finding.counts for edit in finding.edits)
    by_file = groupby(sorted(edits, key=lambda edit: edit.file), key=lambda edit: edit.file)
    return tuple(_change(folder / name, name, tuple(some)) for name, some in by_file)


def _change(path: Path, name: str, edits: Sequence[Edit]) -> FileChange:
    """The change of one file."""
    obstacle = _obstacle(path)
    if obstacle is not None:
        return FileChange(path, name, b"", b"", (), (f"{name} was not changed: {obstacle}.",))
    before = path.read_bytes() if path.exists() else b""
    after, made, left = before, [], [*_contradictions(name, edits)]
    for edit in _unanimous(edits):
        try:
            after = _with(after, edit)
            made.append(edit)
        except UneditableCardError as error:
            left.append(f"{name} was not changed: {error}.")
    return FileChange(path, name, before, after, tuple(made), tuple(dict.fromkeys(left)))


def _obstacle(path: Path) -> str | None:
    """Why a file is not edited, or None."""
    if path.is_symlink():
        return "it is a link"
    if path.exists() and not path.is_file():
        return "it is no file"
    if path.exists() and path.stat().st_size > _LARGEST:
        return f"it is larger than {_LARGEST:,} bytes"
    return None


def _with(content: bytes, edit: Edit) -> bytes:
    """A file's content with one edit."""
    if edit.field is not None:
        return with_field(content, edit.field, edit.value)
    newline = b"\r\n" if b"\r\n" in content else b"\n"
    text = edit.value.rstrip().encode("utf-8").replace(b"\n", newline) + newline
    if not content:
        return text
    return content + (b"" if content.endswith(b"\n") else newline) + newline + text


def _unanimous(edits: Iterable[Edit]) -> Iterator[Edit]:
    edits = tuple(edits)
    return (edit for edit in edits if len(_values(edit, edits)) == 1)


def _contradictions(name: str, edits: Iterable[Edit]) -> Iterator[str]:
    """What was left alone since the findings do not agree."""
    edits = tuple(edits)
    for field in dict.fromkeys(edit.field for edit in edits if len(_values(edit, edits)) > 1):
        values = " or ".join(dict.fromkeys(edit.value for edit in edits if edit.field == field))
        yield f"{field} in {name} was not changed: the findings ask for {values}."


def _values(edit: Edit, edits: Iterable[Edit]) -> frozenset[str]:
    """What the findings would have a key state; of a list and of text every value stands for itself."""
    if edit.field is None or edit.field in LISTS:
        return frozenset({edit.value})
    return frozenset(other.value for other in edits if other.field == edit.field)
