"""``lineage-audit behave`` as a user runs it: what it says, with which exit code, and what it leaves."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from benchmarks.behaviour.serving import Manners, serving
from lineage_audit.behaviour import write_answers
from lineage_audit.report.json import schema_of
from lineage_audit.results import Behaviour
from tests.behaviour.asking.speakers import WordSpeaker
from tests.behaviour.synthetic import stranger, strangers, student_of
from tests.cli.running import PARENT, TWIN, called


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Answers of a teacher, a student, a stranger, and a folder of controls."""
    folder = tmp_path_factory.mktemp("answers")
    write_answers(stranger(1), folder / "teacher.answers")
    write_answers(student_of(1, of=1), folder / "student.answers")
    write_answers(stranger(2), folder / "stranger.answers")
    (folder / "controls").mkdir()
    for control in strangers(6):
        write_answers(control, folder / "controls" / f"{control.model}.answers")
    return folder


def _behave(files: Path, b: str, *more: str) -> tuple[int, str, str]:
    done = called("behave", str(files / "teacher.answers"), str(files / b), "--control", str(files / "controls"), *more)
    return done.returncode, done.stdout, done.stderr


def test_a_student_of_answers_leans(files: Path) -> None:
    code, shown, complained = _behave(files, "student.answers")
    assert (code, complained) == (0, "")
    assert "ANSWERS LEAN" in shown
    assert "1/7" in shown
    assert "derive" not in shown.lower()


def test_the_document_fulfils_its_schema_and_reads_back(files: Path) -> None:
    code, shown, _ = _behave(files, "stranger.answers", "--format", "json")
    document = json.loads(shown)
    jsonschema.Draft202012Validator(schema_of(Behaviour)).validate(document)
    assert (code, document["outcome"]) == (0, "none")
    assert Behaviour.from_json(shown).controls[0].model.source == "synthetic"


def test_a_lean_fails_only_where_that_was_asked_for(files: Path) -> None:
    assert _behave(files, "student.answers", "--fail-on", "leans", "-q")[0] == 1
    assert _behave(files, "stranger.answers", "--fail-on", "leans", "-q")[0] == 0


def test_too_few_controls_are_no_pass(files: Path) -> None:
    done = called("behave", str(files / "teacher.answers"), str(files / "student.answers"))
    assert done.returncode == 3
    assert "INCONCLUSIVE" in done.stdout


def test_cost_is_told_and_nobody_is_asked(tmp_path: Path) -> None:
    done = called("behave", PARENT, TWIN, "--cost", "--answers", str(tmp_path))
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.count("64 passages") == 2
    assert list(tmp_path.iterdir()) == []


def test_controls_stand_in_a_library(files: Path, tmp_path: Path) -> None:
    library = str(tmp_path / "library.db")
    controls = map(str, sorted((files / "controls").iterdir()))
    added = called("library", "add", *controls, "--library", library)
    assert added.stdout.count("answers added") == 6
    models = (str(files / "teacher.answers"), str(files / "student.answers"))
    done = called("behave", *models, "--library", library, "--format", "json")
    assert len(json.loads(done.stdout)["controls"]) == 6
    assert json.loads(done.stdout)["outcome"] == "leans"


def test_what_the_weights_say_stands_beside_and_needs_weights(files: Path) -> None:
    done = called("behave", str(files / "teacher.answers"), PARENT, "--with-weights", "--cost")
    assert done.returncode == 0
    done = called("behave", *(str(files / f"{name}.answers") for name in ("teacher", "student")), "--with-weights")
    assert done.returncode == 2
    assert "shows no weights" in done.stderr


def test_an_endpoint_is_asked_no_more_than_was_allowed(files: Path) -> None:
    with serving(WordSpeaker(), Manners(echoes=False)) as served:
        models = (str(files / "teacher.answers"), f"{served.base}#m")
        refused = called("behave", *models, "--most-requests", "10")
        assert (refused.returncode, served.asked) == (2, [])
    assert "--most-requests" in refused.stderr
    assert "requests" in refused.stderr.splitlines()[0]


def test_an_endpoint_s_answers_are_held_against_others(files: Path, tmp_path: Path) -> None:
    with serving(WordSpeaker(), Manners()) as served:
        models = (str(files / "teacher.answers"), f"{served.base}#m\x1b[31m")
        options = ("--control", str(files / "controls"), "--answers", str(tmp_path), "--format", "json")
        done = called("behave", *models, *options)
        before = len(served.asked)
        called("behave", *models, *options)
        assert len(served.asked) == before
    assert "\x1b" not in done.stderr + done.stdout
    found = json.loads(done.stdout)
    assert found["b"]["source"] == "completions, echoed, 20 shown"
    assert found["b"]["digest"] is None


def test_what_is_no_model_is_one_line_and_exit_2(files: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.answers"
    bad.write_bytes(b"\x80\x04.")
    done = called("behave", str(files / "teacher.answers"), str(bad))
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
