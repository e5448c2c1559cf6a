"""The Hub's cache on this machine, filled by the library itself."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from huggingface_hub import snapshot_download

from lineage_audit.checkpoint.source.base import read_range, read_whole
from lineage_audit.checkpoint.source.hub import open_hub
from lineage_audit.checkpoint.source.hub_environment import hub_endpoint
from tests.checkpoint.source.published import CONFIG, DATA, WEIGHTS, refused
from tests.hub_server import HubRepository, HubServer


def download(cache: Path, patterns: list[str] | None = None) -> None:
    """Fill the cache as the library does."""
    snapshot_download("org/model", endpoint=hub_endpoint(), cache_dir=cache / "hub", allow_patterns=patterns)


class TestCache:
    @pytest.mark.usefixtures("model")
    def test_cached_files_are_read_from_disk(self, hub: HubServer, tmp_path: Path) -> None:
        download(tmp_path / "hf", [WEIGHTS])
        hub.log.clear()
        source = open_hub("org/model")
        assert read_range(source, WEIGHTS, 10, 1000) == DATA[10:1000]
        assert [entry.path.partition("?")[0] for entry in hub.log] == ["/api/models/org/model"]
        assert read_whole(source, "config.json") == CONFIG
        assert source.bytes_read == 990 + len(CONFIG)

    @pytest.mark.usefixtures("model")
    def test_a_wholly_cached_model_is_local(self, tmp_path: Path) -> None:
        download(tmp_path / "hf")
        assert open_hub("org/model").is_local

    def test_an_older_commit_in_the_cache_is_not_taken(self, model: HubRepository, tmp_path: Path) -> None:
        download(tmp_path / "hf")
        model.files[WEIGHTS] = DATA[::-1]
        source = open_hub("org/model")
        assert read_range(source, WEIGHTS, 0, 100) == DATA[::-1][:100]

    @pytest.mark.usefixtures("model")
    def test_a_damaged_cache_is_passed_over(self, tmp_path: Path) -> None:
        download(tmp_path / "hf")
        next((tmp_path / "hf").rglob(WEIGHTS)).resolve().write_bytes(DATA[:500])
        assert read_range(open_hub("org/model"), WEIGHTS, 0, 1000) == DATA[:1000]

    @pytest.mark.parametrize("at", ["", "@main", "@{commit}"])
    def test_offline(
        self, hub: HubServer, model: HubRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
    ) -> None:
        download(tmp_path / "hf", [WEIGHTS, "config.json"])
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
    @pytest.mark.usefixtures("model")
    def test_offline_without_a_cache(
        self, hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ref: str
    ) -> None:
        if ref != "org/model":
            download(tmp_path / "hf")
            hub.log.clear()
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        assert "not in the Hub cache" in refused(ref)
        assert hub.log == []

    @pytest.mark.usefixtures("model")
    def test_blobs_that_repositories_share(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        download(tmp_path / "hf")
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
        self, model: HubRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        download(tmp_path / "hf")
        (tmp_path / "secret").write_text("x")
        snapshot = tmp_path / "hf/hub/models--org--model/snapshots" / model.commit
        (snapshot / "notes.txt").symlink_to(tmp_path / "secret")
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        assert "notes.txt" not in open_hub("org/model").files
