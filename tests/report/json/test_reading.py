"""Documents read back: every result comes out as it went in, and nothing else is taken for one."""

import json
import math

import pytest

from lineage_audit import LineageAuditError, Report
from lineage_audit.report.json import document_of, result_from, to_json
from tests.report.checks import CHECKS
from tests.report.results import ONE_OF_EACH, RESULTS
from tests.report.samples import REPORTS


@pytest.mark.parametrize("result", RESULTS, ids=lambda result: type(result).__name__)
def test_a_document_holds_the_whole_result(result, tmp_path):
    file = tmp_path / "report.json"
    file.write_text(to_json(result), encoding="utf-8")
    for form in (to_json(result), to_json(result).encode(), document_of(result), file):
        assert document_of(result_from(form)) == document_of(result)
    assert type(result_from(file)) is type(result)


_ADDED = (
    "with_declared",
    "weights",
    "inconclusive",
    "baseline",
    "certificates",
)  # since the first document of its version
_OPTIONAL = ("run", "coverage", "requantization", "prompting", "controls", "quoted", "certificate", "schema", *_ADDED)


@pytest.mark.parametrize("result", ONE_OF_EACH, ids=lambda result: type(result).__name__)
def test_a_document_that_lacks_a_member_or_holds_another_type_is_refused(result):
    document = document_of(result)
    for name in document:
        if name not in _OPTIONAL:
            with pytest.raises(LineageAuditError):
                result_from({key: value for key, value in document.items() if key != name})
            with pytest.raises(LineageAuditError):
                result_from({**document, name: object()})


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"schema": "lineage-audit/report/9"}', "{" * 100_000, b"\xff"])
def test_what_is_no_report_is_refused_in_one_line(text):
    with pytest.raises(LineageAuditError) as caught:
        result_from(text if isinstance(text, bytes) else "{" + text[1:])
    assert "\n" not in str(caught.value)


def test_a_closed_set_stays_closed():
    document = document_of(ONE_OF_EACH[0])
    document["verdict"] = {**document["verdict"], "relation": "stolen"}
    with pytest.raises(LineageAuditError, match="none of identical, derived"):
        result_from(document)


def test_a_class_takes_its_own_documents_only(tmp_path):
    report, check = REPORTS["derived"], CHECKS["failed"]
    assert Report.from_json(report.to_json()).to_dict() == report.to_dict()
    with pytest.raises(LineageAuditError, match="CheckReport, not a Report"):
        Report.from_json(check.to_json())
    with pytest.raises(LineageAuditError, match="cannot be read"):
        Report.from_json(tmp_path / "missing.json")


def test_whole_numbers_are_numbers_and_truth_values_are_not():
    document = json.loads(to_json(ONE_OF_EACH[0]))
    read = result_from({**document, "seconds": 3})
    assert math.isclose(read.seconds, 3.0)
    assert isinstance(read.seconds, float)
    with pytest.raises(LineageAuditError):
        result_from({**document, "seconds": True})
