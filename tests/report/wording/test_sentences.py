"""The first sentence: names, plain words, then the number; never more than the verdict says."""

from dataclasses import replace

import pytest

from lineage_audit.report.wording.sentences import first_sentence, names_of, rarity
from tests.report.checks import CHECKS
from tests.report.samples import REPORTS


@pytest.mark.parametrize(
    ("references", "names"),
    [
        (("samples/parent", "samples/child/"), ("parent", "child")),
        (("a/model", "b/model"), ("a/model", "b/model")),
        (("org/name@v1", "org/name@v2"), ("name@v1", "name@v2")),
        (("same", "same"), ("same", "same")),
        (("/", "b"), ("/", "b")),
    ],
)
def test_models_go_by_as_much_of_their_names_as_tells_them_apart(references, names):
    assert names_of(*references) == names


@pytest.mark.parametrize(
    ("log10_p", "words"),
    [
        (-447.3, "less than once in 10^447"),
        (-6.0, "less than once in 10^6"),
        (-3.0, "less than once in 1,000"),
        (-0.5, "less than once in 3"),
        (-0.2, None),
        (0.0, None),
        (None, None),
    ],
)
def test_a_chance_is_never_stated_too_small(log10_p, words):
    assert rarity(log10_p) == words


@pytest.mark.parametrize("name", REPORTS)
def test_both_models_are_named_and_nobody_is_accused(name):
    report = REPORTS[name]
    sentence = first_sentence(report)
    assert all(own in sentence for own in names_of(report.a.ref, report.b.ref))
    assert sentence.endswith(".")
    assert not {"stolen", "theft", "fake", "copycat"} & set(sentence.split())


def test_who_was_made_from_whom_is_said_only_where_it_is_shown():
    report = REPORTS["derived"]
    b, a = names_of(report.b.ref, report.a.ref)
    for direction, (child, parent) in {"a->b": (b, a), "b->a": (a, b)}.items():
        shown = replace(report, verdict=replace(report.verdict, direction=direction))
        assert f"{child} shares its training with {parent} and looks as if made from it" in first_sentence(shown)
    open_ = replace(report, verdict=replace(report.verdict, direction="undetermined"))
    assert "one was made from the other, or both from one model" in first_sentence(open_)


@pytest.mark.parametrize(
    ("direction", "words"),
    [
        ("a->b", "A part of {b} (12.0%{of}) shares its training with {a} and looks as if made from it"),
        ("b->a", "{a} shares its training with a part of {b} (12.0%{of}) and looks as if made from it"),
        ("undetermined", "A part of {b} (12.0%{of}) and {a} share their training"),
    ],
)
def test_where_little_agrees_a_part_is_spoken_of(direction, words):
    report = REPORTS["derived"]
    b, a = names_of(report.b.ref, report.a.ref)
    little = replace(report.verdict, derived_share=0.12, direction=direction)
    sentence = first_sentence(replace(report, verdict=little, parameters={"small_share": 0.5}))
    assert sentence.startswith(words.format(a=a, b=b, of=" of its weights"))
    whole = first_sentence(replace(report, verdict=replace(little, derived_share=0.9), parameters={"small_share": 0.5}))
    assert "art of" not in whole


def test_calibrated_evidence_states_no_chance():
    report = REPORTS["derived"]
    sentence = first_sentence(replace(report, verdict=replace(report.verdict, grade="calibrated")))
    assert "calibrated" in sentence
    assert "once in" not in sentence


def test_independence_never_comes_without_what_would_have_been_seen():
    assert "would have been seen" in first_sentence(REPORTS["independent"])


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_says_what_was_found_and_never_passes_what_was_not_checked(name):
    check = CHECKS[name]
    sentence = first_sentence(check)
    fired = {rule.name.replace("-", " ") for rule in check.rules for finding in check.findings
             if finding.rule_id == rule.rule_id and finding.counts and finding.level != "note"}  # fmt: skip
    assert all(words in sentence for words in fired)
    if check.outcome == "inconclusive" and not fired:
        assert "no pass" in sentence
