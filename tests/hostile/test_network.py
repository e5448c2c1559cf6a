"""A network that fails while a model is compared: no wrong verdict, one clear line, bounded time, no token anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import lineage_audit
from lineage_audit.checkpoint.source import answers
from lineage_audit.checkpoint.source.answers import within
from lineage_audit.errors import LineageAuditError
from tests.hostile.family import SOUND, WEIGHTS
from tests.hostile.guarded import CANARY, behaves, run_guarded
from tests.hub_server import Fault, HubRepository, HubServer, running_hub
from tests.models import noisy, safetensors, write

CHILD = {**SOUND, "model.safetensors": safetensors(noisy(WEIGHTS, 2, 0.1))}
WEIGHT_FILE = "^/[0-9a-f]{64}"
ALWAYS = 1000


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[HubServer]:
    """A Hub with one model, the token that it wants, and no patience wasted."""
    with running_hub() as server:
        server.token = CANARY
        server.add(HubRepository("org/child", dict(CHILD), lfs=frozenset({"model.safetensors"}), gated=True))
        monkeypatch.setenv("HF_ENDPOINT", server.endpoint)
        monkeypatch.setenv("HF_TOKEN", CANARY)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
        monkeypatch.setattr(answers, "FIRST_WAIT", 0.0)
        yield server


@pytest.fixture
def good(tmp_path: Path) -> str:
    return str(write(tmp_path / "good", SOUND))


def relation(good: str) -> str:
    return lineage_audit.compare(good, "org/child").verdict.relation


def test_a_connection_dropped_at_any_byte(hub: HubServer, good: str) -> None:
    """Once: tried again, and the verdict stands. Always: an error, and no verdict at all."""
    size = len(CHILD["model.safetensors"])
    for at in (0, 1, 7, 8, 9, 500, size // 2, size - 1):
        hub.faults[:] = [Fault(WEIGHT_FILE, "drop", times=1, value=at)]
        assert relation(good) == "derived"
    for at in (0, 1, 8, 500):
        hub.faults[:] = [Fault(WEIGHT_FILE, "drop", times=ALWAYS, value=at)]
        with pytest.raises(LineageAuditError) as caught:
            relation(good)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("path", ["/api/", "config.json", "tokenizer|README", WEIGHT_FILE])
@pytest.mark.parametrize("status", [500, 502, 503, 504, 404, 403, 302, 204])
def test_an_error_status_anywhere(hub: HubServer, good: str, path: str, status: int) -> None:
    """Nothing but a caveat for the words, an error for the rest; what was not read never counts as read."""
    hub.faults[:] = [Fault(path, "status", times=ALWAYS, value=status)]
    try:
        report = lineage_audit.compare(good, "org/child")
    except LineageAuditError as error:
        assert "\n" not in str(error)
        assert CANARY not in str(error)
        return
    left_out = "config.json" if path == "config.json" else "README.md"
    assert path == "config.json" or "README" in path
    assert report.verdict.relation == "derived"
    assert any(left_out in caveat for caveat in report.verdict.caveats)


@pytest.mark.parametrize(("kind", "value"), [("short", 3), ("shifted", 0), ("no-ranges", 0), ("compressed", 0)])
def test_answers_of_the_wrong_length_or_place(hub: HubServer, good: str, kind: str, value: int) -> None:
    hub.faults[:] = [Fault(WEIGHT_FILE, kind, times=ALWAYS, value=value)]  # type: ignore[arg-type]
    with pytest.raises(LineageAuditError):
        relation(good)


def test_a_host_that_sends_a_byte_now_and_then(hub: HubServer, good: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A timeout for each byte would never end; the speed is measured, and the whole answer has its time."""
    hub.faults[:] = [Fault(WEIGHT_FILE, "drip", times=ALWAYS, value=0.02)]
    monkeypatch.setattr(answers, "TIMEOUT", 0.3)
    with pytest.raises(LineageAuditError, match="bytes a second"):
        relation(good)
    hub.faults[:] = [Fault("config.json", "slow", times=ALWAYS, value=2.0)]
    monkeypatch.setattr(answers, "TIMEOUT", 30.0)
    monkeypatch.setattr(answers, "within", lambda _seconds, *rest: within(0.3, *rest))
    report = lineage_audit.compare(good, "org/child")
    assert any("bytes a second" in caveat for caveat in report.verdict.caveats)


def test_the_file_changes_on_the_hub_between_header_and_rows(hub: HubServer, good: str) -> None:
    """The commit is pinned, and a place in the store belongs to one content: rows of another file never come."""
    repository = hub.repositories["org/child"]
    fewer = CHILD["model.safetensors"][:-4096]
    with pytest.raises(LineageAuditError):
        _compare_while(good, lambda: repository.files.update({"model.safetensors": fewer}))


def _compare_while(good: str, change: object) -> None:
    from lineage_audit.checkpoint import open_checkpoint
    from lineage_audit.comparison import compare_checkpoints

    theirs = open_checkpoint("org/child")
    change()  # type: ignore[operator]
    compare_checkpoints(open_checkpoint(good), theirs)


def test_the_token_goes_to_the_hub_and_nowhere_else(hub: HubServer, tmp_path: Path) -> None:
    good = str(write(tmp_path / "good", SOUND))
    environment = {"HF_ENDPOINT": hub.endpoint, "HF_HUB_OFFLINE": "0", "NO_PROXY": "*"}
    hosts = [address.removeprefix("http://").replace("localhost", "127.0.0.1") for address in
             (hub.endpoint, hub.large_files)]  # fmt: skip
    hosts += [f"::1:{hosts[1].rpartition(':')[2]}"]
    commands = [["compare", good, "org/child"], ["check", "org/child", "--reference", good, "--format", "sarif"],
                ["inspect", "org/child", "--format", "json"], ["compare", good, "org/absent"]]  # fmt: skip
    ran = run_guarded(tmp_path, commands, hosts, environment)
    for one, codes in zip(ran, [(0,), (0, 1, 3), (0,), (2,)], strict=True):
        behaves(one, codes)
    assert all(not request.authorized for request in hub.requests("large"))
    assert any(request.authorized for request in hub.requests("hub"))


def test_a_password_in_the_endpoint_is_not_repeated(monkeypatch: pytest.MonkeyPatch, good: str, hub: HubServer) -> None:
    monkeypatch.setenv("HF_ENDPOINT", hub.endpoint.replace("http://", "http://user:p4ssw0rd@"))
    hub.faults[:] = [Fault("/api/", "status", times=ALWAYS, value=404)]
    with pytest.raises(LineageAuditError) as caught:
        relation(good)
    assert "p4ssw0rd" not in str(caught.value)
