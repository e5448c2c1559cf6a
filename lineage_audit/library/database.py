"""A library database of fingerprints in one SQLite file.

Every change is one transaction in write-ahead mode: readers never wait, writers queue, and a process that is killed
leaves either the whole change or none of it. Signatures stand in a table of their own, so that a prefilter reads a
kilobyte a model and not its fingerprint.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import numpy as np

from lineage_audit.errors import LineageAuditError, UnreadableFileError, UnresolvedReferenceError
from lineage_audit.library.database_entries import DatabaseEntry, Label, Signatures
from lineage_audit.library.fingerprint import Fingerprint, from_bytes, to_bytes
from lineage_audit.library.fingerprint.parameters import SCHEME
from lineage_audit.library.fingerprint.signature import PARTS

_LAYOUT = 1
"""Version of the tables, in ``user_version``."""

APPLICATION = 0x6C696E61
"""What the file says that it is, in ``application_id``."""

_WAIT_SECONDS = 60.0
"""How long a writer waits for another one."""

_TABLES = """
CREATE TABLE models (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    ref TEXT NOT NULL,
    revision TEXT,
    digest TEXT NOT NULL,
    scheme TEXT NOT NULL,
    effort TEXT NOT NULL,
    architecture TEXT NOT NULL,
    parameters INTEGER NOT NULL,
    width INTEGER NOT NULL,
    units INTEGER NOT NULL,
    family TEXT,
    license TEXT,
    note TEXT,
    added TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
    bytes INTEGER NOT NULL
);
CREATE TABLE signatures (
    model INTEGER PRIMARY KEY REFERENCES models(id) ON DELETE CASCADE,
    signature BLOB NOT NULL
);
CREATE TABLE fingerprints (
    model INTEGER PRIMARY KEY REFERENCES models(id) ON DELETE CASCADE,
    fingerprint BLOB NOT NULL
);
"""

_ANSWERS = """
CREATE TABLE IF NOT EXISTS answers (
    name TEXT NOT NULL,
    prompts TEXT NOT NULL,
    manner TEXT NOT NULL,
    answers BLOB NOT NULL,
    PRIMARY KEY (name, prompts, manner)
)
"""
"""What models answered, as files of answers; made with the first of them, so that older versions read the file too."""

_COLUMNS = (
    "name, ref, revision, digest, scheme, effort, architecture, parameters, width, units, family, license, note, "
    "added, bytes"
)


class Database:
    """An open library database; a context manager that closes it."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection

    def __enter__(self) -> Database:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def __len__(self) -> int:
        count: int = self._connection.execute("SELECT count(*) FROM models").fetchone()[0]
        return count

    def add(self, fingerprint: Fingerprint, label: Label) -> bool:
        """Put a fingerprint into the database, in the place of one of the same name; tells whether there was one."""
        data = to_bytes(fingerprint)
        with self._writing() as connection:
            replaced = self._remove(connection, _storable(label.name))
            cursor = connection.execute(
                f"INSERT INTO models ({_COLUMNS.replace(', added', '')}) VALUES ({', '.join('?' * 14)})",
                _row(fingerprint, label, len(data)),
            )
            connection.execute(
                "INSERT INTO signatures VALUES (?, ?)", (cursor.lastrowid, fingerprint.signature.tobytes())
            )
            connection.execute("INSERT INTO fingerprints VALUES (?, ?)", (cursor.lastrowid, data))
        return replaced

    def remove(self, name: str) -> bool:
        """Take a model off the library database; tells whether it was there."""
        with self._writing() as connection:
            return self._remove(connection, name)

    def entries(self, family: str | None = None) -> tuple[DatabaseEntry, ...]:
        """Every model by name, or those of one family."""
        where, values = ("WHERE family = ? COLLATE NOCASE", (family,)) if family else ("", ())
        rows = self._connection.execute(f"SELECT {_COLUMNS} FROM models {where} ORDER BY name", values)
        return tuple(DatabaseEntry(*row) for row in rows)

    def entry(self, name: str) -> DatabaseEntry:
        """One model.

        Raises:
            UnresolvedReferenceError: the library database has none of that name.
        """
        row = self._connection.execute(f"SELECT {_COLUMNS} FROM models WHERE name = ?", (name,)).fetchone()
        if row is None:
            raise UnresolvedReferenceError(f"{name}: not in {self.path}; `lineage-audit library list` names what is")
        return DatabaseEntry(*row)

    def names(self) -> frozenset[str]:
        """The names of all models."""
        return frozenset(row[0] for row in self._connection.execute("SELECT name FROM models"))

    def fingerprint(self, name: str) -> Fingerprint:
        """One model's fingerprint.

        Raises:
            UnresolvedReferenceError: the library database has none of that name.
            UnreadableFileError: it is damaged.
        """
        return from_bytes(self.data(name), f"{self.path} ({name})")

    def data(self, name: str) -> bytes:
        """One model's fingerprint as a file's bytes.

        Raises:
            UnresolvedReferenceError: the library database has none of that name.
        """
        self.entry(name)
        query = "SELECT fingerprint FROM fingerprints JOIN models ON model = id WHERE name = ?"
        data: bytes = self._connection.execute(query, (name,)).fetchone()[0]
        return data

    def add_answers(self, name: str, prompts: str, manner: str, data: bytes) -> None:
        """Keep what a model answered, as a file's bytes, in the place of earlier answers of that name."""
        with self._writing() as connection:
            connection.execute(_ANSWERS)
            row = (_storable(name), prompts, manner, data)
            connection.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)", row)

    def answers(self, prompts: str, manner: str) -> dict[str, bytes]:
        """Every model's answers to a prompt set, by name."""
        if not self._connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'answers'").fetchone():
            return {}
        query = "SELECT name, answers FROM answers WHERE prompts = ? AND manner = ? ORDER BY name"
        return dict(self._connection.execute(query, (prompts, manner)).fetchall())

    def signatures(self) -> Signatures:
        """All signatures of the current scheme."""
        query = (
            "SELECT name, signature, width, units FROM signatures JOIN models ON model = id "
            "WHERE scheme = ? ORDER BY id"
        )
        rows = self._connection.execute(query, (SCHEME.id,)).fetchall()
        length = len(PARTS) * SCHEME.signature
        whole = [row for row in rows if len(row[1]) == length]
        values = np.frombuffer(b"".join(row[1] for row in whole), dtype=np.int8)
        return Signatures(
            names=tuple(row[0] for row in whole),
            shapes=np.array([row[2:] for row in whole], dtype=np.int64).reshape(-1, 2),
            values=values.reshape(len(whole), len(PARTS), SCHEME.signature),
        )

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it, or nothing."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise LineageAuditError(f"{self.path}: cannot be written ({error}); nothing was changed") from None

    @staticmethod
    def _remove(connection: sqlite3.Connection, name: str) -> bool:
        return connection.execute("DELETE FROM models WHERE name = ?", (name,)).rowcount > 0


def open_database(path: Path, *, create: bool = False) -> Database:
    """Open a library database.

    Args:
        path: the file.
        create: make an empty one if there is none.

    Raises:
        UnresolvedReferenceError: there is none, and none was to be made.
        UnreadableFileError: the file is something else, damaged, or of a later version.
    """
    if not path.exists() and not create:
        raise UnresolvedReferenceError(f"{path}: no such library; `lineage-audit library add` makes one")
    try:
        connection = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None)
        connection.execute("PRAGMA foreign_keys = ON")
        _prepare(connection, path)
    except sqlite3.Error as error:
        raise UnreadableFileError(f"{path}: not a library of fingerprints, or not to be opened ({error})") from None
    return Database(path, connection)


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables of a new file, by whichever process comes first; refuse what is not a library database."""
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    application = connection.execute("PRAGMA application_id").fetchone()[0]  # after: both may be made in between
    if application != APPLICATION and tables:
        raise UnreadableFileError(f"{path}: a database, but not a library of fingerprints")
    if application != APPLICATION:
        _write_ahead(connection)
        connection.execute("BEGIN IMMEDIATE")
        if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION:
            for statement in _TABLES.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
            connection.execute(f"PRAGMA user_version = {_LAYOUT}")
        connection.execute("COMMIT")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > _LAYOUT:
        raise UnreadableFileError(f"{path}: a library of layout {version}, this version reads {_LAYOUT}; upgrade")


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch a new file to write-ahead mode; SQLite does not wait for others who do the same, so that is done here."""
    last = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > last:
                raise
            time.sleep(0.01)


def shape_of(fingerprint: Fingerprint) -> tuple[int, int]:
    """Residual channels, and FFN units of a layer; 0 where unknown."""
    units = max((layer.units.size for layer in fingerprint.layers if layer.units is not None), default=0)
    return fingerprint.width, units


def _row(fingerprint: Fingerprint, label: Label, size: int) -> Sequence[object]:
    identity, config, claims = fingerprint.identity, fingerprint.config, fingerprint.claims
    stated = next((claim.value for claim in claims.of("license")), None)
    row = (
        label.name,
        identity.ref,
        identity.revision,
        identity.digest,
        fingerprint.scheme,
        fingerprint.effort,
        config.text("architecture") or config.text("model_type") or "unknown",
        identity.parameters,
        *shape_of(fingerprint),
        label.family,
        label.license or stated,
        label.note,
        size,
    )
    return tuple(_storable(value) if isinstance(value, str) else value for value in row)


def _storable(text: str) -> str:
    """Text that SQLite can hold: lone surrogates, which a hostile file may contain, become escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
