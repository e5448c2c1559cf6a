"""Is a library database whole, and how old is it?"""

from __future__ import annotations

from msgspec import Struct

from lineage_audit.errors import LineageAuditError
from lineage_audit.library.database import Database
from lineage_audit.library.fingerprint.parameters import SCHEME


class _LibraryCheck(Struct, frozen=True):
    """What a look at every model of a library database gave.

    Attributes:
        models: how many there are.
        damaged: names of those that cannot be read, or are not what the library's list says.
        outdated: names of those that another version of the tool made, which are not looked at.
        unpinned: names of those whose fingerprint names no commit.
        newest: when the newest was added, or None of an empty library.
        oldest: when the oldest was added.
    """

    models: int
    damaged: tuple[str, ...]
    outdated: tuple[str, ...]
    unpinned: tuple[str, ...]
    newest: str | None
    oldest: str | None


def check_database(database: Database) -> _LibraryCheck:
    """Read every fingerprint and hold it against the library's list."""
    entries = database.entries()
    added = [entry.added for entry in entries]
    return _LibraryCheck(
        models=len(entries),
        damaged=tuple(entry.name for entry in entries if not _is_whole(database, entry.name, entry.digest)),
        outdated=tuple(entry.name for entry in entries if entry.scheme != SCHEME.id),
        unpinned=tuple(entry.name for entry in entries if entry.revision is None),
        newest=max(added, default=None),
        oldest=min(added, default=None),
    )


def _is_whole(database: Database, name: str, digest: str) -> bool:
    try:
        return database.fingerprint(name).identity.digest == digest
    except LineageAuditError:
        return False
