"""The real ``huggingface_hub`` client against a Hub on this machine."""

from __future__ import annotations

import hashlib
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from huggingface_hub import snapshot_download

from lineage_audit.checkpoint.source import hub_requests
from lineage_audit.checkpoint.source.base import METADATA_LIMIT, ByteRange, SourceFile, read_range, read_whole
from lineage_audit.checkpoint.source.hub import open_hub
from lineage_audit.errors import LineageAuditError, UnreadableFileError, UnresolvedReferenceError, UnsafeFileError
from tests.hub_server import Fault, HubRepository, HubServer

WEIGHTS = "model.safetensors"
CONFIG = b'{"model_type": "llama"}'
DATA = bytes(hashlib.shake_256(b"weights").digest(1_000_000))


@pytest.fixture
def model(hub: HubServer) -> HubRepository:
    """A published model with one large file."""
    return hub.add(
        HubRepository("org/model", {"config.json": CONFIG, WEIGHTS: DATA, "a b/ü.txt": b"x"}, frozenset({WEIGHTS}))
    )


def refused(ref: str) -> str:
    """The one line with which opening a reference fails."""
    with pytest.raises(UnresolvedReferenceError) as error:
        open_hub(ref)
    return one_line(error.value)


def one_line(error: LineageAuditError) -> str:
    """The message of an error; a token may neither stand there nor in what the error came from."""
    assert str(error).isprintable()
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None
    return str(error)


def download(hub: HubServer, cache: Path, patterns: list[str] | None = None) -> None:
    """Fill the cache as the library does."""
    snapshot_download("org/model", endpoint=hub.endpoint, cache_dir=cache / "hub", allow_patterns=patterns)


class TestListing:
    def test_files_sizes_and_the_pinned_commit(self, model: HubRepository) -> None:
        source = open_hub("org/model")
        assert source.ref == "org/model"
        assert source.revision == model.commit
        assert dict(source.files) == {
            "a b/ü.txt": SourceFile(1),
            "config.json": SourceFile(len(CONFIG)),
            WEIGHTS: SourceFile(len(DATA), hashlib.sha256(DATA).hexdigest()),
        }
        assert source.bytes_read == 0
        assert not source.is_local

    @pytest.mark.parametrize("revision", ["main", "refs/pr/1", "v1.0"])
    def test_revisions(self, hub: HubServer, model: HubRepository, revision: str) -> None:
        model.branches = ("main", "refs/pr/1", "v1.0")
        assert open_hub(f"org/model@{revision}").revision == model.commit
        assert len(hub.requests(path="/api/")) == 1

    def test_a_commit_is_a_revision(self, model: HubRepository) -> None:
        assert open_hub(f"org/model@{model.commit}").revision == model.commit

    def test_renamed_repositories_are_followed(self, model: HubRepository) -> None:
        model.former_names = ("old/name",)
        source = open_hub("old/name")
        assert source.revision == model.commit
        assert read_whole(source, "config.json") == CONFIG

    @pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "a/../../b", "c:\\x", "a\nb"])
    def test_names_outside_the_repository(self, model: HubRepository, name: str) -> None:
        model.files[name] = b"x"
        with pytest.raises(UnsafeFileError, match="outside the repository"):
            open_hub("org/model")


class TestReading:
    def test_ranges_come_in_the_order_asked(self, model: HubRepository) -> None:
        source = open_hub("org/model")
        ranges = [(900_000, 900_010), (0, 8), (500_000, 500_000), (5, 300_000), (999_999, 1_000_000), (0, 8)]
        answers = source.read_ranges([ByteRange(WEIGHTS, start, stop) for start, stop in ranges])
        assert answers == [DATA[start:stop] for start, stop in ranges]

    def test_files_of_every_kind(self, model: HubRepository) -> None:
        source = open_hub("org/model")
        assert read_whole(source, "config.json") == CONFIG
        assert read_whole(source, "a b/ü.txt") == b"x"
        assert source.bytes_read == len(CONFIG) + 1
        assert read_whole(source, WEIGHTS, METADATA_LIMIT) == DATA

    def test_only_what_is_asked_for_is_sent(self, hub: HubServer, model: HubRepository) -> None:
        source = open_hub("org/model")
        source.read_ranges([ByteRange(WEIGHTS, 100, 200), ByteRange(WEIGHTS, 500_000, 600_000)])
        assert source.bytes_read == 100_100
        assert {entry.range for entry in hub.requests("large")} == {(100, 200), (500_000, 600_000)}

    def test_nearby_ranges_share_a_request(self, hub: HubServer, model: HubRepository) -> None:
        source = open_hub("org/model")
        rows = [ByteRange(WEIGHTS, start, start + 100) for start in range(0, 200_000, 10_000)]
        assert source.read_ranges(rows) == [DATA[row.start : row.stop] for row in rows]
        assert [entry.range for entry in hub.requests("large")] == [(0, 190_100)]
        assert source.bytes_read == 190_100

    def test_several_requests_run_at_a_time(self, hub: HubServer, model: HubRepository) -> None:
        source = open_hub("org/model")
        hub.faults.append(Fault(".*", "slow", times=8, value=0.3))
        started = time.monotonic()
        source.read_ranges([ByteRange(WEIGHTS, start, start + 10) for start in range(0, 800_000, 100_000)])
        assert time.monotonic() - started < 1.5

    def test_the_redirect_is_followed_once(self, hub: HubServer, model: HubRepository) -> None:
        source = open_hub("org/model")
        for start in range(0, 50, 10):
            assert read_range(source, WEIGHTS, start, start + 10) == DATA[start : start + 10]
        assert len(hub.requests("hub", "/resolve/")) == 1
        assert len(hub.requests("large")) == 5

    def test_an_expired_place_is_looked_up_again(self, hub: HubServer, model: HubRepository) -> None:
        source = open_hub("org/model")
        read_range(source, WEIGHTS, 0, 10)
        hub.links_expired += 1
        assert read_range(source, WEIGHTS, 10, 20) == DATA[10:20]
        assert len(hub.requests("hub", "/resolve/")) == 2

    @pytest.mark.parametrize("stop", [1_000_001, 2**40])
    def test_beyond_the_end(self, model: HubRepository, stop: int) -> None:
        with pytest.raises(UnreadableFileError, match="shorter than byte"):
            read_range(open_hub("org/model"), WEIGHTS, 999_990, stop)


class TestToken:
    def test_it_goes_to_the_hub_and_nowhere_else(
        self, hub: HubServer, model: HubRepository, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        model.gated = True
        monkeypatch.setenv("HF_TOKEN", hub.token)
        source = open_hub("org/model")
        for start in (0, 10):
            assert read_range(source, WEIGHTS, start, start + 10) == DATA[start : start + 10]
        assert read_whole(source, "config.json") == CONFIG
        assert len(hub.requests("large")) == 2
        assert not any(entry.authorized for entry in hub.requests("large"))
        assert all(entry.authorized for entry in hub.requests("hub"))

    def test_without_one_a_gated_model_is_listed_but_not_read(self, model: HubRepository) -> None:
        model.gated = True
        source = open_hub("org/model")
        with pytest.raises(UnresolvedReferenceError) as error:
            read_whole(source, "config.json")
        assert re.fullmatch(
            r"org/model: is gated: accept its licence on http://\S+/org/model and set HF_TOKEN", one_line(error.value)
        )

    def test_private_models_need_one(
        self, hub: HubServer, model: HubRepository, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        model.private = True
        assert "or it is private" in refused("org/model")
        monkeypatch.setenv("HF_TOKEN", hub.token)
        assert open_hub("org/model").revision == model.commit

    @pytest.mark.parametrize("token", ["hf_secret_but_wrong", "hf_secret_schlüssel", "hf_secret\tx"])
    def test_a_wrong_one_is_not_repeated(
        self, model: HubRepository, monkeypatch: pytest.MonkeyPatch, token: str
    ) -> None:
        monkeypatch.setenv("HF_TOKEN", token)
        line = refused("org/model")
        assert "HF_TOKEN" in line
        assert "secret" not in line


class TestRefusals:
    def test_no_such_repository(self, hub: HubServer) -> None:
        assert "no such model on 127.0.0.1" in refused("org/nothing")
        assert len(hub.log) == 1

    def test_no_such_revision(self, model: HubRepository) -> None:
        assert "not this revision" in refused("org/model@nowhere")

    @pytest.mark.parametrize("ref", ["a/b/c", "../b", "a//b", "-", "org/na me", "org/..", "x--y/..z", "org/a..b", ""])
    def test_names_that_are_none(self, hub: HubServer, ref: str) -> None:
        assert "is not a Hub id" in refused(ref)
        assert hub.log == []

    def test_disabled(self, hub: HubServer, model: HubRepository) -> None:
        headers = {"X-Error-Message": "Access to this resource is disabled."}
        hub.faults.append(Fault("/api/", "status", value=403, headers=headers))
        assert "has been disabled" in refused("org/model")

    def test_forbidden(self, hub: HubServer, model: HubRepository) -> None:
        hub.faults.append(Fault("/api/", "status", value=403))
        assert "does not let this token read it" in refused("org/model")

    def test_no_network(self, monkeypatch: pytest.MonkeyPatch, hub: HubServer) -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{unused.getsockname()[1]}")
            assert "cannot be reached; check the network" in refused("org/model")

    def test_no_such_host(self, monkeypatch: pytest.MonkeyPatch, hub: HubServer) -> None:
        monkeypatch.setenv("HF_ENDPOINT", "http://hub.invalid")
        assert "hub.invalid cannot be reached" in refused("org/model")

    @pytest.mark.parametrize("endpoint", ["hub", "ftp://hub", "http://[", "http://hub:x"])
    def test_an_endpoint_that_is_no_address(
        self, monkeypatch: pytest.MonkeyPatch, hub: HubServer, endpoint: str
    ) -> None:
        monkeypatch.setenv("HF_ENDPOINT", endpoint)
        assert "HF_ENDPOINT is not an address" in refused("org/model")

    def test_a_host_that_is_no_hub(self, hub: HubServer, model: HubRepository) -> None:
        hub.faults.append(Fault("/api/", "status", value=200))
        assert "does not answer like a Hub" in refused("org/model")


class TestFaults:
    @pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
    def test_transient_answers_are_tried_again(self, hub: HubServer, model: HubRepository, status: int) -> None:
        hub.faults += [
            Fault("/api/", "status", times=3, value=status),
            Fault("/resolve/", "status", times=2, value=status, headers={"Retry-After": "0"}),
            Fault("^/[0-9a-f]{64}", "status", times=2, value=status),
        ]
        assert read_range(open_hub("org/model"), WEIGHTS, 5, 9) == DATA[5:9]

    def test_the_rate_limit(self, hub: HubServer, model: HubRepository) -> None:
        hub.faults.append(Fault("/api/", "status", times=100, value=429))
        assert "limits the rate of requests; try again later" in refused("org/model")
        assert len(hub.log) == hub_requests.TRIES

    def test_a_long_rate_limit_is_not_waited_for(self, hub: HubServer, model: HubRepository) -> None:
        headers = {"RateLimit": '"api";r=0;t=280'}
        hub.faults.append(Fault("/api/", "status", times=100, value=429, headers=headers))
        assert "for 280 more seconds" in refused("org/model")
        assert len(hub.log) == 1

    def test_the_wait_that_is_asked_for(
        self, hub: HubServer, model: HubRepository, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        waited: list[float] = []
        monkeypatch.setattr(hub_requests.time, "sleep", waited.append)
        hub.faults.append(Fault("/api/", "status", times=2, value=429, headers={"Retry-After": "7"}))
        open_hub("org/model")
        assert waited == [7.0, 7.0]

    @pytest.mark.parametrize("after", [0, 1, 5000])
    def test_dropped_connections_are_tried_again(self, hub: HubServer, model: HubRepository, after: int) -> None:
        source = open_hub("org/model")
        hub.faults.append(Fault("^/[0-9a-f]{64}", "drop", times=3, value=after))
        assert read_range(source, WEIGHTS, 1000, 100_000) == DATA[1000:100_000]
        assert source.bytes_read == 99_000

    def test_a_connection_that_always_drops(self, hub: HubServer, model: HubRepository) -> None:
        source = open_hub("org/model")
        hub.faults.append(Fault("^/[0-9a-f]{64}", "drop", times=100, value=10))
        with pytest.raises(UnresolvedReferenceError, match="cannot be reached"):
            read_range(source, WEIGHTS, 1000, 100_000)
        assert len(hub.requests("large")) == hub_requests.TRIES

    def test_a_short_answer(self, hub: HubServer, model: HubRepository) -> None:
        source = open_hub("org/model")
        hub.faults.append(Fault("^/[0-9a-f]{64}", "short", times=1, value=3))
        assert read_range(source, WEIGHTS, 10, 20) == DATA[10:20]
        hub.faults.append(Fault("^/[0-9a-f]{64}", "short", times=100, value=3))
        with pytest.raises(UnreadableFileError, match="sends 7 bytes of 10"):
            read_range(source, WEIGHTS, 10, 20)

    @pytest.mark.parametrize(
        ("kind", "words"),
        [("shifted", "other bytes than asked for"), ("no-ranges", "hf download"), ("compressed", "hf download")],
    )
    def test_wrong_answers_are_not_taken(self, hub: HubServer, model: HubRepository, kind: str, words: str) -> None:
        source = open_hub("org/model")
        hub.faults.append(Fault("^/[0-9a-f]{64}", kind, times=100))  # type: ignore[arg-type]
        with pytest.raises(UnreadableFileError, match=words):
            read_range(source, WEIGHTS, 10, 20)
        assert source.bytes_read == 0
        assert len(hub.requests("large")) == 1

    def test_a_host_without_ranges_still_serves_a_start(self, hub: HubServer, model: HubRepository) -> None:
        hub.faults.append(Fault("config.json|^/[0-9a-f]{64}", "no-ranges", times=100))
        source = open_hub("org/model")
        assert read_whole(source, "config.json") == CONFIG
        assert read_range(source, WEIGHTS, 0, 1000) == DATA[:1000]
        assert source.bytes_read == len(CONFIG) + 1000

    def test_one_failure_among_many_requests(self, hub: HubServer, model: HubRepository) -> None:
        source = open_hub("org/model")
        hub.faults.append(Fault("^/[0-9a-f]{64}", "shifted", times=1))
        with pytest.raises(UnreadableFileError):
            source.read_ranges([ByteRange(WEIGHTS, start, start + 10) for start in range(0, 900_000, 100_000)])


class TestCache:
    def test_cached_files_are_read_from_disk(self, hub: HubServer, model: HubRepository, tmp_path: Path) -> None:
        download(hub, tmp_path / "hf", [WEIGHTS])
        hub.log.clear()
        source = open_hub("org/model")
        assert read_range(source, WEIGHTS, 10, 1000) == DATA[10:1000]
        assert [entry.path.partition("?")[0] for entry in hub.log] == ["/api/models/org/model"]
        assert read_whole(source, "config.json") == CONFIG
        assert source.bytes_read == 990 + len(CONFIG)

    def test_a_wholly_cached_model_is_local(self, hub: HubServer, model: HubRepository, tmp_path: Path) -> None:
        download(hub, tmp_path / "hf")
        assert open_hub("org/model").is_local

    def test_an_older_commit_in_the_cache_is_not_taken(
        self, hub: HubServer, model: HubRepository, tmp_path: Path
    ) -> None:
        download(hub, tmp_path / "hf")
        model.files[WEIGHTS] = DATA[::-1]
        source = open_hub("org/model")
        assert read_range(source, WEIGHTS, 0, 100) == DATA[::-1][:100]

    def test_a_damaged_cache_is_passed_over(self, hub: HubServer, model: HubRepository, tmp_path: Path) -> None:
        download(hub, tmp_path / "hf")
        next((tmp_path / "hf").rglob(WEIGHTS)).resolve().write_bytes(DATA[:500])
        assert read_range(open_hub("org/model"), WEIGHTS, 0, 1000) == DATA[:1000]

    @pytest.mark.parametrize("at", ["", "@main", "@{commit}"])
    def test_offline(
        self, hub: HubServer, model: HubRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
    ) -> None:
        download(hub, tmp_path / "hf", [WEIGHTS, "config.json"])
        hub.log.clear()
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        source = open_hub("org/model" + at.format(commit=model.commit))
        assert source.revision == model.commit
        assert {name: (file.size, file.sha256) for name, file in source.files.items()} == {
            "config.json": (len(CONFIG), None),
            WEIGHTS: (len(DATA), hashlib.sha256(DATA).hexdigest()),
        }
        assert source.is_local
        assert read_range(source, WEIGHTS, 10, 1000) == DATA[10:1000]
        assert hub.log == []

    @pytest.mark.parametrize("ref", ["org/model", "org/other", "org/model@v2", "org/model@../../x"])
    def test_offline_without_a_cache(
        self, hub: HubServer, model: HubRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ref: str
    ) -> None:
        if ref != "org/model":
            download(hub, tmp_path / "hf")
            hub.log.clear()
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        assert "not in the Hub cache" in refused(ref)
        assert hub.log == []

    def test_blobs_that_repositories_share(
        self, hub: HubServer, model: HubRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        download(hub, tmp_path / "hf")
        blob = tmp_path / "hf/hub/models--org--model/blobs" / hashlib.sha256(DATA).hexdigest()
        shared = tmp_path / "hf/hub/blobs/ab" / ("ab" * 32)
        shared.parent.mkdir(parents=True)
        blob.rename(shared)
        blob.symlink_to(Path("../../blobs/ab") / shared.name)
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        source = open_hub("org/model")
        assert source.files[WEIGHTS].sha256 == hashlib.sha256(DATA).hexdigest()
        assert read_range(source, WEIGHTS, 0, 9) == DATA[:9]

    def test_links_out_of_the_cache_are_passed_over(
        self, hub: HubServer, model: HubRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        download(hub, tmp_path / "hf")
        (tmp_path / "secret").write_text("x")
        snapshot = tmp_path / "hf/hub/models--org--model/snapshots" / model.commit
        (snapshot / "notes.txt").symlink_to(tmp_path / "secret")
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        assert "notes.txt" not in open_hub("org/model").files


def test_the_library_is_imported_only_when_needed() -> None:
    program = "import sys, lineage_audit.checkpoint.source.hub; sys.exit('huggingface_hub' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
