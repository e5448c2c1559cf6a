import json
from copy import deepcopy
from dataclasses import fields, replace
from math import inf, nan
from typing import get_args

import pytest
from jsonschema import Draft202012Validator

from lineage_audit import results
from lineage_audit.report.json import document_of, schema_of, to_json
from lineage_audit.results.figures import NullFamily, Stage
from tests.report.samples import DERIVED, INDEPENDENT, REPORTS

REPORT_VALIDATOR = Draft202012Validator(schema_of(results.Report))


@pytest.mark.parametrize("name", ["derived", "independent", "inconclusive"])
def test_report(name, golden):
    golden(f"{name}.json", to_json(REPORTS[name]))


@pytest.mark.parametrize("name", REPORTS)
def test_reports_fulfil_the_schema(name):
    REPORT_VALIDATOR.validate(json.loads(to_json(REPORTS[name])))


def test_the_schema_follows_the_result_types():
    definitions = schema_of(results.Report)["$defs"]
    for name, kind in {
        "model": results.ModelSummary,
        "verdict": results.Verdict,
        "operation": results.Operation,
        "architecture": results.ArchitectureFinding,
        "field": results.FieldComparison,
        "names": results.NamesFinding,
        "rename": results.Rename,
        "tokenizer": results.TokenizerFinding,
        "role_delta": results.RoleDelta,
        "layer": results.LayerRow,
        "requantization": results.Requantization,
        "controlled_number": results.ControlledNumber,
        "certificate": results.CertificateLink,
        "quoted": results.QuotedFigures,
        "control": results.Control,
        "requantized_tensor": results.RequantizedTensor,
        "evidence": results.Evidence,
        "layer_evidence": results.LayerEvidence,
        "spread": results.NullSpread,
        "cell": results.RoleLayer,
        "layer_pairs": results.LayerPairs,
        "stage": results.ExplainedStage,
        "spectrum": results.DeltaSpectrum,
    }.items():
        assert list(definitions[name]["properties"]) == [field.name for field in fields(kind)]
    closed_sets = {
        ("verdict", "relation"): results.Relation,
        ("verdict", "direction"): results.Direction,
        ("verdict", "grade"): results.Grade,
        ("operation", "kind"): results.OperationKind,
        ("evidence", "status"): results.Status,
        ("evidence", "grade"): results.Grade,
        ("spread", "family"): NullFamily,
        ("stage", "stage"): Stage,
    }
    for (name, member), literal in closed_sets.items():
        assert definitions[name]["properties"][member]["enum"] == list(get_args(literal))
    assert schema_of(results.Report)["properties"]["effort"]["enum"] == list(get_args(results.Effort))


def test_members_stand_in_the_order_of_the_schema():
    document = document_of(DERIVED)
    assert list(document) == schema_of(results.Report)["required"]
    assert list(document["layers"][0])[:3] == ["b", "a", "correlation"]
    assert "layers" not in document["weights"]


BROKEN = {
    "another schema": ("schema", "lineage-audit/report/1"),
    "an unknown relation": ("verdict.relation", "similar"),
    "an unknown direction": ("verdict.direction", "a<-b"),
    "an unknown operation": ("verdict.operations.0.kind", "copied"),
    "an unknown effort": ("effort", "auto"),
    "a share above one": ("verdict.derived_share", 1.5),
    "a p-value above one": ("verdict.log10_p", 3.0),
    "a number as text": ("a.parameters", "6.74B"),
    "a negative count": ("names.same", -1),
    "a skipped test without a reason": ("evidence.3.reason", None),
    "a measured test with a reason": ("evidence.0.reason", "because"),
    "a skipped test with a p-value": ("evidence.3.log10_p", -6.0),
    "a member too many": ("verdict.score", 0.99),
    "a layer without its number": ("layers.0.b", None),
}


@pytest.mark.parametrize("what", BROKEN)
def test_the_schema_rejects(what):
    path, value = BROKEN[what]
    document = deepcopy(document_of(DERIVED))
    *way, last = path.split(".")
    node = document
    for step in way:
        node = node[int(step) if isinstance(node, list) else step]
    node[last] = value
    assert not REPORT_VALIDATOR.is_valid(document)


@pytest.mark.parametrize("member", schema_of(results.Report)["required"])
def test_the_schema_rejects_a_report_without(member):
    document = document_of(DERIVED)
    del document[member]
    assert not REPORT_VALIDATOR.is_valid(document)


@pytest.mark.parametrize("value", [nan, inf, -inf])
def test_what_json_has_no_number_for_is_null(value):
    verdict = replace(DERIVED.verdict, log10_p=value, explained_variance=value, detection_limit=value)
    roles = tuple(replace(role, correlation=value) for role in DERIVED.weights.roles)
    report = replace(DERIVED, verdict=verdict, weights=replace(DERIVED.weights, roles=roles))
    document = json.loads(to_json(report), parse_constant=pytest.fail)
    assert document["verdict"]["log10_p"] is None
    assert document["weights"]["roles"][0]["correlation"] is None
    REPORT_VALIDATOR.validate(document)


def test_text_is_utf8_with_a_newline_at_the_end():
    report = replace(INDEPENDENT, a=replace(INDEPENDENT.a, ref="模型/\ud800\u202e\x1b\x7f\U000e0041"))
    text = to_json(report)
    text.encode("utf-8")
    assert text.endswith("}\n")
    assert r"模型/\\ud800\u202e\u001b\u007f\udb40\udc41" in text
    assert json.loads(text)["a"]["ref"] == "模型/\\ud800\u202e\x1b\x7f\U000e0041"


def test_a_value_of_a_foreign_type_is_refused():
    report = replace(DERIVED, parameters={"rows": object()})  # type: ignore[dict-item]
    with pytest.raises(TypeError, match="a report holds no object"):
        document_of(report)
