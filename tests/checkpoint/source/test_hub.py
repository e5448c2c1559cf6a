"""Models on a Hub, read by the real ``huggingface_hub`` client: what is listed, what is sent, who sees the token."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys

import pytest

from lineage_audit.checkpoint.source.base import METADATA_LIMIT, ByteRange, Source, SourceFile, read_range, read_whole
from lineage_audit.checkpoint.source.dates import host_dates
from lineage_audit.checkpoint.source.hub import open_hub
from lineage_audit.errors import UnreadableFileError, UnresolvedReferenceError, UnsafeFileError
from tests.checkpoint.source.published import CONFIG, DATA, WEIGHTS, one_line, refused
from tests.hub_server import Fault, HubRepository, HubServer


class TestListing:
    def test_files_sizes_and_the_pinned_commit(self, model: HubRepository, source: Source) -> None:
        assert source.ref == "org/model"
        assert source.revision == model.commit
        assert dict(source.files) == {
            "a b/ü.txt": SourceFile(1),
            "config.json": SourceFile(len(CONFIG)),
            WEIGHTS: SourceFile(len(DATA), hashlib.sha256(DATA).hexdigest()),
        }
        assert source.bytes_read == 0
        assert not source.is_local

    def test_the_hosts_dates(self, model: HubRepository, source: Source) -> None:
        assert host_dates(source) is None
        model.dates = ("2023-07-18T12:00:00.000Z", "2024-04-17T08:30:00.000Z")
        dates = host_dates(open_hub(model.name))
        assert dates is not None
        assert dates.host.startswith("127.0.0.1")
        assert [f"{date:%Y-%m-%d %H:%M %Z}" for date in (dates.created, dates.changed)] == [
            "2023-07-18 12:00 UTC",
            "2024-04-17 08:30 UTC",
        ]

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
    def test_ranges_come_in_the_order_asked(self, source: Source) -> None:
        ranges = [(900_000, 900_010), (0, 8), (500_000, 500_000), (5, 300_000), (999_999, 1_000_000), (0, 8)]
        answers = source.read_ranges([ByteRange(WEIGHTS, start, stop) for start, stop in ranges])
        assert answers == [DATA[start:stop] for start, stop in ranges]

    def test_files_of_every_kind(self, source: Source) -> None:
        assert read_whole(source, "config.json") == CONFIG
        assert read_whole(source, "a b/ü.txt") == b"x"
        assert source.bytes_read == len(CONFIG) + 1
        assert read_whole(source, WEIGHTS, METADATA_LIMIT) == DATA

    def test_only_what_is_asked_for_is_sent(self, hub: HubServer, source: Source) -> None:
        source.read_ranges([ByteRange(WEIGHTS, 100, 200), ByteRange(WEIGHTS, 500_000, 600_000)])
        assert source.bytes_read == 100_100
        assert {entry.range for entry in hub.requests("large")} == {(100, 200), (500_000, 600_000)}

    def test_nearby_ranges_share_a_request(self, hub: HubServer, source: Source) -> None:
        rows = [ByteRange(WEIGHTS, start, start + 100) for start in range(0, 200_000, 10_000)]
        assert source.read_ranges(rows) == [DATA[row.start : row.stop] for row in rows]
        assert [entry.range for entry in hub.requests("large")] == [(0, 190_100)]
        assert source.bytes_read == 190_100

    def test_several_requests_run_at_a_time(self, hub: HubServer, source: Source) -> None:
        hub.faults.append(Fault("^/[0-9a-f]{64}", "meet", times=8, value=4))
        source.read_ranges([ByteRange(WEIGHTS, start, start + 10) for start in range(0, 800_000, 100_000)])
        assert hub.met

    def test_the_redirect_is_followed_once(self, hub: HubServer, source: Source) -> None:
        for start in range(0, 50, 10):
            assert read_range(source, WEIGHTS, start, start + 10) == DATA[start : start + 10]
        assert len(hub.requests("hub", "/resolve/")) == 1
        assert len(hub.requests("large")) == 5

    def test_connections_are_kept(self, hub: HubServer, source: Source) -> None:
        for start in range(0, 200, 10):
            assert read_range(source, WEIGHTS, start, start + 10) == DATA[start : start + 10]
        assert hub.connections["large"] == 1

    def test_an_expired_place_is_looked_up_again(self, hub: HubServer, source: Source) -> None:
        read_range(source, WEIGHTS, 0, 10)
        hub.links_expired += 1
        assert read_range(source, WEIGHTS, 10, 20) == DATA[10:20]
        assert len(hub.requests("hub", "/resolve/")) == 2

    @pytest.mark.parametrize("stop", [1_000_001, 2**40])
    @pytest.mark.usefixtures("model")
    def test_beyond_the_end(self, stop: int) -> None:
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
    @pytest.mark.usefixtures("model")
    def test_a_wrong_one_is_not_repeated(self, monkeypatch: pytest.MonkeyPatch, token: str) -> None:
        monkeypatch.setenv("HF_TOKEN", token)
        line = refused("org/model")
        assert "HF_TOKEN" in line
        assert "secret" not in line


def test_the_library_is_imported_only_when_needed() -> None:
    program = "import sys, lineage_audit.checkpoint.source.hub; sys.exit('huggingface_hub' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
