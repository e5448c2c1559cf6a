"""A library that others built is imported only when it is what was asked for."""

from __future__ import annotations

import functools
import hashlib
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from lineage_audit.cli import run
from lineage_audit.errors import LineageAuditError
from lineage_audit.library.checking import check_database
from lineage_audit.library.database import open_database
from lineage_audit.library.database_entries import Label
from lineage_audit.library.portable import export_database, made_on
from lineage_audit.library.pulling import Signature, age_words, pull
from tests.library.models import fingerprint
from tests.models import SMALL, llama


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""

    def do_GET(self) -> None:
        if self.path == "/away":
            self.send_response(302)
            self.send_header("Location", "http://example.org/all.zip")
            self.end_headers()
        else:
            super().do_GET()


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("released")
    with open_database(folder / "built", create=True) as database:
        database.add(fingerprint(llama(1, SMALL), SMALL), Label("org/one", "Llama"))
        export_database(database, folder / "all.zip")
    return folder / "all.zip"


@pytest.fixture
def address(released: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(released.parent)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def _names(path: Path) -> frozenset[str]:
    with open_database(path, create=True) as database:
        return database.names()


def test_a_library_is_fetched_held_against_its_hash_and_added(address: str, released: Path, tmp_path: Path) -> None:
    known = hashlib.sha256(released.read_bytes()).hexdigest()
    pulled = pull(f"{address}/all.zip", tmp_path / "mine", sha256=known.upper())
    assert (pulled.models, pulled.replaced, pulled.sha256, pulled.verified) == (1, 0, known, ("hash",))
    assert pulled.made == made_on(released)
    assert _names(tmp_path / "mine") == {"org/one"}
    assert pull(str(released), tmp_path / "mine").verified == ()


def test_nothing_is_added_of_what_is_not_what_was_asked_for(address: str, released: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    for source in (f"{address}/all.zip", str(released)):
        with pytest.raises(LineageAuditError, match="not the one that was given; nothing imported"):
            pull(source, mine, sha256="0" * 64)
    for source in ("http://example.org/x.zip", "ftp://example.org/x.zip", "file:///etc/passwd", f"{address}/away"):
        with pytest.raises(LineageAuditError, match="https"):
            pull(source, mine)
    for source in (f"{address}/gone.zip", str(tmp_path / "gone.zip")):
        with pytest.raises(LineageAuditError):
            pull(source, mine)
    assert _names(mine) == frozenset()


def test_a_signature_that_cannot_be_checked_is_none(
    released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sigstore.errors", None)
    with pytest.raises(LineageAuditError, match=r"lineage-audit\[sign\]"):
        pull(str(released), tmp_path / "mine", signature=Signature("x.sigstore.json", "someone@example.org"))
    assert _names(tmp_path / "mine") == frozenset()


@pytest.mark.parametrize(
    ("date", "words"),
    [
        ("2026-11-28T03:04:05Z", "made on 2026-11-28, today"),
        ("2026-11-27T23:59:59Z", "made on 2026-11-27, 1 day ago"),
        ("2025-11-28T00:00:00Z", "made on 2025-11-28, 365 days ago"),
        (None, "of unknown age"),
        ("yesterday", "of unknown age"),
    ],
)
def test_age_in_words(date: str | None, words: str) -> None:
    assert age_words(date, datetime(2026, 11, 28, 12, tzinfo=UTC)) == words


def test_a_check_names_what_is_damaged_and_says_how_old_all_is(
    released: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = str(tmp_path / "mine")
    assert run(["library", "pull", str(released), "--library", mine]) == 0
    assert "held against nothing" in capsys.readouterr().out
    assert run(["library", "check", "--library", mine]) == 0
    assert "1 model; the newest made on" in capsys.readouterr().out
    with open_database(Path(mine)) as database:
        with database._writing() as connection:
            connection.execute("UPDATE fingerprints SET fingerprint = x'00'")
        assert check_database(database).damaged == ("org/one",)
    assert run(["library", "check", "--library", mine]) == 2
    assert "org/one: damaged" in capsys.readouterr().err


def test_a_bundle_needs_an_identity(released: Path, tmp_path: Path) -> None:
    assert run(["library", "pull", str(released), "--library", str(tmp_path / "mine"), "--bundle", "x"]) == 2
