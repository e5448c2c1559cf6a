"""A library database (or part of it) as one portable file: a ZIP of fingerprint files and a table of contents."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path

from lineage_audit.checkpoint.bounded_json import parse_json
from lineage_audit.errors import UnreadableFileError
from lineage_audit.library.database import Database
from lineage_audit.library.database_entries import Label
from lineage_audit.library.fingerprint import from_bytes
from lineage_audit.whole_files import written_whole

_CONTENTS = "library.json"
SCHEMA = "lineage-audit/library/1"

_LARGEST_FINGERPRINT = 16 * 2**20
_LARGEST_CONTENTS = 64 * 2**20


def export_database(database: Database, path: Path, names: Sequence[str] = ()) -> int:
    """Write the named models (all by default), the same library database always as the same bytes; gives how many.

    Raises:
        LineageAuditError: a name is not in the library database, or the file cannot be written.
    """
    entries = [database.entry(name) for name in names] if names else list(database.entries())
    contents = [
        {"file": f"{number:06}.fingerprint", "name": e.name, "family": e.family, "license": e.license, "note": e.note}
        for number, e in enumerate(entries)
    ]
    made = max((entry.added for entry in entries), default=None)
    stated = {"schema": SCHEMA, "made": made, "models": contents}
    with written_whole(path) as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        _write(archive, _CONTENTS, json.dumps(stated, indent=1).encode())
        for line in contents:
            _write(archive, str(line["file"]), database.data(str(line["name"])))
    return len(entries)


def import_database(database: Database, path: Path) -> tuple[int, int]:
    """Add every model of a portable file, in place of those of the same name; gives how many, and how many were there.

    Raises:
        UnreadableFileError: the file is damaged or something else; models before the damage are in the library
            database.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            lines = _contents(archive, path)
            replaced = 0
            for line in lines:
                fingerprint = from_bytes(
                    _read(archive, str(line["file"]), _LARGEST_FINGERPRINT), f"{path}: {line['file']}"
                )
                label = Label(str(line["name"]), *(_text(line.get(key)) for key in ("family", "license", "note")))
                replaced += database.add(fingerprint, label)
    except (OSError, zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError) as error:
        raise UnreadableFileError(f"{path}: not a library that was exported, or damaged ({error})") from None
    return len(lines), replaced


def made_on(path: Path) -> str | None:
    """When the newest model of a portable file was added where it was built, or None where it does not say.

    Raises:
        UnreadableFileError: the file is damaged or something else.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            stated = parse_json(_read(archive, _CONTENTS, _LARGEST_CONTENTS), f"{path}: {_CONTENTS}")
    except (OSError, zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError) as error:
        raise UnreadableFileError(f"{path}: not a library that was exported, or damaged ({error})") from None
    return _text(stated.get("made")) if isinstance(stated, dict) else None


def _write(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)


def _contents(archive: zipfile.ZipFile, path: Path) -> list[dict[str, object]]:
    stated = parse_json(_read(archive, _CONTENTS, _LARGEST_CONTENTS), f"{path}: {_CONTENTS}")
    models = stated.get("models") if isinstance(stated, dict) and stated.get("schema") == SCHEMA else None
    if not isinstance(models, list) or not all(
        isinstance(line, dict) and {"file", "name"} <= line.keys() for line in models
    ):
        raise UnreadableFileError(f"{path}: not a library that was exported ({SCHEMA})")
    return models


def _read(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    """Read one member of bounded size, whatever the archive says of it."""
    with archive.open(name) as stream:
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise UnreadableFileError(f"{name}: more than {limit:,} bytes")
    return data


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
