"""The public functions: what they take, and that a wrong argument is one line before any work."""

from pathlib import Path

import pytest

import lineage_audit
from lineage_audit.api.arguments import as_budget, as_reference, as_references, one_of

DOCUMENT = Path(__file__).parents[2] / "docs" / "api.md"


def test_the_document_lists_every_public_name_and_no_other():
    text = DOCUMENT.read_text(encoding="utf-8")
    listed = {line.split("`")[1] for line in text.splitlines() if line.startswith("| `")}
    assert {name for name in listed if not name.startswith(".")} == set(lineage_audit.__all__)


def test_a_path_is_a_reference_and_a_bare_string_is_one():
    assert as_reference(Path("a") / "b") == "a/b"
    assert as_references("org/name") == ("org/name",)
    assert as_references(Path("a")) == ("a",)
    assert as_references(iter(["a", Path("b")])) == ("a", "b")
    for wrong in (None, 3, b"a"):
        with pytest.raises(lineage_audit.LineageAuditError):
            as_reference(wrong)
        with pytest.raises(lineage_audit.LineageAuditError):
            as_references([wrong])


def test_an_unknown_value_is_refused_and_the_known_ones_are_named():
    with pytest.raises(lineage_audit.LineageAuditError, match="effort='much': use one of a, b"):
        one_of("effort", "much", ("a", "b"))


def test_a_budget_is_a_number_of_bytes_or_what_people_write():
    assert as_budget("1.5 MiB") == as_budget(3 * 2**19) == 1_572_864
    assert as_budget(None) is None
    for wrong in ("much", "12kB", 2**19, 2.5e7, True):
        with pytest.raises(lineage_audit.LineageAuditError, match="give at least one MiB"):
            as_budget(wrong)


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        (lineage_audit.compare, {"a": "/nowhere", "b": "/nowhere", "budget": "much"}),
        (lineage_audit.compare, {"a": "/nowhere", "b": "/nowhere", "effort": "much"}),
        (lineage_audit.compare, {"a": "/nowhere", "b": "/nowhere", "device": "tpu"}),
        (lineage_audit.compare, {"a": None, "b": "/nowhere"}),
        (lineage_audit.check, {"subject": "/nowhere", "fail_on": "everything"}),
        (lineage_audit.check, {"subject": "/nowhere", "references": 3}),
        (lineage_audit.tree, {"models": "/nowhere", "effort": "auto"}),
        (lineage_audit.fingerprint, {"model": "/nowhere", "effort": "auto"}),
        (lineage_audit.inspect, {"model": 7}),
    ],
)
def test_a_wrong_argument_is_one_line_before_any_work(call, arguments, monkeypatch):
    monkeypatch.setattr("lineage_audit.checkpoint.open_source", lambda *_: pytest.fail("a model was opened"))
    with pytest.raises(lineage_audit.LineageAuditError) as caught:
        call(**arguments)
    assert "\n" not in str(caught.value)
