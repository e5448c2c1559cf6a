"""``lineage-audit fingerprint``, and fingerprints where models go."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lineage_audit.cli import run
from lineage_audit.library.fingerprint import read_fingerprint
from tests.cli.running import FINETUNE, PARENT, SAMPLES, TWIN

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("fingerprints") / "parent.fingerprint"
    assert run(["fingerprint", PARENT, "-o", str(path), "-q"]) == 0
    return str(path)


def test_a_fingerprint_goes_where_a_model_goes(parent: str, tmp_path: Path) -> None:
    finetune, report = tmp_path / "finetune.fingerprint", tmp_path / "report.json"
    assert run(["fingerprint", FINETUNE, "-o", str(finetune), "-q"]) == 0
    for a, b in ((parent, FINETUNE), (PARENT, str(finetune)), (parent, str(finetune))):
        assert run(["compare", a, b, "-q", "--fail-on", "derived", "-o", str(report)]) == 1
        stated = json.loads(report.read_text())
        assert stated["verdict"]["relation"] == "derived"
        assert stated["verdict"]["detection_limit"] < 0.05
        assert any("Compared by fingerprints" in caveat for caveat in stated["verdict"]["caveats"])
    assert run(["compare", parent, TWIN, "-q", "--fail-on", "shared-origin"]) == 0


def test_every_format_takes_the_report(parent: str, tmp_path: Path) -> None:
    for suffix in ("json", "md", "txt"):
        out = tmp_path / f"report.{suffix}"
        assert run(["compare", parent, FINETUNE, "-v", "-o", str(out)]) == 0
        assert out.stat().st_size > 500


def test_a_fingerprint_is_a_reference_of_a_check(parent: str, tmp_path: Path) -> None:
    out = tmp_path / "check.json"
    renamed = str(SAMPLES / "scratch-claim-renamed")
    assert run(["check", renamed, "--earlier", parent, "-q", "-o", str(out)]) == 1
    rules = {finding["rule_id"] for finding in json.loads(out.read_text())["findings"]}
    assert {"LA101", "LA104"} <= rules


def test_many_models_go_to_a_folder_and_failures_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listed = tmp_path / "models.txt"
    listed.write_text(f"# models\n{FINETUNE}  # the derivative\n\n/nowhere\n")
    assert run(["fingerprint", TWIN, "--list", str(listed), "--into", str(tmp_path / "out")]) == 2
    captured = capsys.readouterr()
    assert "2 of 3 models have a fingerprint" in captured.out
    assert "failed: /nowhere" in captured.err
    assert len([read_fingerprint(path) for path in (tmp_path / "out").iterdir()]) == 2


def test_what_was_asked_has_to_make_sense(parent: str, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (
        ["fingerprint", PARENT], ["fingerprint", "-o", "x"], ["fingerprint", PARENT, TWIN, "-o", "x"],
        ["fingerprint", PARENT, "-o", "x", "--into", "y"], ["fingerprint", "/nowhere", "-o", "/nowhere/x"],
        ["fingerprint", PARENT, "-o", "/nowhere/x"], ["compare", parent, FINETUNE, "--parent", TWIN],
    ):  # fmt: skip
        assert run(arguments) == 2
        assert "Traceback" not in capsys.readouterr().err
