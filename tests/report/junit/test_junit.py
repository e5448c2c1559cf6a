"""JUnit XML against the Jenkins xUnit plugin's schema (data/junit-10.xsd, MIT, as pytest's sources carry it)."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from xmlschema import XMLSchema

from lineage_audit.report.junit import render_check_junit
from tests.report.checks import BARE, CHECKS, FAILED, INCONCLUSIVE, NOT_CHECKED, PASSED
from tests.report.hostile import NASTY
from tests.report.hostile_checks import with_every_string

SCHEMA = XMLSchema(Path(__file__).parent / "data" / "junit-10.xsd")


def parsed(report):
    text = render_check_junit(report)
    root = ElementTree.fromstring(text.encode("utf-8"))
    SCHEMA.validate(root)
    return root


def results(root):
    """What became of each test case, by its name."""
    return {
        case.get("name"): next((node.tag for node in case if node.tag != "system-out"), "passed")
        for case in root.iter("testcase")
    }


@pytest.mark.parametrize("name", CHECKS)
def test_checks_fulfil_the_schema(name, golden):
    parsed(CHECKS[name])
    golden(f"{name}.xml", render_check_junit(CHECKS[name]))


@pytest.mark.parametrize("text", [*NASTY, "".join(map(chr, range(0x20))), "\x7f\x80\ufffe\uffff", "]]>", "\r"])
def test_hostile_checks_are_valid_xml(text):
    for report in (FAILED, INCONCLUSIVE):
        parsed(with_every_string(report, text))


@pytest.mark.parametrize("name", CHECKS)
def test_counts_are_those_of_the_cases(name):
    root = parsed(CHECKS[name])
    for node in (root, *root.iter("testsuite")):
        found = Counter(results(node).values())
        assert int(node.get("tests")) == found.total()
        assert int(node.get("failures")) == found["failure"]
        assert int(node.get("errors")) == found["error"]
        assert int(node.get("skipped", found["skipped"])) == found["skipped"]


def test_findings_fail_from_the_level_that_fails_the_check():
    def failed_rules(fail_on):
        found = results(parsed(replace(FAILED, fail_on=fail_on)))
        return {name.split()[0] for name, result in found.items() if result == "failure"}

    assert failed_rules("error") == {"LA101", "LA104"}
    assert failed_rules("warning") == failed_rules("note") == {"LA101", "LA104", "LA203"}
    assert failed_rules("never") == set()


def test_findings_below_that_level_are_skipped_with_their_message():
    found = {name.split()[0]: result for name, result in results(parsed(FAILED)).items()}
    assert found["LA203"] == "skipped"
    skipped = {node.get("type"): node.get("message") for node in parsed(FAILED).iter("skipped")}
    assert skipped["warning"].startswith("The repository has no Notice file")


def test_an_inconclusive_check_has_no_failures():
    assert "failure" not in results(parsed(replace(INCONCLUSIVE, fail_on="note"))).values()


def test_suppressed_findings_are_skipped_with_their_reason():
    skipped = {node.get("type"): node.get("message") for node in parsed(FAILED).iter("skipped")}
    assert "A separate agreement" in skipped["suppressed"]


def test_a_passed_check_has_a_case_for_every_rule_and_reference():
    found = results(parsed(PASSED))
    assert set(found.values()) == {"passed"}
    assert len(found) == len(PASSED.rules) + len(PASSED.references) + 1


@pytest.mark.parametrize("report", [INCONCLUSIVE, BARE])
def test_an_inconclusive_check_is_an_error_and_no_unfired_rule_passes(report):
    root = parsed(report)
    found = results(root)
    assert found["everything could be checked"] == "error"
    fired = {finding.rule_id for finding in report.findings}
    for rule in report.rules:
        if rule.rule_id not in fired:
            assert found[f"{rule.rule_id} {rule.name}"] == "skipped"
    for reference in report.references:
        assert found[f"weights compared with {reference.ref}"] == "skipped"


def test_of_a_check_that_had_nothing_to_check_everything_is_skipped():
    assert set(results(parsed(NOT_CHECKED)).values()) == {"skipped"}


def test_a_check_that_passes_by_policy_still_shows_what_was_not_checked():
    found = results(parsed(replace(INCONCLUSIVE, outcome="passed")))
    assert found["everything could be checked"] == "skipped"
