"""Where a finding is shown in the repository that the check runs in, as a relative path and as a URI.

Hosts resolve a path against the root of the checkout, where a CI job starts. A subject in a folder below it
therefore puts that folder before the file; a subject elsewhere (a Hub repository, a cache) leaves the file alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from lineage_audit.report.escaping import without_lone_surrogates
from lineage_audit.results import Location, ModelSummary

CARD = "README.md"
_WEIGHT_FILES = frozenset({".safetensors", ".gguf", ".bin", ".pt", ".pth", ".ckpt", ".json"})


def _artifact_path(subject: ModelSummary, location: Location) -> str:
    """The file of a finding relative to the working folder, with forward slashes, never leaving it."""
    return "/".join((*subject_folder(subject), *_inside(location.file.split("/")))) or CARD


def artifact_uri(subject: ModelSummary, location: Location) -> str:
    """The same as a relative URI reference; every character that could mean something there is percent-encoded."""
    return quote(without_lone_surrogates(_artifact_path(subject, location)), safe="/")


def subject_folder(subject: ModelSummary) -> tuple[str, ...]:
    """The folders that lead from the working folder to a local subject below it; none for any other subject."""
    if subject.revision is not None or "://" in subject.ref or "\0" in subject.ref:
        return ()
    path = Path(subject.ref)
    if path.suffix.lower() in _WEIGHT_FILES:
        path = path.parent
    if path.is_absolute():
        here = Path.cwd()
        if not path.is_relative_to(here):
            return ()
        path = path.relative_to(here)
    parts = PurePosixPath(path.as_posix()).parts
    return () if ".." in parts else tuple(_inside(parts))


def _inside(parts: Iterable[str]) -> list[str]:
    """The parts of a path without those that stay in place or climb."""
    return [part for part in parts if part not in {"", ".", ".."}]
