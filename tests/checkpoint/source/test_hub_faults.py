"""A Hub that refuses, and a network that fails: one clear line each, or another try."""

from __future__ import annotations

import socket

import pytest

from lineage_audit.checkpoint.source import answers
from lineage_audit.checkpoint.source.base import ByteRange, Source, read_range, read_whole
from lineage_audit.checkpoint.source.hub import open_hub
from lineage_audit.errors import UnreadableFileError, UnresolvedReferenceError
from tests.checkpoint.source.published import CONFIG, DATA, WEIGHTS, refused
from tests.hub_server import Fault, HubServer


class TestRefusals:
    def test_no_such_repository(self, hub: HubServer) -> None:
        assert "no such model on 127.0.0.1" in refused("org/nothing")
        assert len(hub.log) == 1

    @pytest.mark.usefixtures("model")
    def test_no_such_revision(self) -> None:
        assert "not this revision" in refused("org/model@nowhere")

    @pytest.mark.parametrize("ref", ["a/b/c", "../b", "a//b", "-", "org/na me", "org/..", "x--y/..z", "org/a..b", ""])
    def test_names_that_are_none(self, hub: HubServer, ref: str) -> None:
        assert "is not a Hub id" in refused(ref)
        assert hub.log == []

    @pytest.mark.usefixtures("model")
    def test_disabled(self, hub: HubServer) -> None:
        headers = {"X-Error-Message": "Access to this resource is disabled."}
        hub.faults.append(Fault("/api/", "status", value=403, headers=headers))
        assert "has been disabled" in refused("org/model")

    @pytest.mark.usefixtures("model")
    def test_forbidden(self, hub: HubServer) -> None:
        hub.faults.append(Fault("/api/", "status", value=403))
        assert "does not let this token read it" in refused("org/model")

    @pytest.mark.usefixtures("hub")
    def test_no_network(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{unused.getsockname()[1]}")
            assert "cannot be reached; check the network" in refused("org/model")

    @pytest.mark.usefixtures("hub")
    def test_no_such_host(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HF_ENDPOINT", "http://hub.invalid")
        assert "hub.invalid cannot be reached" in refused("org/model")

    @pytest.mark.parametrize("endpoint", ["hub", "ftp://hub", "http://[", "http://hub:x"])
    @pytest.mark.usefixtures("hub")
    def test_an_endpoint_that_is_no_address(self, monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
        monkeypatch.setenv("HF_ENDPOINT", endpoint)
        assert "HF_ENDPOINT is not an address" in refused("org/model")

    @pytest.mark.usefixtures("model")
    def test_a_host_that_is_no_hub(self, hub: HubServer) -> None:
        hub.faults.append(Fault("/api/", "status", value=200))
        assert "does not answer like a Hub" in refused("org/model")


class TestFaults:
    @pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
    @pytest.mark.usefixtures("model")
    def test_transient_answers_are_tried_again(self, hub: HubServer, status: int) -> None:
        hub.faults += [
            Fault("/api/", "status", times=3, value=status),
            Fault("/resolve/", "status", times=2, value=status, headers={"Retry-After": "0"}),
            Fault("^/[0-9a-f]{64}", "status", times=2, value=status),
        ]
        assert read_range(open_hub("org/model"), WEIGHTS, 5, 9) == DATA[5:9]

    @pytest.mark.usefixtures("model")
    def test_the_rate_limit(self, hub: HubServer) -> None:
        hub.faults.append(Fault("/api/", "status", times=100, value=429))
        assert "limits the rate of requests; try again later" in refused("org/model")
        assert len(hub.log) == answers.TRIES

    @pytest.mark.usefixtures("model")
    def test_a_long_rate_limit_is_not_waited_for(self, hub: HubServer) -> None:
        headers = {"RateLimit": '"api";r=0;t=280'}
        hub.faults.append(Fault("/api/", "status", times=100, value=429, headers=headers))
        assert "for 280 more seconds" in refused("org/model")
        assert len(hub.log) == 1

    @pytest.mark.usefixtures("model")
    def test_the_wait_that_is_asked_for(self, hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
        waited: list[float] = []
        monkeypatch.setattr("time.sleep", waited.append)
        hub.faults.append(Fault("/api/", "status", times=2, value=429, headers={"Retry-After": "7"}))
        open_hub("org/model")
        assert waited == [7.0, 7.0]

    @pytest.mark.parametrize("after", [0, 1, 5000])
    def test_dropped_connections_are_tried_again(self, hub: HubServer, after: int, source: Source) -> None:
        hub.faults.append(Fault("^/[0-9a-f]{64}", "drop", times=3, value=after))
        assert read_range(source, WEIGHTS, 1000, 100_000) == DATA[1000:100_000]
        assert source.bytes_read == 99_000

    def test_a_connection_that_always_drops(self, hub: HubServer, source: Source) -> None:
        hub.faults.append(Fault("^/[0-9a-f]{64}", "drop", times=100, value=10))
        with pytest.raises(UnresolvedReferenceError, match="cannot be reached"):
            read_range(source, WEIGHTS, 1000, 100_000)
        assert len(hub.requests("large")) == answers.TRIES

    def test_a_short_answer(self, hub: HubServer, source: Source) -> None:
        hub.faults.append(Fault("^/[0-9a-f]{64}", "short", times=1, value=3))
        assert read_range(source, WEIGHTS, 10, 20) == DATA[10:20]
        hub.faults.append(Fault("^/[0-9a-f]{64}", "short", times=100, value=3))
        with pytest.raises(UnreadableFileError, match="sends 7 bytes of 10"):
            read_range(source, WEIGHTS, 10, 20)

    @pytest.mark.parametrize(
        ("kind", "words"),
        [("shifted", "other bytes than asked for"), ("no-ranges", "hf download"), ("compressed", "hf download")],
    )
    def test_wrong_answers_are_not_taken(self, hub: HubServer, kind: str, words: str, source: Source) -> None:
        hub.faults.append(Fault("^/[0-9a-f]{64}", kind, times=100))  # type: ignore[arg-type]
        with pytest.raises(UnreadableFileError, match=words):
            read_range(source, WEIGHTS, 10, 20)
        assert source.bytes_read == 0
        assert len(hub.requests("large")) == 1

    @pytest.mark.usefixtures("model")
    def test_a_host_without_ranges_still_serves_a_start(self, hub: HubServer) -> None:
        hub.faults.append(Fault("config.json|^/[0-9a-f]{64}", "no-ranges", times=100))
        source = open_hub("org/model")
        assert read_whole(source, "config.json") == CONFIG
        assert read_range(source, WEIGHTS, 0, 1000) == DATA[:1000]
        assert source.bytes_read == len(CONFIG) + 1000

    def test_one_failure_among_many_requests(self, hub: HubServer, source: Source) -> None:
        hub.faults.append(Fault("^/[0-9a-f]{64}", "shifted", times=1))
        with pytest.raises(UnreadableFileError):
            source.read_ranges([ByteRange(WEIGHTS, start, start + 10) for start in range(0, 900_000, 100_000)])
