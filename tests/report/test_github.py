"""Findings as workflow commands: each on its line, none of a repository's text a command of its own."""

from dataclasses import replace

from lineage_audit.report.github import render_check_github
from tests.report.checks import CHECKS, FAILED, NOT_CHECKED, UNDECLARED


def test_every_finding_that_counts_stands_on_its_line():
    lines = render_check_github(FAILED).splitlines()
    assert lines[0].startswith("::error title=FAIL::")
    counting = [finding for finding in FAILED.findings if finding.counts]
    assert len(lines) == 3 + len(counting)
    assert lines[1].startswith("::notice title=Before you quote this::")
    assert all(caveat in lines[1].replace("%0A", "\n") for caveat in FAILED.caveats)
    assert lines[2].startswith("::notice title=Held against::")
    assert all(reference.ref in lines[2] for reference in FAILED.references)
    assert "of the subject's weights" in lines[2]
    (first,) = [line for line in lines if UNDECLARED.rule_id in line.split("::")[1]]
    place = UNDECLARED.location
    assert first.startswith("::error ")
    assert f"{place.file},line={place.line},title={UNDECLARED.rule_id} undeclared-base::" in first


def test_every_line_is_one_command_whatever_a_repository_writes():
    hostile = "100%\n::add-mask::secret\r\n::error file=x::y"
    report = replace(FAILED, findings=(replace(UNDECLARED, message=hostile, fix=hostile),))
    for line in render_check_github(report).splitlines():
        assert line.startswith(("::error ", "::warning ", "::notice "))
    assert "\n::add-mask" not in render_check_github(report)
    assert "100%25" in render_check_github(report)


def test_a_host_takes_ten_of_a_kind():
    many = tuple(replace(UNDECLARED, fingerprint=f"{number:064x}") for number in range(30))
    lines = render_check_github(replace(FAILED, findings=many)).splitlines()
    assert len(lines) == 10
    assert "and 24 more" in lines[-1]


def test_the_outcome_is_never_louder_than_it_is():
    kinds = {name: render_check_github(report).split()[0] for name, report in CHECKS.items()}
    assert kinds["passed"] == kinds["not-checked"] == "::notice"
    assert kinds["inconclusive"] == "::warning"
    assert "PASS" not in render_check_github(NOT_CHECKED)
