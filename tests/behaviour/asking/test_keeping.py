"""Kept answers: nobody is asked twice, and answers of other weights are not taken for these."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lineage_audit.behaviour import Answers, answers_of
from lineage_audit.behaviour.asking import keeping
from lineage_audit.behaviour.asking.keeping import Kept
from tests.behaviour.synthetic import PROMPTS, stranger

SEEN_BY_NOBODY = stranger(3)


def test_answers_that_were_kept_are_found(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "answers")
    kept.keep("org/model", SEEN_BY_NOBODY)
    found = answers_of("org/model", PROMPTS, kept=kept)
    assert found.model == SEEN_BY_NOBODY.model
    assert kept.find("org/another", PROMPTS, "text") is None
    assert kept.find("org/model", PROMPTS, "chat") is None


def test_whoever_was_asked_is_not_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def ask(ref: str, *_: object, **__: object) -> Answers:
        asked.append(ref)
        return stranger(4)

    monkeypatch.setattr("lineage_audit.behaviour.asking.local.ask_local", ask)
    first, again = (answers_of("./model", PROMPTS, kept=Kept(tmp_path)) for _ in range(2))
    assert asked == ["./model"]
    assert first.content == again.content


def test_other_weights_under_the_same_name_are_asked_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Kept(tmp_path)
    kept.keep("org/model", replace(SEEN_BY_NOBODY, digest="one"))
    monkeypatch.setattr(keeping, "_digest_now", lambda _ref: "one")
    assert kept.find("org/model", PROMPTS, "text") is not None
    monkeypatch.setattr(keeping, "_digest_now", lambda _ref: "another")
    assert kept.find("org/model", PROMPTS, "text") is None


def test_a_damaged_file_is_as_good_as_none(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    kept.keep("org/model", SEEN_BY_NOBODY)
    path = kept.path_of("org/model", PROMPTS.name, "text")
    assert path is not None
    path.write_bytes(path.read_bytes()[:100])
    assert kept.find("org/model", PROMPTS, "text") is None


def test_references_that_read_alike_have_files_of_their_own(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    paths = {kept.path_of(ref, "1", "text") for ref in ("org/model", "org-model", "org:model", "../org/model")}
    assert len(paths) == 4
    assert all(path is not None and path.parent == tmp_path for path in paths)
