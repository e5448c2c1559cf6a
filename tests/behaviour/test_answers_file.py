"""Files of answers: what is written is read, and what is no file of answers ends in one line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lineage_audit.behaviour import Answers, read_answers, write_answers
from lineage_audit.behaviour.answers_file import LARGEST_FILE, SCHEMA, from_bytes, to_bytes
from lineage_audit.errors import LineageAuditError, UnreadableFileError
from lineage_audit.library.fingerprint.file import write_container
from tests.behaviour.synthetic import stranger

ANSWERS = stranger(1)


def test_a_file_gives_back_what_was_written(tmp_path: Path) -> None:
    some = replace(ANSWERS, unseen=np.where(np.arange(len(ANSWERS.unseen)) % 5 == 0, np.nan, 0.0).astype(np.float32))
    path = tmp_path / "one.answers"
    size = write_answers(some, path)
    back = read_answers(path)
    assert size == path.stat().st_size < LARGEST_FILE
    assert (back.model, back.prompts, back.manner, back.source) == (some.model, some.prompts, "text", "synthetic")
    assert (back.answered == some.answered).all()
    assert np.allclose(back.seen, some.seen, rtol=0.01, atol=1e-6)


def test_writing_what_was_read_changes_nothing() -> None:
    once = from_bytes(to_bytes(ANSWERS), "once")
    assert to_bytes(from_bytes(to_bytes(once), "twice")) == to_bytes(once)


def test_a_local_model_is_named_without_its_folders(tmp_path: Path) -> None:
    back = from_bytes(to_bytes(replace(ANSWERS, model=str(tmp_path / "model"))), "name")
    assert back.model == "model"


def _file(likely: np.ndarray, unseen: np.ndarray, schema: str = SCHEMA, **names: str) -> bytes:
    document = json.dumps({"model": "m", "prompts": "1", "manner": "text", **names})
    return write_container({"log_probabilities": likely, "unseen": unseen}, {schema: document})


def _bad_files() -> dict[str, bytes]:
    good = to_bytes(ANSWERS)
    stops, classes = ANSWERS.seen.shape
    likely = np.full((stops, classes), -6, dtype=np.float16)
    unseen = np.zeros(stops, dtype=np.float16)
    return {
        "empty": b"",
        "cut": good[: len(good) // 2],
        "other": b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00",
        "schema": _file(likely, unseen, schema="lineage-audit/fingerprint/1"),
        "manner": _file(likely, unseen, manner="song"),
        "type": _file(likely.astype(np.float64), unseen),
        "shape": _file(likely[:, 1:], unseen),
        "length": _file(likely[1:], unseen),
        "nan": _file(np.full_like(likely, np.nan), unseen),
        "positive": _file(np.full_like(likely, 1), unseen),
        "above-one": _file(np.full_like(likely, -0.5), unseen),
        "unseen": _file(likely, np.full_like(unseen, 2)),
        "long-name": _file(likely, unseen, model="m" * 5000),
        "deep": (12).to_bytes(8, "little") + b"[" * 12,
    }


BAD = _bad_files()


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_holds_no_answers_is_refused_in_one_line(name: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.answers"
    path.write_bytes(BAD[name])
    with pytest.raises(UnreadableFileError) as raised:
        read_answers(path)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.answers"
    with path.open("wb") as file:
        file.truncate(LARGEST_FILE + 1)
    with pytest.raises(UnreadableFileError, match="more than"):
        read_answers(path)


def test_nothing_is_left_where_a_file_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(LineageAuditError, match="cannot be written"):
        write_answers(ANSWERS, tmp_path / "missing" / "one.answers")


def test_equal_numbers_have_one_content_whatever_the_model_is_called() -> None:
    other: Answers = replace(ANSWERS, model="another")
    assert other.content == ANSWERS.content != stranger(2).content
