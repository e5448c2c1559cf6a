"""A Hub on this machine and an empty cache, for tests of the real client."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lineage_audit.checkpoint.source import answers
from lineage_audit.checkpoint.source.base import Source
from lineage_audit.checkpoint.source.hub import open_hub
from tests.checkpoint.source.published import CONFIG, DATA, WEIGHTS
from tests.hub_server import HubRepository, HubServer, running_hub


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """A running Hub that the environment points to, with an empty cache, no token, and short pauses."""
    from huggingface_hub.utils import close_session

    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "no-token"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr(answers, "FIRST_WAIT", 0.001)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    close_session()
    with running_hub() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.endpoint)
        yield server
    close_session()


@pytest.fixture
def model(hub: HubServer) -> HubRepository:
    """``org/model``, published with one large file."""
    files = {"config.json": CONFIG, WEIGHTS: DATA, "a b/ü.txt": b"x"}
    return hub.add(HubRepository("org/model", files, frozenset({WEIGHTS})))


@pytest.fixture
def source(model: HubRepository) -> Source:
    """``org/model``, opened."""
    return open_hub(model.name)
