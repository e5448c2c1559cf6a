"""``compare --certificate`` and ``verify`` as a user runs them."""

from pathlib import Path

import pytest

import lineage_audit
from lineage_audit.cli import run
from tests.cli.running import FINETUNE, PARENT

RENAMED = str(Path(PARENT).parent / "scratch-claim-renamed")
STRANGER = str(Path(PARENT).parent / "yi-style-independent")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    path = tmp_path_factory.mktemp("certificates") / "parent-renamed.json"
    assert run(["compare", PARENT, RENAMED, "--effort", "sample", "-q", "--certificate", str(path)]) == 0
    return path


def test_a_certificate_is_verified_with_its_models(certificate, capsys):
    assert run(["verify", str(certificate), PARENT, RENAMED]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("VERIFIED: ")
    assert "log10 p <= -" in shown
    assert shown.count("\ndone: ") == 4
    assert "not checked: who made either model" in shown


def test_without_its_models_nothing_but_arithmetic_is_claimed(certificate, capsys):
    assert run(["verify", str(certificate)]) == 3
    assert capsys.readouterr().out.startswith("ARITHMETIC ONLY")


def test_another_model_is_refused(certificate, capsys):
    assert run(["verify", str(certificate), PARENT, FINETUNE]) == 1
    assert "refused: model B" in capsys.readouterr().out


def test_quiet_leaves_the_exit_code(certificate, capsys):
    assert run(["verify", "-q", str(certificate), PARENT, RENAMED]) == 0
    assert not capsys.readouterr().out


def test_strangers_get_a_report_and_no_certificate(tmp_path, capsys):
    path = tmp_path / "none.json"
    assert run(["compare", PARENT, STRANGER, "--effort", "sample", "--certificate", str(path)]) == 2
    captured = capsys.readouterr()
    assert "independent" in captured.out.lower()
    assert captured.err.startswith("lineage-audit: no certificate")
    assert not path.exists()


def test_a_place_that_cannot_be_written_is_said_before_any_model_is_read(tmp_path, capsys):
    assert run(["compare", "/nowhere", "/nowhere", "--certificate", str(tmp_path / "missing" / "x.json")]) == 2
    assert "there is no folder" in capsys.readouterr().err


def test_a_certificate_is_of_no_other_weights_than_the_report(tmp_path, capsys):
    path = tmp_path / "c.json"
    assert run(["compare", PARENT, RENAMED, "--weights", "ema", "--certificate", str(path)]) == 2
    assert "leave out --weights" in capsys.readouterr().err
    assert not path.exists()


def test_python_does_the_same(certificate, tmp_path):
    path = tmp_path / "again.json"
    made = lineage_audit.certify(PARENT, RENAMED, path)
    assert path.read_bytes() == certificate.read_bytes()
    assert made.grade == "exact"
    assert lineage_audit.verify(path, PARENT, RENAMED).outcome == "verified"
