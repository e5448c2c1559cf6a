import json
from copy import deepcopy
from dataclasses import fields, replace
from math import nan
from typing import get_args

import pytest
from jsonschema import Draft202012Validator

from lineage_audit import results
from lineage_audit.report.json import document_of, schema_of, to_json
from tests.report.checks import CHECKS, FAILED, UNDECLARED

SCHEMA = schema_of(results.CheckReport)
VALIDATOR = Draft202012Validator(SCHEMA)


@pytest.mark.parametrize("name", CHECKS)
def test_checks_fulfil_the_schema(name, golden):
    text = to_json(CHECKS[name])
    VALIDATOR.validate(json.loads(text))
    golden(f"check-{name}.json", text)


def test_the_schema_is_valid_and_describes_every_property():
    Draft202012Validator.check_schema(SCHEMA)
    for node in (SCHEMA, *SCHEMA["$defs"].values()):
        assert node["additionalProperties"] is False
        assert node["required"] == list(node["properties"])
        assert all(value["description"].endswith(".") for value in node["properties"].values())


def test_the_schema_follows_the_result_types():
    definitions = SCHEMA["$defs"]
    for name, kind in {
        "model": results.ModelSummary,
        "location": results.Location,
        "claim": results.ClaimRecord,
        "licence": results.LicenceStatement,
        "ancestor": results.AncestorSummary,
        "reference": results.ReferenceSummary,
        "library": results.LibrarySearch,
        "suppression": results.Suppression,
        "rule": results.RuleInfo,
        "edit": results.Edit,
        "finding": results.Finding,
    }.items():
        assert list(definitions[name]["properties"]) == [field.name for field in fields(kind)]
    own = [field.name for field in fields(results.CheckReport) if field.name != "tool_version"]
    assert list(SCHEMA["properties"]) == ["schema", "tool", *own]
    assert list(document_of(FAILED)) == SCHEMA["required"]


def test_closed_sets_follow_the_result_types():
    definitions = {**SCHEMA["$defs"], "check": SCHEMA}
    for (name, member), literal in {
        ("check", "fail_on"): results.FailOn,
        ("check", "outcome"): results.Outcome,
        ("licence", "licence_class"): results.LicenceClass,
        ("reference", "origin"): results.ReferenceOrigin,
        ("reference", "status"): results.ReferenceStatus,
        ("reference", "standing"): results.Standing,
        ("suppression", "kind"): results.SuppressionKind,
        ("rule", "level"): results.Level,
        ("finding", "level"): results.Level,
    }.items():
        assert definitions[name]["properties"][member]["enum"] == list(get_args(literal))
    reference = definitions["reference"]["properties"]
    assert reference["relation"]["enum"] == [*get_args(results.Relation), None]
    assert reference["operations"]["items"]["enum"] == list(get_args(results.OperationKind))


BROKEN = {
    "another schema": ("schema", "lineage-audit/check/2"),
    "an unknown outcome": ("outcome", "maybe"),
    "an unknown level": ("findings.0.level", "fatal"),
    "a line before the first": ("findings.0.location.line", 0),
    "a finding without a place": ("findings.0.location", None),
    "a short fingerprint": ("findings.0.fingerprint", "abc"),
    "a p-value above one": ("references.0.log10_p", 2.0),
    "a compared reference with a reason": ("references.0.reason", "because"),
    "a relation without a comparison": ("references.0.status", "unavailable"),
    "a member too many": ("score", 1),
}


@pytest.mark.parametrize("what", BROKEN)
def test_the_schema_rejects(what):
    path, value = BROKEN[what]
    document = deepcopy(document_of(FAILED))
    *way, last = path.split(".")
    node = document
    for step in way:
        node = node[int(step) if isinstance(node, list) else step]
    node[last] = value
    assert not VALIDATOR.is_valid(document)


def test_what_json_has_no_number_for_is_null():
    finding = replace(UNDECLARED, properties={"log10_p": nan})
    document = json.loads(to_json(replace(FAILED, findings=(finding,))), parse_constant=pytest.fail)
    assert document["findings"][0]["properties"] == {"log10_p": None}
