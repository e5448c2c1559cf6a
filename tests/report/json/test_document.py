import pytest
from jsonschema import Draft202012Validator

from lineage_audit.report.json import schema_of
from lineage_audit.results import RESULTS


@pytest.mark.parametrize("kind", RESULTS)
def test_schemas_are_valid_and_describe_every_property(kind):
    schema = schema_of(kind)
    Draft202012Validator.check_schema(schema)
    nodes = list(_objects(schema))
    assert len(nodes) > 4
    for node in nodes:
        assert node["additionalProperties"] is False
        assert node["required"] == list(node["properties"])
        assert all(value["description"].endswith(".") for value in node["properties"].values())


def _objects(schema):
    if isinstance(schema, dict):
        if "required" in schema:
            yield schema
        for value in schema.values():
            yield from _objects(value)
