"""Fingerprint files of many models in one folder: a run that was broken off goes on where it stopped."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from lineage_audit.errors import LineageAuditError
from lineage_audit.library.fingerprint import from_bytes, read_fingerprint
from lineage_audit.library.workers import Task, make_many
from lineage_audit.whole_files import write_whole

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_NAME = 80


class Written(Struct, frozen=True):
    """What became of one model.

    Attributes:
        ref: the reference.
        path: its fingerprint file.
        failure: why there is none, or None.
        was_there: the file was there already.
        bytes: its size; 0 where it failed.
    """

    ref: str
    path: Path
    failure: str | None
    was_there: bool
    bytes: int


def path_for(ref: str, folder: Path) -> Path:
    """Where a model's fingerprint goes: a readable name, and a hash of the reference that keeps it apart."""
    readable = _UNSAFE.sub("-", ref.rstrip("/"))[-_LONGEST_NAME:].strip("-.")
    return folder / f"{readable}-{hashlib.sha256(ref.encode()).hexdigest()[:8]}.fingerprint"


def fingerprint_many(
    refs: Sequence[str], folder: Path, effort: str = "full", *, workers: int = 1, scheduler: str | None = None
) -> Iterator[Written]:
    """Write a fingerprint of every model that has none in the folder yet; every model gives one answer.

    Raises:
        LineageAuditError: the folder cannot be written, or Dask is needed and not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wanted = tuple(dict.fromkeys(refs))
    open_tasks = []
    for ref in wanted:
        path = path_for(ref, folder)
        if _is_whole(path):
            yield Written(ref, path, None, was_there=True, bytes=path.stat().st_size)
        else:
            open_tasks.append(Task(ref, effort))
    for made in make_many(open_tasks, workers=workers, scheduler=scheduler):
        path, failure = path_for(made.ref, folder), made.failure
        if made.data is not None:
            from_bytes(made.data, made.ref)
            write_whole(path, made.data)
        yield Written(made.ref, path, failure, was_there=False, bytes=len(made.data or b""))


def _is_whole(path: Path) -> bool:
    """Tell whether a fingerprint that this version reads is there."""
    try:
        read_fingerprint(path)
    except LineageAuditError:
        return False
    return True
