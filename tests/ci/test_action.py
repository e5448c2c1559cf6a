"""The action: what it declares, and its scripts run under bash as a host runs them."""

import re
from itertools import pairwise

import pytest

from tests.ci.runner import ACTION, FAKE, ROOT, Host, action_steps, fulfils, run_action


@pytest.fixture
def host(tmp_path):
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    return Host(tmp_path / "host", workspace, FAKE)


def check_call(host):
    """The arguments of the check and the file endings that it was asked to write."""
    arguments = host.called("lineage-audit")
    written = [later for now, later in pairwise(arguments) if now == "-o"]
    return arguments, {name.split("/lineage-audit.")[-1] for name in written}


def test_the_action_fulfils_the_published_schema():
    assert fulfils("vendor.github-actions", ROOT / "action.yml")


def test_no_expression_is_part_of_a_script():
    for step in action_steps():
        assert "${{" not in step["run"]


def test_every_input_and_output_is_described_and_used():
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    documentation = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    for name in ACTION["inputs"]:
        assert f"inputs.{name}" in text
        assert f"| `{name}` |" in documentation
    for name, output in ACTION["outputs"].items():
        assert output["value"] == f"${{{{ steps.check.outputs.{name} }}}}"
        assert f"`{name}`" in documentation


def test_sarif_is_uploaded_whatever_the_outcome():
    upload = ACTION["runs"]["steps"][-1]
    assert upload["uses"].startswith("github/codeql-action/upload-sarif@")
    assert "always()" in upload["if"]
    assert "inputs.upload-sarif == 'true'" in upload["if"]


def test_an_upload_that_fails_reddens_nothing():
    assert ACTION["runs"]["steps"][-1]["continue-on-error"] is True


def test_every_action_is_pinned_to_a_commit():
    texts = [(ROOT / name).read_text(encoding="utf-8") for name in ("action.yml", "docs/ci.md")]
    used = [name for text in texts for name in re.findall(r"^\s*-? ?uses: (\S+)", text, re.MULTILINE)]
    assert used
    for name in used:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", name), name


@pytest.mark.parametrize(
    ("code", "outcome"),
    [(0, "passed"), (0, "not-checked"), (1, "failed"), (2, "error"), (3, "inconclusive"), (130, "error")],
)
def test_the_exit_code_is_kept_after_everything_is_written(host, code, outcome):
    host.environment |= {"FAKE_EXIT_CODE": str(code), "FAKE_OUTCOME": outcome}
    *_, check = run_action(host, subject="models/nova", formats="sarif")
    assert check.returncode == code
    reports = host.temporary / "lineage-audit-reports"
    assert host.outputs() == {
        "outcome": outcome,
        "exit-code": str(code),
        "reports": str(reports),
        "sarif": str(reports / "lineage-audit.sarif"),
    }
    assert host.summary.read_text(encoding="utf-8") == "written for md\n"
    assert "written for txt" in check.stdout


def test_inputs_become_arguments(host):
    run_action(
        host,
        subject="models/nova 7b",
        references="org/base@abc\n\n  fingerprints/my base.json  \n",
        earlier="org/older\n",
        base="org/common\n",
        budget="64MiB",
        library="known bases.library",
        policy="audit policy.yaml",
        fail_on="warning",
        no_declared="true",
        inconclusive="warn",
        formats="sarif, junit,json  cyclonedx",
    )
    arguments, endings = check_call(host)
    assert arguments[0] == "check"
    assert [argument for argument in arguments if argument.startswith("--reference")] == [
        "--reference=org/base@abc",
        "--reference=fingerprints/my base.json",
    ]
    assert {"--earlier=org/older", "--base=org/common", "--budget=64MiB", "--library=known bases.library"} <= set(
        arguments
    )
    asked = {"--policy=audit policy.yaml", "--fail-on=warning", "--no-declared", "--inconclusive=warn"}
    assert asked <= set(arguments)
    assert arguments[-2:] == ["--", "models/nova 7b"]
    assert endings == {"txt", "md", "sarif", "xml", "json", "cdx.json"}


def test_without_inputs_the_policy_decides(host):
    run_action(host, subject=".")
    arguments, endings = check_call(host)
    options = (
        "--reference",
        "--policy",
        "--fail-on",
        "--no-declared",
        "--inconclusive",
        "--base",
        "--budget",
        "--library",
    )
    assert not [argument for argument in arguments if argument.startswith(options)]
    assert endings == {"txt", "md", "json", "sarif"}


def test_no_format_leaves_the_sarif_output_empty(host):
    run_action(host, subject=".", formats="")
    assert host.outputs()["sarif"] == ""


def test_the_checkout_is_installed_and_nothing_by_name(host):
    run_action(host, subject=".")
    assert host.called("pip")[-1] == f"{ROOT}[bom,spdx]"


HOSTILE = ("$(touch pwned)", "`touch pwned`", "; touch pwned", '"; touch pwned; "', "--version", "*", "a\nb=c", "-")


@pytest.mark.parametrize("text", HOSTILE)
def test_an_input_is_never_run(host, text):
    run_action(host, subject=text, references=text, policy=text, fail_on=text, inconclusive=text, no_declared=text)
    arguments, _ = check_call(host)
    assert arguments[-2:] == ["--", text]
    assert f"--policy={text}" in arguments
    assert f"--inconclusive={text}" in arguments
    assert set(host.outputs()) == {"outcome", "exit-code", "reports", "sarif"}
    assert list(host.workspace.iterdir()) == []


@pytest.mark.parametrize("text", [*HOSTILE[:5], "pdf"])
def test_an_unknown_format_is_an_error(host, text):
    *_, check = run_action(host, subject=".", formats=text)
    assert check.returncode == 2
    assert host.outputs()["outcome"] == "error"
    assert "formats takes sarif, json, junit, cyclonedx and spdx" in check.stdout
    assert host.called("lineage-audit") == []
    assert list(host.workspace.iterdir()) == []


def test_the_report_in_the_log_gives_the_runner_no_commands(tmp_path):
    program = FAKE.replace("written for %s", "::add-mask::%s")
    host = Host(tmp_path / "host", tmp_path, program)
    *_, check = run_action(host, subject=".")
    lines = check.stdout.splitlines()
    token = lines[0].removeprefix("::stop-commands::")
    assert len(token) == 32
    end = lines.index(f"::{token}::")
    assert "::add-mask::txt" in lines[1:end]
    assert lines[end + 1 :] == ["::notice::an annotation"]


def test_annotations_can_be_left_out(host):
    *_, check = run_action(host, subject=".", annotations="false")
    assert "::notice::an annotation" not in check.stdout


def test_reports_of_an_earlier_step_do_not_stay(host):
    run_action(host, subject="one", formats="sarif")
    host.outputs_file.unlink()
    run_action(host, subject="two", formats="json")
    names = {path.name for path in (host.temporary / "lineage-audit-reports").iterdir()}
    assert names == {"lineage-audit.txt", "lineage-audit.md", "lineage-audit.json"}
    assert host.outputs()["sarif"] == ""
