import json

from jsonschema import Draft202012Validator

from lineage_audit.report.inspect.json_document import inspection_document, render_inspection_json
from lineage_audit.report.json_document import json_schema
from tests.report.samples import INSPECTION

VALIDATOR = Draft202012Validator(json_schema("inspection-1"))


def test_inspection(golden):
    golden("inspection.json", render_inspection_json(INSPECTION))


def test_inspections_fulfil_the_schema():
    VALIDATOR.validate(json.loads(render_inspection_json(INSPECTION)))


def test_members_stand_in_the_order_of_the_schema():
    assert list(inspection_document(INSPECTION)) == json_schema("inspection-1")["required"]
