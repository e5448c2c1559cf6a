"""A template that was put in shows in a check, the louder the less the weights give a reason for it."""

import pytest

from lineage_audit import check
from tests.claims.repositories import base_weights, card, derived_weights, write_model

TEMPLATE = "{% for m in messages %}\n{{ m.content }}\n{% endfor %}"
FREE = {"license": "cc-by-4.0"}


def checked(tmp_path, weights, ours: str | None, theirs: str | None = TEMPLATE):
    files = [{"chat_template.jinja": text} if text is not None else {} for text in (theirs, ours)]
    write_model(tmp_path / "base", base_weights(), card(FREE), files[0])
    return check(write_model(tmp_path / "subject", weights, card({**FREE, "base_model": "base"}), files[1]))


@pytest.mark.parametrize(("weights", "level"), [(base_weights, "warning"), (derived_weights, "note")])
def test_a_changed_template_is_found_on_its_file(weights, level, tmp_path):
    report = checked(tmp_path, weights(), TEMPLATE.replace("m.content", "m.content + advert"))
    (finding,) = report.findings
    assert (finding.rule_id, finding.level, finding.location.file) == ("LA310", level, "chat_template.jinja")
    assert "they part in line 2, 1 in all" in finding.message
    assert any("m.content + advert" in line for line in finding.evidence)
    assert report.outcome == "passed"


@pytest.mark.parametrize(("ours", "theirs"), [(TEMPLATE, TEMPLATE), (TEMPLATE, None), (None, TEMPLATE), (None, None)])
def test_the_same_template_or_one_alone_is_no_finding(ours, theirs, tmp_path):
    assert checked(tmp_path, derived_weights(), ours, theirs).findings == ()
