"""The library database: one transaction a change, many writers at once, and no half of anything after a kill."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lineage_audit.errors import UnreadableFileError, UnresolvedReferenceError
from lineage_audit.library.database import open_database
from lineage_audit.library.database_entries import Label
from lineage_audit.library.fingerprint import from_bytes, to_bytes
from lineage_audit.library.portable import export_database, import_database
from tests.library.models import SIZE, fingerprint
from tests.models import SMALL, llama

MADE = fingerprint(llama(1, SIZE))
DATA = to_bytes(fingerprint(llama(2, SMALL), SMALL))


def test_what_is_added_is_there_until_it_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "models.library"
    with open_database(path, create=True) as database:
        assert not database.add(MADE, Label("one", "Llama", "llama2", "gated"))
        assert not database.add(MADE, Label("two"))
        assert database.add(MADE, Label("one", "Yi"))
    with open_database(path) as database:
        assert [entry.name for entry in database.entries()] == ["one", "two"]
        assert [entry.name for entry in database.entries("yi")] == ["one"]
        assert to_bytes(database.fingerprint("one")) == to_bytes(MADE)
        assert database.signatures().names == ("two", "one")
        assert (database.signatures().values[0] == MADE.signature).all()
        assert database.remove("one")
        assert not database.remove("one")
        assert len(database) == 1
        for ask in (database.entry, database.fingerprint):
            with pytest.raises(UnresolvedReferenceError, match="library list"):
                ask("one")
    with sqlite3.connect(path) as connection:  # nothing of what was removed is left behind
        assert connection.execute("SELECT count(*) FROM fingerprints").fetchone()[0] == 1


def test_names_that_no_database_can_hold_are_escaped(tmp_path: Path) -> None:
    with open_database(tmp_path / "models.library", create=True) as database:
        database.add(MADE, Label("a\ud800'; DROP TABLE models; --", "\udcff"))
        assert database.add(MADE, Label("a\ud800'; DROP TABLE models; --"))
        assert [entry.name for entry in database.entries()] == ["a\\ud800'; DROP TABLE models; --"]


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnresolvedReferenceError, match="no such library"):
        open_database(tmp_path / "none")
    text = tmp_path / "text"
    text.write_text("this is no database " * 50)
    with pytest.raises(UnreadableFileError, match="not a library"):
        open_database(text)
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE models (x)")
    with pytest.raises(UnreadableFileError, match="not a library"):
        open_database(other)
    later = tmp_path / "later"
    open_database(later, create=True).__exit__(None, None, None)
    with sqlite3.connect(later) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(UnreadableFileError, match="upgrade"):
        open_database(later)


def _add_some(path: Path, writer: int, count: int) -> None:
    made = from_bytes(DATA, "data")
    for number in range(count):
        with open_database(path, create=True) as database:
            database.add(made, Label(f"{writer}-{number}"))


def test_writers_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "models.library"
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_add_some, args=(path, writer, 8)) for writer in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0] * 4
    with open_database(path) as database:
        assert database.names() == {f"{writer}-{number}" for writer in range(4) for number in range(8)}
        assert len(database.signatures().names) == 32


def test_many_may_make_the_same_library_at_once(tmp_path: Path) -> None:
    """Whoever comes between two looks at a new file must not take it for something else, nor for locked."""
    everyone = 4
    for attempt in range(40):
        together = threading.Barrier(everyone)

        def make(path: Path = tmp_path / f"{attempt}.library", together: threading.Barrier = together) -> int:
            together.wait()
            with open_database(path, create=True) as database:
                return len(database)

        with ThreadPoolExecutor(everyone) as pool:
            made = [pool.submit(make) for _ in range(everyone)]
        assert [one.result() for one in made] == [0] * everyone


_WRITER = """
import sys
from pathlib import Path
from tests.library.test_database import DATA
from lineage_audit.library.fingerprint import from_bytes
from lineage_audit.library.database import open_database
from lineage_audit.library.database_entries import Label
made = from_bytes(DATA, "data")
print("ready", flush=True)
with open_database(Path(sys.argv[1]), create=True) as database:
    for number in range(100_000):
        database.add(made, Label(f"{number % 7}"))
        print(number, flush=True)
"""


def test_a_kill_at_any_moment_leaves_whole_models(tmp_path: Path) -> None:
    path, root = tmp_path / "models.library", Path(__file__).parents[2]
    for milliseconds in (3, 11, 24):
        process = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(path)],
            stdout=subprocess.PIPE, text=True, cwd=root, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.stdout.readline()
        time.sleep(milliseconds / 1000)
        process.send_signal(signal.SIGKILL)
        process.wait(30)
        with open_database(path) as database:
            names = database.names()
            assert set(database.signatures().names) == names
            assert all(database.data(name) == DATA for name in names)
            assert names
        with sqlite3.connect(path) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def test_a_database_travels_in_one_file(tmp_path: Path) -> None:
    with open_database(tmp_path / "from", create=True) as database:
        database.add(MADE, Label("one", "Llama", "llama2", "gated"))
        database.add(from_bytes(DATA, "data"), Label("org/two"))
        assert export_database(database, tmp_path / "all.zip") == 2
        first = (tmp_path / "all.zip").read_bytes()
        assert export_database(database, tmp_path / "all.zip") == 2
        assert (tmp_path / "all.zip").read_bytes() == first
        assert export_database(database, tmp_path / "some.zip", ["one"]) == 1
        with pytest.raises(UnresolvedReferenceError):
            export_database(database, tmp_path / "some.zip", ["none"])
    with open_database(tmp_path / "to", create=True) as database:
        assert import_database(database, tmp_path / "some.zip") == (1, 0)
        assert import_database(database, tmp_path / "all.zip") == (2, 1)
        assert database.entry("one").license == "llama2"
        assert database.data("org/two") == DATA


def test_a_damaged_export_is_refused(tmp_path: Path) -> None:
    import zipfile

    path = tmp_path / "x.zip"
    with open_database(tmp_path / "to", create=True) as database:
        path.write_bytes(b"PK nonsense")
        with pytest.raises(UnreadableFileError):
            import_database(database, path)
        for contents in ("{}", '{"schema": "lineage-audit/library/1", "models": [{"file": "../../x", "name": "y"}]}'):
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("library.json", contents)
            with pytest.raises(UnreadableFileError):
                import_database(database, path)
        assert len(database) == 0
