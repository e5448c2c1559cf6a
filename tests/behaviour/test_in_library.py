"""Answers in a library: controls that need not be asked again, beside fingerprints and after them."""

from __future__ import annotations

from pathlib import Path

import pytest

from lineage_audit.behaviour import write_answers
from lineage_audit.behaviour.in_library import add_to_library, answers_in_library
from lineage_audit.errors import LineageAuditError
from lineage_audit.library.database import open_database
from tests.behaviour.synthetic import PROMPTS, stranger


def _library(folder: Path, *seeds: int) -> Path:
    path = folder / "library.db"
    with open_database(path, create=True) as database:
        for seed in seeds:
            file = folder / f"{seed}.answers"
            write_answers(stranger(seed), file)
            add_to_library(file, database)
    return path


def test_what_was_added_is_found_by_what_was_asked(tmp_path: Path) -> None:
    path = _library(tmp_path, 1, 2)
    assert {answers.model for answers in answers_in_library(path, PROMPTS, "text")} == {"stranger-1", "stranger-2"}
    assert answers_in_library(path, PROMPTS, "chat") == []


def test_the_same_name_again_takes_the_place(tmp_path: Path) -> None:
    path = _library(tmp_path, 1, 2)
    write_answers(stranger(3), tmp_path / "3.answers")
    with open_database(path) as database:
        assert add_to_library(tmp_path / "3.answers", database, "stranger-1") == "stranger-1"
    assert {answers.model for answers in answers_in_library(path, PROMPTS, "text")} == {"stranger-3", "stranger-2"}


def test_a_library_without_answers_has_none(tmp_path: Path) -> None:
    assert answers_in_library(_library(tmp_path), PROMPTS, "text") == []


def test_damaged_answers_in_a_library_end_in_one_line(tmp_path: Path) -> None:
    path = _library(tmp_path)
    with open_database(path) as database:
        database.add_answers("bad", PROMPTS.name, "text", b"\x80\x04.")
    with pytest.raises(LineageAuditError, match="bad"):
        answers_in_library(path, PROMPTS, "text")
