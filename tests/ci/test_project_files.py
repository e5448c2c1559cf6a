"""What hosts read of the project (workflows, issue forms, citation, image): valid by their schemas, and pinned."""

import fnmatch
import re
import tomllib

import click
import pytest
import yaml

from lineage_audit.cli.library import command
from tests.ci.runner import ROOT, fulfils
from tests.conftest import SLOW, TESTS

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*-*.yml"))
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_is_valid_and_every_action_is_pinned_to_a_commit(path):
    assert fulfils("vendor.github-workflows", path)
    used = re.findall(r"uses: (\S+)", path.read_text(encoding="utf-8"))
    assert used
    assert [action for action in used if not re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}", action)] == []


def test_ci_runs_the_slow_tests_and_all_others():
    assert [place for place in SLOW if not (TESTS / place).exists()] == []
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert set(re.findall(r'-m pytest .* -m "?([\w ]+)"?$', makefile, re.MULTILINE)) == {"slow", "not slow"}
    ran = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert {"make test", "make test-slow"} <= set(ran)


def test_only_the_job_that_publishes_may_write():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8"))
    assert workflow["permissions"] == {}
    assert workflow["jobs"]["build"]["permissions"] == {"contents": "read"}
    assert "secrets." not in (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")


def test_the_library_s_workflow_gives_commands_that_there_are():
    text = (ROOT / ".github" / "workflows" / "library.yml").read_text(encoding="utf-8")
    called = set(re.findall(r"lineage-audit library (\w+)", text))
    assert called == {"build", "check", "export"}
    assert called <= set(command.list_commands(click.Context(command)))


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_an_issue_form_is_valid(path):
    assert fulfils("vendor.github-issue-forms", path)


def test_the_citation_is_valid_and_of_this_version():
    path = ROOT / "CITATION.cff"
    assert fulfils("vendor.citation-file-format", path)
    citation = yaml.safe_load(path.read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (citation["version"], citation["license"]) == (project["version"], project["license"])


def test_the_image_copies_what_is_there_and_what_its_context_lets_through():
    let_through = [
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("!")
    ]
    copied = [
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
        for source in line.split()[:-1]
    ]
    assert len(copied) > 3
    for source in copied:
        assert (ROOT / source).exists()
        assert any(fnmatch.fnmatch(source, pattern) for pattern in let_through), source


def test_the_image_runs_the_tool_and_not_as_root():
    last_stage = DOCKERFILE.rsplit("\nFROM ", 1)[1]
    assert re.search(r"^USER (?!root|0\b)\w+$", last_stage, re.MULTILINE)
    assert 'ENTRYPOINT ["lineage-audit"]' in last_stage
