"""A slip in a local path is said to be one, and asks the network nothing."""

import pytest

from lineage_audit.checkpoint.source import open_source
from lineage_audit.errors import UnresolvedReferenceError


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    (tmp_path / "sample_checkpoints" / "llama-style-parent").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("lineage_audit.checkpoint.source.hub.open_hub", lambda ref: pytest.fail(f"asked for {ref}"))


@pytest.mark.parametrize(
    ("ref", "meant"),
    [
        ("sample_checkpoints/llama-style-parrent", "did you mean sample_checkpoints/llama-style-parent?"),
        ("sample_checkpoint/llama-style-parent", "did you mean sample_checkpoints/llama-style-parent?"),
        ("sample_checkpoints/something-else", "no such file or folder here, nothing was asked"),
    ],
)
def test_a_mistyped_path_is_no_request(ref, meant):
    with pytest.raises(UnresolvedReferenceError) as caught:
        open_source(ref)
    assert meant in str(caught.value)


def test_what_resembles_nothing_here_is_a_hub_id(monkeypatch):
    asked = []
    monkeypatch.setattr("lineage_audit.checkpoint.source.hub.open_hub", asked.append)
    open_source("meta-llama/Llama-2-7b-hf")
    assert asked == ["meta-llama/Llama-2-7b-hf"]
