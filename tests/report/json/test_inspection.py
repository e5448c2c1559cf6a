import json

from jsonschema import Draft202012Validator

from lineage_audit.report.json import document_of, schema_of, to_json
from lineage_audit.results import Inspection
from tests.report.samples import INSPECTION

VALIDATOR = Draft202012Validator(schema_of(Inspection))


def test_inspection(golden):
    golden("inspection.json", to_json(INSPECTION))


def test_inspections_fulfil_the_schema():
    VALIDATOR.validate(json.loads(to_json(INSPECTION)))


def test_members_stand_in_the_order_of_the_schema():
    assert list(document_of(INSPECTION)) == schema_of(Inspection)["required"]
