"""Names in a library become references of the models themselves, for whoever needs weights and not sketches."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lineage_audit.checkpoint import split_reference
from lineage_audit.checkpoint.source import says_where
from lineage_audit.library.database import open_database


def references_on_database(path: Path, names: Sequence[str]) -> dict[str, str]:
    """Map each name that a library holds to its model's reference, pinned to its revision; other names are left out.

    What says itself where the model is, such as a path, is no name. Where nothing else is asked for, the library is not
    opened, and need not be there.

    Raises:
        LineageAuditError: there is no such library, or it cannot be read.
    """
    names = [name for name in names if not all(map(says_where, split_reference(name)))]
    if not names:
        return {}
    with open_database(path) as database:
        known = database.names()
        entries = [database.entry(name) for name in names if name in known]
    return {
        entry.name: entry.ref if entry.revision is None or "@" in entry.ref else f"{entry.ref}@{entry.revision}"
        for entry in entries
    }
