"""For each licence family: a compliant derivative passes, and each missing obligation fires its rule and no other."""

from dataclasses import replace

import pytest

from lineage_audit import check
from lineage_audit.comparison import compare_checkpoints
from lineage_audit.comparison.metadata.summaries import summarise_model
from tests.claims.families import FAMILIES, Lacking
from tests.claims.repositories import base_weights, card, derived_weights, independent_weights, write_model

NOTHING = Lacking("")
CASES = [
    pytest.param(family, lacking, id=f"{family.title}-{lacking.rule}-{number}")
    for family in FAMILIES
    for number, lacking in enumerate(family.lacking)
]


_COMPARED = {}


@pytest.fixture(autouse=True)
def each_pair_of_weights_is_compared_once(monkeypatch):
    """The matrix is about what follows from a comparison, and its repositories hold three models' weights in all."""

    def once(a, b, *settings, **more):
        pair = a.digest, b.digest, settings, *more.items()
        if pair not in _COMPARED:
            _COMPARED[pair] = compare_checkpoints(a, b, *settings, **more)
        return replace(_COMPARED[pair], a=summarise_model(a), b=summarise_model(b))

    monkeypatch.setattr("lineage_audit.claims.references.compare_checkpoints", once)


def built(tmp_path, family, lacking=NOTHING, weights=None, base_model=True):
    """Write base and subject side by side, and give the subject's folder."""
    base = write_model(tmp_path / family.base, base_weights(), card(family.label, title=family.base), family.base_files)
    label = lacking.label or family.label
    front = {**label, **({"base_model": base.name} if base_model else {})}
    name = lacking.name or family.subject
    sentences = [sentence for sentence in family.sentences if sentence != lacking.without_sentence]
    files = {key: text for key, text in family.files.items() if key != lacking.without_file} | dict(lacking.files)
    words = card(front, *sentences, title=name)
    return write_model(tmp_path / name, derived_weights() if weights is None else weights, words, files), base


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.title)
def test_a_compliant_derivative_passes(family, tmp_path):
    subject, _base = built(tmp_path, family)
    report = check(str(subject))
    assert [finding.message for finding in report.findings] == []
    assert report.outcome == "passed"
    assert [reference.relation for reference in report.references] == ["derived"]


@pytest.mark.parametrize(("family", "lacking"), CASES)
def test_what_is_missing_fires_its_rule_and_no_other(family, lacking, tmp_path):
    subject, _base = built(tmp_path, family, lacking)
    report = check(str(subject))
    assert [(finding.rule_id, finding.level) for finding in report.findings] == [(lacking.rule, lacking.level)]
    assert report.outcome == ("failed" if lacking.level == "error" else "passed")
    (finding,) = report.findings
    assert "inconsistent with" in finding.message
    assert finding.location.file == "README.md"
    assert finding.evidence
    assert finding.properties["log10_p"] < -6


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.title)
def test_a_base_that_is_not_named_is_the_one_thing_found(family, tmp_path):
    subject, base = built(tmp_path, family, base_model=False)
    report = check(str(subject), earlier=[str(base)])
    level = "warning" if any(family.base in sentence for sentence in family.sentences) else "error"
    assert [(finding.rule_id, finding.level) for finding in report.findings] == [("LA101", level)]
    assert report.findings[0].reference == base.name


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.title)
def test_independent_weights_owe_nothing(family, tmp_path):
    free = Lacking("", label={"license": "mit"}, without_file="LICENSE", without_sentence=family.sentences[-1])
    subject, base = built(tmp_path, family, free, weights=independent_weights(), base_model=False)
    report = check(str(subject), [str(base)])
    assert not [finding for finding in report.findings if finding.rule_id < "LA300"]
    assert [reference.relation for reference in report.references] == ["independent"]


def test_no_derivatives_lets_copies_through_and_nothing_else(tmp_path):
    label = {"license": "cc-by-nd-4.0"}
    write_model(tmp_path / "nd-base", base_weights(), card(label))
    front = {**label, "base_model": "nd-base"}
    copied = check(str(write_model(tmp_path / "copy", base_weights(), card(front))))
    adapted = check(str(write_model(tmp_path / "adapted", derived_weights(), card(front))))
    assert copied.findings == ()
    assert [finding.rule_id for finding in adapted.findings] == ["LA204"]
