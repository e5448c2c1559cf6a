from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage_audit.checkpoint import open_checkpoint
from lineage_audit.checkpoint.composed import split_reference
from lineage_audit.errors import LineageAuditError, UnresolvedReferenceError
from tests import models


@pytest.mark.parametrize(
    ("ref", "parts"),
    [
        ("org/base", ("org/base",)),
        ("org/base+org/adapter", ("org/base", "org/adapter")),
        ("org/base@v1+org/adapter@main", ("org/base@v1", "org/adapter@main")),
        ("org/base@v1.0+build", ("org/base@v1.0+build",)),
        ("./a+./b+./c", ("./a", "./b", "./c")),
        ("org/base+/tmp/adapter", ("org/base", "/tmp/adapter")),
        ("s3://bucket/base+s3://bucket/adapter", ("s3://bucket/base", "s3://bucket/adapter")),
        ("ollama:llama3+org/adapter", ("ollama:llama3", "org/adapter")),
    ],
)
def test_splits_where_a_reference_begins(ref: str, parts: tuple[str, ...]) -> None:
    assert split_reference(ref) == parts


@pytest.mark.parametrize("ref", ["+org/a", "org/a+"])
def test_nothing_on_one_side_is_an_error(ref: str) -> None:
    with pytest.raises(UnresolvedReferenceError, match="one side"):
        split_reference(ref)


def test_a_folder_with_a_plus_in_its_name_opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = models.llama(1)
    models.write(tmp_path / "a+b", models.repository(weights, models.llama_config()))
    monkeypatch.chdir(tmp_path)
    assert split_reference("a+b") == ("a+b",)
    assert open_checkpoint("a+b").composed_of == ()
    models.write(tmp_path / "delta", models.repository({k: 0 * v for k, v in weights.items()}, models.llama_config()))
    assert open_checkpoint("a+b+delta").composed_of == ("a+b", "delta")


@given(st.text(max_size=40))
def test_any_text_is_split_or_refused(text: str) -> None:
    try:
        parts = split_reference(text)
    except LineageAuditError:
        return
    assert "+".join(parts) == text
