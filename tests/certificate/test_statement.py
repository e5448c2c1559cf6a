"""The document: what it holds, that its schema holds it, and that bad ones end in one line."""

import json
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from lineage_audit.certificate import certify_models
from lineage_audit.certificate.statement import MOST_BYTES, read_statement, statement_of
from lineage_audit.errors import LineageAuditError
from tests.certificate.zoo import written

SCHEMA = Path(__file__).parents[2] / "docs" / "schema" / "certificate-1.schema.json"


@pytest.fixture(scope="module")
def text(models):
    return statement_of(certify_models(models["base"], models["moved"]))


def test_it_is_an_in_toto_statement_of_one_line_that_the_schema_holds(text):
    document = json.loads(text)
    assert text.count("\n") == 1
    assert document["_type"] == "https://in-toto.io/Statement/v1"
    assert {subject["name"] for subject in document["subject"]} == {
        f"{side}/{file}" for side in "ab" for file in ("config.json", "model.safetensors")
    }
    schema = json.loads(SCHEMA.read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(document)
    assert set(schema["$defs"]["predicate"]["required"]) == set(document["predicate"])


def test_it_is_read_back_as_it_was_written(models):
    made = certify_models(models["base"], models["tuned"])
    read = written(made).certificate
    assert (read.a, read.b, read.rule, read.seed) == (made.a, made.b, made.rule, made.seed)
    assert np.allclose(read.derivation.cosines, made.derivation.cosines, atol=1e-8)
    assert (read.derivation.units == made.derivation.units).all()
    assert read.derivation.layouts == made.derivation.layouts


def _changed(text, change):
    document = json.loads(text)
    change(document)
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document.update(_type="another"),
        lambda document: document.update(predicateType="urn:lineage-audit:certificate:2"),
        lambda document: document.update(predicate=None),
        lambda document: document["predicate"].pop("units"),
        lambda document: document["predicate"].update(units=[[1, 2]]),
        lambda document: document["predicate"]["coins"].pop(),
        lambda document: document["predicate"].update(cosines=[]),
        *(
            lambda document, none=none: document["predicate"]["cosines"][0].__setitem__(0, none)
            for none in (float("nan"), float("inf"), 1.5, -1e308)
        ),
        lambda document: document["predicate"]["leads"].__setitem__(0, 1e308),
        lambda document: document["predicate"]["coins"].__setitem__(0, 10**30),
        lambda document: document["predicate"]["coins"].__setitem__(0, 2**62),
        lambda document: document["predicate"]["a"].update(files="none"),
        lambda document: document["predicate"]["a"]["layout"].update(rows=[[0, 1], [2]]),
        lambda document: document["predicate"]["b"]["layout"].update(rows=[]),
        lambda document: document["predicate"]["b"]["layout"].update(step=2**40),
    ],
)
def test_what_is_no_certificate_ends_in_one_line(text, change):
    with pytest.raises(LineageAuditError, match=r"^it: ") as caught:
        read_statement(_changed(text, change), "it")
    assert "\n" not in str(caught.value)


def test_bytes_that_are_no_certificate_end_in_one_line():
    for data in (b"", b"[]", b"\xff", b"[" * 10_000, b" " * (MOST_BYTES + 1)):
        with pytest.raises(LineageAuditError):
            read_statement(data, "it")
