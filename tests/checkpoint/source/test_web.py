from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from lineage_audit.checkpoint import open_checkpoint
from lineage_audit.checkpoint.source import answers, open_source
from lineage_audit.checkpoint.source.base import ByteRange
from lineage_audit.errors import LineageAuditError, UnreadableFileError, UnresolvedReferenceError
from tests import models
from tests.checkpoint.composed.adapters import adapter, llama_updates, merged
from tests.checkpoint.formats.gguf_files import converted, write_gguf
from tests.checkpoint.source.range_server import WebServer, serving

WEIGHTS = models.llama(1)
FILES = models.repository(WEIGHTS, models.llama_config(), README=b"x") | {"README.md": b"---\nlicense: mit\n---\n"}


@pytest.fixture(autouse=True)
def _no_proxy_and_short_pauses(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    from huggingface_hub.utils import close_session

    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(answers, "FIRST_WAIT", 0.001)
    close_session()
    yield
    close_session()


@pytest.fixture
def web() -> Iterator[WebServer]:
    with serving(FILES) as server:
        yield server


def _same_as(ref: str, weights: models.Weights) -> None:
    ours, theirs = open_checkpoint(ref), models.model(weights)
    for tensor in theirs.tensors:
        values = ours.rows(ours.by_key[tensor.key], 0, tensor.shape[0])
        np.testing.assert_allclose(values, theirs.rows(tensor, 0, tensor.shape[0]), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("path", ["models/m", "models/m/", "models/m/model.safetensors"])
def test_a_folder_or_a_file_is_read_with_what_stands_beside_it(web: WebServer, path: str) -> None:
    checkpoint = open_checkpoint(web.address(path))
    assert checkpoint.config.text("model_type") == "llama"
    assert [claim.value for claim in checkpoint.claims.of("license")] == ["mit"]
    assert not checkpoint.source.is_local
    _same_as(web.address(path), WEIGHTS)


def test_shards_are_taken_from_the_index() -> None:
    files = {**models.sharded(WEIGHTS, 3), "config.json": FILES["config.json"]}
    with serving(files) as web:
        _same_as(web.address("models/m"), WEIGHTS)


def test_shards_of_a_gguf_are_taken_from_its_name(tmp_path: Path) -> None:
    weights = converted(WEIGHTS, models.SMALL.heads, models.SMALL.kv_heads)
    write_gguf(tmp_path / "m.gguf", weights, config=models.llama_config(), split=8)
    files = {path.name: path.read_bytes() for path in tmp_path.glob("*.gguf")}
    assert len(files) > 1
    with serving(files) as web:
        _same_as(web.address(f"models/m/{min(files)}"), WEIGHTS)


def test_only_the_rows_asked_for_are_fetched() -> None:
    large = {**WEIGHTS, "lm_head.weight": np.zeros((4096, models.SMALL.hidden), dtype=np.float32)}
    with serving(models.repository(large, models.llama_config(vocab_size=4096))) as web:
        checkpoint = open_checkpoint(web.address("models/m"))
        before = web.sent
        checkpoint.rows(checkpoint.by_key[next(t.key for t in checkpoint.tensors if t.role == "lm_head")], 5, 9)
        assert web.sent - before == 4 * models.SMALL.hidden * 4


def test_connections_are_kept(web: WebServer) -> None:
    source = open_source(web.address("models/m"))
    before = web.connections
    for start in range(0, 200, 10):
        source.read_ranges([ByteRange("model.safetensors", start, start + 10)])
    assert web.connections <= before + 1


def test_an_adapter_on_the_web_on_a_base_on_the_web(web: WebServer) -> None:
    web.files |= {f"/models/a/{name}": data for name, data in adapter(llama_updates(1)).items()}
    _same_as(f"{web.address('models/m')}+{web.address('models/a')}", merged(WEIGHTS, llama_updates(1)))


def test_a_signature_is_sent_and_never_printed(web: WebServer) -> None:
    web.query = "X-Signature=s3cr3t&b=1"
    source = open_source(web.address("models/m/model.safetensors?X-Signature=s3cr3t&b=1"))
    assert "s3cr3t" not in source.ref
    assert source.files
    with pytest.raises(LineageAuditError) as caught:
        open_source(web.address("models/m/model.safetensors?X-Signature=0ther"))
    assert "0ther" not in str(caught.value)


def test_a_password_is_sent_and_never_printed(web: WebServer) -> None:
    web.login = ("me", "s3cr3t")
    source = open_source(web.address("models/m", login="me:s3cr3t@"))
    assert source.files
    assert source.ref == web.address("models/m")
    with pytest.raises(UnresolvedReferenceError, match="name and password") as caught:
        open_source(web.address("models/m", login="me:wr0ng@"))
    assert "wr0ng" not in str(caught.value)


def test_a_page_for_everything_is_no_model(web: WebServer) -> None:
    web.page_for_missing = True
    with pytest.raises(UnresolvedReferenceError, match="no model there"):
        open_source(web.address("models/other"))


@pytest.mark.parametrize(
    ("path", "message"),
    [("models/other", "no model there"), ("models/m/other.safetensors", "nothing there"), ("", "no model there")],
)
def test_what_is_not_there_is_said(web: WebServer, path: str, message: str) -> None:
    with pytest.raises(UnresolvedReferenceError, match=message):
        open_source(web.address(path))


def test_a_server_without_ranges_is_refused(web: WebServer) -> None:
    web.serves_ranges = False
    with pytest.raises(UnreadableFileError, match="byte ranges"):
        open_source(web.address("models/m"))


def test_a_busy_server_is_asked_again(web: WebServer) -> None:
    web.failures = 3
    _same_as(web.address("models/m"), WEIGHTS)


def test_a_file_that_changes_meanwhile_is_noticed(web: WebServer) -> None:
    source = open_source(web.address("models/m"))
    web.files["/models/m/model.safetensors"] = bytes(len(FILES["model.safetensors"]))
    with pytest.raises(UnreadableFileError, match="changed"):
        source.read_ranges([ByteRange("model.safetensors", 0, 8)])
    with pytest.raises(UnreadableFileError, match="shorter"):
        source.read_ranges([ByteRange("model.safetensors", 0, 1 << 40)])


def test_an_index_may_not_lead_out(web: WebServer) -> None:
    web.files["/models/m/model.safetensors.index.json"] = b'{"weight_map": {"a": "../secret.safetensors"}}'
    with pytest.raises(UnreadableFileError, match="outside the repository"):
        open_source(web.address("models/m"))


@pytest.mark.parametrize("ref", ["http://", "http:///x", "http://host:99999/x", "https://[::1/x", "http://h\x1b/x"])
def test_what_is_no_address_is_one_line(ref: str) -> None:
    with pytest.raises(LineageAuditError) as caught:
        open_source(ref)
    assert "\n" not in str(caught.value)


def test_a_host_that_is_not_there(web: WebServer) -> None:
    port = web.port
    web._server.server_close()
    with pytest.raises(UnresolvedReferenceError, match="cannot be reached"):
        open_source(f"http://127.0.0.1:{port}/models/m/model.safetensors?token=s3cr3t")


def test_a_host_that_sends_a_byte_now_and_then_is_not_waited_for(
    web: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = open_checkpoint(web.address("models/m"))
    monkeypatch.setattr(answers, "TIMEOUT", 0.05)
    web.pause = 0.01
    with pytest.raises(UnreadableFileError, match="bytes a second"):
        checkpoint.rows(checkpoint.tensors[0], 0, 4)
