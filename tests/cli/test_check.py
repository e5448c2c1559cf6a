"""``lineage-audit check`` from end to end: exit codes, files, baseline, one line on stderr for errors."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from lineage_audit.checkpoint.checkpoint import Checkpoint
from lineage_audit.checkpoint.source.folder import FolderSource
from lineage_audit.cli import run
from tests.claims.repositories import base_weights, card, derived_weights, write_model

SAMPLES = Path(__file__).parents[2] / "sample_checkpoints"
PARENT = str(SAMPLES / "llama-style-parent")
UNTRUE = str(SAMPLES / "scratch-claim-renamed")


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch, tmp_path):
    """A working directory without a policy."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("name", "code"),
    [("scratch-claim-renamed", 1), ("llama-style-finetune", 0), ("yi-style-independent", 0)],
)
def test_the_samples_end_as_their_cards_deserve(name, code, capsys):
    assert run(["check", str(SAMPLES / name), "--earlier", PARENT]) == code
    assert name in capsys.readouterr().out


def test_without_a_reference_there_is_nothing_to_stop_for():
    assert run(["check", UNTRUE, "-q"]) == 0
    assert run(["check", UNTRUE, "-q", "--inconclusive", "fail"]) == 1


@pytest.mark.parametrize(("level", "code"), [("never", 0), ("note", 1)])
def test_fail_on(level, code):
    assert run(["check", UNTRUE, "--earlier", PARENT, "--fail-on", level, "-q"]) == code


def test_several_files_at_once_read_the_models_once(tmp_path, monkeypatch, capsys):
    reads = []
    original = FolderSource.read_ranges
    monkeypatch.setattr(
        FolderSource, "read_ranges", lambda self, ranges: reads.append(self.ref) or original(self, ranges)
    )
    assert run(["check", UNTRUE, "--earlier", PARENT, "-q"]) == 1
    alone = len(reads)
    names = ["report.json", "report.sarif", "report.xml", "report.md", "report.txt"]
    outputs = [part for name in names for part in ("-o", str(tmp_path / name))]
    assert run(["check", UNTRUE, "--earlier", PARENT, *outputs]) == 1
    assert len(reads) == 2 * alone
    assert capsys.readouterr().out == ""
    document = json.loads((tmp_path / "report.json").read_text())
    assert document["outcome"] == "failed"
    assert json.loads((tmp_path / "report.sarif").read_text())["version"] == "2.1.0"
    assert ElementTree.parse(tmp_path / "report.xml").getroot().get("failures") == "3"
    assert "LA202" in (tmp_path / "report.md").read_text()


def test_format_says_what_stdout_gets(capsys):
    assert run(["check", UNTRUE, "--earlier", PARENT, "--format", "json"]) == 1
    assert [found["rule_id"] for found in json.loads(capsys.readouterr().out)["findings"]] == [
        "LA101",
        "LA104",
        "LA202",
    ]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["./no-such-folder"], "no-such-folder"),
        ([UNTRUE, "--reference", "./no-such-folder"], "no-such-folder"),
        ([UNTRUE, "--policy", "none.yml"], "none.yml"),
        ([UNTRUE, "--baseline", "none.json"], "none.json"),
        ([UNTRUE, "-o", "report.docx"], "report.docx"),
        ([UNTRUE, "--update-baseline"], "--baseline FILE"),
        ([UNTRUE, "--earlier", PARENT, "-o", "no/such/folder.json", "-q"], "no/such/folder.json"),
    ],
)
def test_errors_outrank_findings_and_say_what_is_wrong(arguments, complaint, capsys):
    assert run(["check", *arguments]) == 2
    captured = capsys.readouterr()
    assert complaint in captured.err
    assert "Traceback" not in captured.err


def test_a_baseline_is_written_and_holds(tmp_path, capsys):
    arguments = ["check", UNTRUE, "--earlier", PARENT, "--baseline", str(tmp_path / "known.json")]
    assert run([*arguments, "--update-baseline", "-q"]) == 0
    entries = json.loads((tmp_path / "known.json").read_text())["findings"]
    assert [entry["rule"] for entry in entries] == ["LA101", "LA104", "LA202"]
    assert all(entry["subject"].startswith("sha256:") and entry["reference"] for entry in entries)
    assert run([*arguments, "-q"]) == 0
    assert capsys.readouterr().out == ""
    assert run([*arguments, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["baseline"] == "known.json"


def test_the_working_directory_has_a_policy(tmp_path):
    (tmp_path / "pyproject.toml").write_text('[tool.lineage-audit]\nfail-on = "never"\n')
    assert run(["check", UNTRUE, "--earlier", PARENT, "-q"]) == 0


def test_declared_bases_can_be_left_out(tmp_path):
    write_model(tmp_path / "base", base_weights(), card({"license": "cc-by-4.0"}))
    front = {"license": "cc-by-4.0", "base_model": "base"}
    subject = write_model(tmp_path / "subject", derived_weights(), card(front))
    assert run(["check", str(subject), "-q"]) == 0
    assert run(["check", str(subject), "--no-declared", "-q", "--inconclusive", "fail"]) == 1


def test_nothing_is_read_before_the_outputs_are_known_to_be_writable(monkeypatch):
    monkeypatch.setattr(Checkpoint, "read", lambda *_: pytest.fail("a weight was read"))
    assert run(["check", UNTRUE, "--earlier", PARENT, "-o", "report.unknown"]) == 2
