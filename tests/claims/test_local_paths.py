"""Of a model on this machine a report holds its folder's name, never where that lies."""

import json

import pytest

from lineage_audit import check
from lineage_audit.report import render
from lineage_audit.results import CheckReport
from tests.claims.repositories import base_weights, card, derived_weights, write_model
from tests.report.results import texts_written_here


@pytest.fixture
def models(tmp_path):
    secret = tmp_path / "home-of-somebody"
    base = write_model(secret / "first-base", base_weights(), card({"license": "cc-by-nc-4.0"}))
    subject = write_model(secret / "subject", derived_weights(), card({"license": "mit"}))
    return subject, base


def test_no_format_says_where_the_models_lie(models):
    subject, base = models
    policy = subject.parent / "policy.yml"
    policy.write_text("fail-on: warning\n")
    report = check(str(subject), earlier=[str(base)], policy=policy)
    assert report.subject.ref == "subject"
    assert [reference.ref for reference in report.references] == ["first-base"]
    assert report.policy == "policy.yml"
    for form in texts_written_here(CheckReport):
        assert "home-of-somebody" not in str(render(report, form)), form


def test_what_lies_below_the_working_directory_keeps_its_relative_path(models, monkeypatch):
    subject, base = models
    monkeypatch.chdir(subject.parents[1])
    report = check(str(subject), earlier=[str(base)])
    assert report.subject.ref == "home-of-somebody/subject"


def test_a_fingerprint_is_the_same_wherever_the_models_lie(models, tmp_path):
    subject, base = models
    elsewhere = tmp_path / "elsewhere"
    subject.parent.rename(elsewhere)
    moved = check(str(elsewhere / "subject"), earlier=[str(elsewhere / "first-base")])
    elsewhere.rename(subject.parent)
    stayed = check(str(subject), earlier=[str(base)])
    assert [one.fingerprint for one in moved.findings] == [one.fingerprint for one in stayed.findings]


def test_a_report_is_dated_in_utc(models):
    subject, base = models
    report = check(str(subject), [str(base)], effort="metadata")
    assert json.loads(render(report, "json"))["checked_at"] == report.checked_at
    assert json.loads(render(report, "sarif"))["runs"][0]["invocations"][0]["startTimeUtc"] == report.checked_at
    assert f'timestamp="{report.checked_at}"' in render(report, "junit")
    assert report.checked_at in render(report, "html")


def test_what_a_comparison_warns_of_stands_in_the_check(models):
    subject, base = models
    report = check(str(subject), [str(base)])
    assert any(caveat.startswith("first-base: Which came first is not shown") for caveat in report.caveats)
    assert report.references[0].compared_share is not None
