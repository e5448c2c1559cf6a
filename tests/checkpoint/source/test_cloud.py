from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("fsspec")

from lineage_audit.checkpoint import open_checkpoint
from lineage_audit.checkpoint.source import open_source
from lineage_audit.checkpoint.source.addresses import shown_address
from lineage_audit.checkpoint.source.base import ByteRange
from lineage_audit.checkpoint.source.stores import open_store
from lineage_audit.errors import LineageAuditError, UnreadableFileError, UnresolvedReferenceError
from tests import models
from tests.checkpoint.composed.adapters import adapter, llama_updates, merged
from tests.hub_server import CrowdServer, HubRepository, HubServer

WEIGHTS = models.llama(1)
FILES = models.repository(WEIGHTS, models.llama_config())


def _same_as(ref: str, weights: models.Weights) -> None:
    ours, theirs = open_checkpoint(ref), models.model(weights)
    for tensor in theirs.tensors:
        values = ours.rows(ours.by_key[tensor.key], 0, tensor.shape[0])
        np.testing.assert_array_equal(values, theirs.rows(tensor, 0, tensor.shape[0]))


@pytest.fixture
def memory() -> Iterator[Any]:
    import fsspec

    store = fsspec.filesystem("memory")
    store.store.clear()
    for name, data in {**FILES, ".hidden": b"x", "a/b/c/too-deep.safetensors": b"x"}.items():
        store.pipe_file(f"/bucket/m/{name}", data)
    yield store
    store.store.clear()


@pytest.mark.parametrize("path", ["bucket/m", "bucket/m/", "bucket/m/model.safetensors"])
@pytest.mark.usefixtures("memory")
def test_a_folder_or_a_file_in_a_store(path: str) -> None:
    source = open_source(f"memory://{path}")
    assert set(source.files) == set(FILES)
    assert not source.is_local
    _same_as(f"memory://{path}", WEIGHTS)


def test_what_changes_meanwhile_is_noticed(memory: Any) -> None:
    source = open_source("memory://bucket/m")
    memory.pipe_file("/bucket/m/model.safetensors", b"short")
    with pytest.raises(UnreadableFileError, match="other bytes"):
        source.read_ranges([ByteRange("model.safetensors", 0, 100)])
    memory.rm("/bucket/m/model.safetensors")
    with pytest.raises(UnreadableFileError, match="cannot be read"):
        source.read_ranges([ByteRange("model.safetensors", 0, 100)])
    with pytest.raises(UnreadableFileError, match="shorter"):
        source.read_ranges([ByteRange("model.safetensors", 0, 1 << 40)])


@pytest.mark.parametrize(
    ("ref", "message"),
    [
        ("memory://bucket/none", "nothing is there"),
        ("nosuchstore://bucket/m", "no store is known"),
        ("zip://x::memory://bucket/m", "chained"),
        ("memory://bucket/\x1b", "chained"),
    ],
)
def test_what_cannot_be_opened_is_one_line(ref: str, message: str) -> None:
    with pytest.raises(UnresolvedReferenceError, match=message) as caught:
        open_source(ref)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["s3", "gs", "az", "abfs"])
def test_a_missing_library_names_the_extra(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    with pytest.raises(UnresolvedReferenceError, match=r"\[cloud\]"):
        open_source(f"{scheme}://b/m")


@pytest.mark.parametrize(
    ("ref", "shown"),
    [
        ("s3://key:secret@bucket/m", "s3://bucket/m"),
        ("https://me:pw@host:8/a?sig=1#x", "https://host:8/a"),
        ("https://host/a@b/c", "https://host/a@b/c"),
        ("org/name", "org/name"),
        ("./a?b", "./a?b"),
    ],
)
def test_credentials_are_not_shown(ref: str, shown: str) -> None:
    assert shown_address(ref) == shown


def test_files_of_this_machine_by_their_address(tmp_path: Path) -> None:
    models.write(tmp_path / "my model", FILES)
    _same_as(f"file://{tmp_path}/my%20model", WEIGHTS)


def test_the_hub_by_its_address(hub: HubServer) -> None:
    hub.add(HubRepository("org/model", FILES, frozenset({"model.safetensors"})))
    _same_as("hf://org/model@main", WEIGHTS)
    with pytest.raises(LineageAuditError, match="Hub id"):
        open_source("hf://datasets/org/model/x")


def test_an_adapter_of_the_hub_on_a_base_of_the_hub(hub: HubServer) -> None:
    updates = llama_updates(1)
    hub.add(HubRepository("org/base", FILES, frozenset({"model.safetensors"})))
    hub.add(HubRepository("org/adapter", adapter(updates), frozenset({"adapter_model.safetensors"})))
    checkpoint = open_checkpoint("org/base+org/adapter@main")
    whole = models.model(merged(WEIGHTS, updates))
    for tensor in whole.tensors:
        values = checkpoint.rows(checkpoint.by_key[tensor.key], 0, tensor.shape[0])
        np.testing.assert_allclose(values, whole.rows(tensor, 0, tensor.shape[0]), rtol=1e-6, atol=1e-7)
    assert checkpoint.revision is not None
    assert not checkpoint.source.is_local


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "key-of-the-tests",
        "AWS_SECRET_ACCESS_KEY": "secret-of-the-tests",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }.items():
        monkeypatch.setenv(name, value)
    pause = {"init_backoff": timedelta(milliseconds=1), "max_backoff": timedelta(milliseconds=5), "base": 2}
    quick = {"max_retries": 2, "retry_timeout": timedelta(seconds=60), "backoff": pause}
    monkeypatch.setattr("lineage_audit.checkpoint.source.stores._RETRIES", quick)


@pytest.fixture
def s3(credentials: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:  # noqa: ARG001 - they come first
    pytest.importorskip("obstore")
    server_module = pytest.importorskip("moto.server")
    import boto3

    server = server_module.ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    client = boto3.client("s3")
    client.create_bucket(Bucket="bucket")
    for name, data in FILES.items():
        client.put_object(Bucket="bucket", Key=f"models/m/{name}", Body=data)
    yield
    server.stop()


@pytest.mark.usefixtures("s3")
def test_s3() -> None:
    _same_as("s3://bucket/models/m", WEIGHTS)
    _same_as("s3://bucket/models/m/model.safetensors", WEIGHTS)
    checkpoint = open_checkpoint("s3://bucket/models/m")
    before = checkpoint.source.bytes_read
    checkpoint.rows(checkpoint.tensors[0], 3, 5)
    assert checkpoint.source.bytes_read - before == 2 * models.SMALL.hidden * 4
    for missing in ("s3://bucket/models/none", "s3://no-such-bucket-at-all/m"):
        with pytest.raises(UnresolvedReferenceError) as caught:
            open_source(missing)
        assert "secret-of-the-tests" not in str(caught.value)


@dataclass
class _Faulty:
    """A host of one file, that answers as it is told to."""

    url: str
    answer: str = "well"
    asked: int = 0


@pytest.fixture
def faulty(credentials: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[_Faulty]:  # noqa: ARG001 - they come first
    pytest.importorskip("obstore")
    host = _Faulty("")

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            host.asked += 1
            if host.answer == "hangs up":
                return
            start, stop = map(int, self.headers["Range"].removeprefix("bytes=").split("-"))
            body = FILES["model.safetensors"][start : stop + 1]
            self.send_response({"refuses": 403, "is busy": 503}.get(host.answer, 206))
            for name, value in {
                "ETag": '"1"',
                "Last-Modified": "Wed, 21 Oct 2015 07:28:00 GMT",
                "Content-Range": f"bytes {start}-{stop}/{len(FILES['model.safetensors'])}",
                "Content-Length": str(len(body)),
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if host.answer == "stops halfway" else body)

    server = CrowdServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    host.url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", host.url)
    yield host
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("answer", ["refuses", "is busy", "hangs up", "stops halfway"])
def test_a_store_with_faults_gives_one_line_and_no_wrong_byte(faulty: _Faulty, answer: str) -> None:
    store, path = open_store("s3://bucket/m/model.safetensors")
    wanted = [ByteRange(path, 10, 20), ByteRange(path, 500, 900)]
    assert store.read(wanted) == [FILES["model.safetensors"][piece.start : piece.stop] for piece in wanted]
    faulty.answer, faulty.asked = answer, 0
    with pytest.raises(PermissionError if answer == "refuses" else ConnectionError) as caught:
        store.read(wanted)
    assert "secret-of-the-tests" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert faulty.asked <= 3 * len(wanted)
