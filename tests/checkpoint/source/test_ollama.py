from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

from lineage_audit.checkpoint import open_checkpoint
from lineage_audit.checkpoint.source.ollama import open_ollama
from lineage_audit.errors import LineageAuditError
from tests import models
from tests.checkpoint.composed.adapters import ALPHA, RANK, adapter, llama_updates, merged
from tests.checkpoint.formats.gguf_files import converted, permuted, write_gguf

WEIGHTS = models.llama(1)
CONFIG = models.llama_config()
HEADS, KV_HEADS = models.SMALL.heads, models.SMALL.kv_heads
LICENCE = b"Apache License\nVersion 2.0, January 2004\n"


class Store:
    """A store on disk as Ollama lays it out."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def blob(self, data: bytes, kind: str) -> dict[str, Any]:
        digest = hashlib.sha256(data).hexdigest()
        path = self.root / "blobs" / f"sha256-{digest}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return {
            "mediaType": f"application/vnd.ollama.image.{kind}",
            "digest": f"sha256:{digest}",
            "size": len(data),
        }

    def manifest(self, layers: object, path: str = "registry.ollama.ai/library/tiny/latest") -> Path:
        manifest = self.root / "manifests" / path
        manifest.parent.mkdir(parents=True, exist_ok=True)
        manifest.write_text(json.dumps({"schemaVersion": 2, "layers": layers}), encoding="utf-8")
        return manifest


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("OLLAMA_MODELS", str(tmp_path / "store"))
    return Store(tmp_path / "store")


@pytest.fixture
def model(tmp_path: Path) -> bytes:
    return write_gguf(tmp_path / "m.gguf", converted(WEIGHTS, HEADS, KV_HEADS), config=CONFIG).read_bytes()


def _gguf_adapter(path: Path) -> bytes:
    """As convert_lora_to_gguf writes it: q and k in llama.cpp's rotary order."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_string("general.type", "adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", float(ALPHA))
    for module, (a, b) in llama_updates(1).items():
        heads = KV_HEADS if "k_proj" in module else HEADS
        b = permuted(b, heads, heads) if "q_proj" in module or "k_proj" in module else b
        name = next(iter(converted({f"{module}.weight": np.zeros((32, 1), np.float32)}, HEADS, HEADS)))
        writer.add_tensor(f"{name}.lora_a", np.ascontiguousarray(a))
        writer.add_tensor(f"{name}.lora_b", np.ascontiguousarray(b))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path.read_bytes()


def _same_as(ref: str, weights: models.Weights) -> None:
    ours, theirs = open_checkpoint(ref), models.model(weights)
    for tensor in theirs.tensors:
        counterpart = ours.by_key[tensor.key]
        np.testing.assert_allclose(
            ours.rows(counterpart, 0, tensor.shape[0]), theirs.rows(tensor, 0, tensor.shape[0]), rtol=1e-6, atol=1e-7
        )


@pytest.mark.parametrize(
    ("ref", "path"),
    [
        ("ollama:tiny", "registry.ollama.ai/library/tiny/latest"),
        ("ollama:tiny:7b-q4", "registry.ollama.ai/library/tiny/7b-q4"),
        ("ollama:someone/tiny", "registry.ollama.ai/someone/tiny/latest"),
        ("ollama:hf.co/org/tiny:Q4_K_M", "hf.co/org/tiny/Q4_K_M"),
    ],
)
def test_names_lead_to_manifests(store: Store, model: bytes, ref: str, path: str) -> None:
    store.manifest([store.blob(model, "model"), store.blob(LICENCE, "license")], path)
    checkpoint = open_checkpoint(ref)
    assert checkpoint.container.format == "gguf"
    assert [claim.kind for claim in checkpoint.claims.items if claim.file == "LICENSE"] == ["license_text"]
    _same_as(ref, WEIGHTS)


def test_an_adapter_in_the_store_is_put_on_the_model(store: Store, model: bytes, tmp_path: Path) -> None:
    layers = [store.blob(model, "model"), store.blob(_gguf_adapter(tmp_path / "a.gguf"), "adapter")]
    store.manifest(layers)
    _same_as("ollama:tiny", merged(WEIGHTS, llama_updates(1)))


def test_a_published_adapter_is_put_on_a_stored_model(store: Store, model: bytes, tmp_path: Path) -> None:
    """Names and the rotary order differ between the two: the modules are found by their places."""
    store.manifest([store.blob(model, "model")])
    folder = models.write(tmp_path / "adapter", adapter(llama_updates(1), r=RANK))
    _same_as(f"ollama:tiny+{folder}", merged(WEIGHTS, llama_updates(1)))


def test_a_missing_model_says_what_there_is(store: Store, model: bytes) -> None:
    store.manifest([store.blob(model, "model")])
    with pytest.raises(LineageAuditError, match=r"ollama pull tiny:70b .*latest"):
        open_ollama("ollama:tiny:70b")


@pytest.mark.parametrize(
    "ref",
    [
        "ollama:",
        "ollama:../../etc/passwd",
        "ollama:..",
        "ollama:a/../b",
        "ollama:a:..",
        "ollama:/etc",
        "ollama:a/b/c/d",
        "ollama:x\0y",
        "ollama:../a/b/c",
    ],
)
@pytest.mark.usefixtures("store")
def test_names_do_not_lead_out_of_the_store(ref: str) -> None:
    with pytest.raises(LineageAuditError, match="ollama:NAME"):
        open_ollama(ref)


@pytest.mark.parametrize(
    "layers",
    [
        None,
        [],
        {},
        ["x"],
        [{"mediaType": "application/vnd.ollama.image.model"}],
        [{"mediaType": "application/vnd.ollama.image.model", "digest": "sha256:../../x", "size": 1}],
        [{"mediaType": "application/vnd.ollama.image.model", "digest": "sha256:" + "0" * 64, "size": 1}],
        [{"mediaType": "application/vnd.ollama.image.model", "digest": 7, "size": True}],
        [{"mediaType": "application/vnd.ollama.image.license", "digest": "sha256:" + "0" * 64, "size": 1}],
        [{"mediaType": ["x"], "digest": [], "size": {}}],
    ],
)
def test_a_damaged_manifest_is_one_clear_line(store: Store, layers: object) -> None:
    store.manifest(layers)
    with pytest.raises(LineageAuditError) as caught:
        open_ollama("ollama:tiny")
    assert "\n" not in str(caught.value)


def test_a_blob_of_another_size_is_refused(store: Store, model: bytes) -> None:
    layer = store.blob(model, "model")
    store.manifest([{**layer, "size": layer["size"] + 1}])
    with pytest.raises(LineageAuditError, match="of its manifest"):
        open_ollama("ollama:tiny")


def test_links_out_of_the_store_are_refused(store: Store, model: bytes, tmp_path: Path) -> None:
    layer = store.blob(model, "model")
    store.manifest([layer])
    blob = store.root / "blobs" / layer["digest"].replace(":", "-")
    blob.rename(tmp_path / "outside")
    blob.symlink_to(tmp_path / "outside")
    with pytest.raises(LineageAuditError, match="link out of"):
        open_ollama("ollama:tiny")


def test_a_huge_manifest_is_not_read(store: Store) -> None:
    manifest = store.manifest([])
    with manifest.open("ab") as file:
        file.truncate(1 << 33)
    with pytest.raises(LineageAuditError, match="larger than any manifest"):
        open_ollama("ollama:tiny")
