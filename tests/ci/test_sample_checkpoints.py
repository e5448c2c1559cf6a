"""The action and the documented job on the sample checkpoints, with the real command."""

import json
from xml.etree import ElementTree

import pytest

from tests.ci.runner import ROOT, Host, run_action
from tests.ci.test_documented_jobs import run_gitlab

PARENT = "sample_checkpoints/llama-style-parent"
TRUTH = {
    "scratch-claim-renamed": (1, "failed", "FAIL"),
    "llama-style-finetune": (0, "passed", "PASS"),
    "yi-style-independent": (0, "passed", "PASS"),
}


@pytest.mark.parametrize("name", TRUTH)
def test_the_action_goes_red_for_the_untrue_card_alone(name, tmp_path):
    code, outcome, word = TRUTH[name]
    subject = f"sample_checkpoints/{name}"
    host = Host(tmp_path / "host", ROOT)
    *_, check = run_action(host, subject=subject, earlier=PARENT, formats="sarif json junit cyclonedx")
    assert (check.returncode, check.stderr) == (code, "")
    outputs = host.outputs()
    assert outputs["outcome"] == outcome
    assert host.summary.read_text(encoding="utf-8").startswith(f"## {word}: ")
    assert word in check.stdout
    reports = host.temporary / "lineage-audit-reports"
    run = json.loads((reports / "lineage-audit.sarif").read_text(encoding="utf-8"))["runs"][0]
    for result in run["results"]:
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert uri.startswith(f"{subject}/")
        assert (ROOT / uri).is_file()
    assert json.loads((reports / "lineage-audit.json").read_text(encoding="utf-8"))["outcome"] == outcome
    assert json.loads((reports / "lineage-audit.cdx.json").read_text(encoding="utf-8"))["bomFormat"] == "CycloneDX"
    failures = int(ElementTree.parse(reports / "lineage-audit.xml").getroot().get("failures"))
    assert bool(failures) == (outcome == "failed")


def test_a_missing_subject_is_an_error_of_one_line(tmp_path):
    host = Host(tmp_path / "host", tmp_path)
    *_, check = run_action(host, subject="./no-such-folder")
    assert check.returncode == 2
    assert host.outputs()["outcome"] == "error"
    assert check.stderr.count("\n") == 1


def test_a_check_against_nothing_is_neither_red_nor_a_pass(tmp_path):
    host = Host(tmp_path / "host", ROOT)
    *_, check = run_action(host, subject="sample_checkpoints/yi-style-independent", formats="junit")
    assert check.returncode == 0
    assert host.outputs()["outcome"] == "not-checked"
    assert host.summary.read_text(encoding="utf-8").startswith("## NOT CHECKED: ")
    cases = ElementTree.parse(host.temporary / "lineage-audit-reports" / "lineage-audit.xml").getroot()
    tests, skipped = (sum(int(suite.get(name)) for suite in cases) for name in ("tests", "skipped"))
    assert tests == skipped


def test_the_gitlab_job_writes_its_artifacts(tmp_path):
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (workspace / "sample_checkpoints").symlink_to(ROOT / "sample_checkpoints")
    host = Host(tmp_path / "host", workspace)
    job = run_gitlab(host, SUBJECT="sample_checkpoints/llama-style-finetune", REFERENCE=PARENT)
    assert job.returncode == 0
    for name in ("lineage-audit.xml", "lineage-audit.cdx.json", "lineage-audit.md"):
        assert (workspace / name).stat().st_size > 0
