"""The first sentence: names, plain words, then the number; never more than the verdict says."""

from dataclasses import replace

import pytest

from lineage_audit.report.wording import order_words
from lineage_audit.report.wording.comparisons import direction_words
from lineage_audit.report.wording.sentences import first_sentence, names_of, rarity
from lineage_audit.results import Share
from tests.report.checks import CHECKS
from tests.report.html.samples import MERGED, SHELVED, TREE
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
    open_ = replace(report, verdict=replace(report.verdict, direction="undetermined", excluded=()))
    assert "one was made from the other, or both from one model" in first_sentence(open_)


def test_who_was_not_made_from_whom_is_said_where_that_alone_is_shown():
    report = REPORTS["derived"]
    b, a = names_of(report.b.ref, report.a.ref)
    for excluded, words in {
        ("b->a",): f"it looks as if {b} was made from {a}, or both from one model",
        ("a->b",): f"it looks as if {a} was made from {b}, or both from one model",
        ("a->b", "b->a"): "neither was made from the other, both go back to one model",
    }.items():
        verdict = replace(report.verdict, direction="undetermined", excluded=excluded)
        assert words in first_sentence(replace(report, verdict=verdict))


@pytest.mark.parametrize(
    ("direction", "excluded", "words", "cell"),
    [
        ("a->b", ("b->a",), "fits A → B, if neither file was made to fit", "fits A → B"),
        ("undetermined", ("b->a",), "A was not made from B; more is not shown", "not B → A"),
        ("undetermined", ("a->b",), "B was not made from A; more is not shown", "not A → B"),
        ("undetermined", ("b->a", "a->b"), "neither was made from the other", "not B → A, not A → B"),
        ("undetermined", (), "undetermined", "not shown"),
    ],
)
def test_an_order_is_said_in_a_fact_and_in_a_cell(direction, excluded, words, cell):
    verdict = replace(REPORTS["derived"].verdict, direction=direction, excluded=excluded)
    assert order_words(verdict).startswith(words)
    assert direction_words(verdict) == cell


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


def test_a_card_that_says_otherwise_is_quoted_for_the_one_that_may_be_the_descendant():
    report = REPORTS["derived"]
    a, b = names_of(report.a.ref, report.b.ref)
    alone = [replace(model, base_models=(), scratch_claim="Trained from scratch.") for model in (report.a, report.b)]
    for direction, child in {"a->b": b, "b->a": a, "undetermined": b}.items():
        verdict = replace(report.verdict, direction=direction)
        said = first_sentence(replace(report, a=alone[0], b=alone[1], verdict=verdict))
        assert said.endswith(f"The card of {child} says that it was trained from scratch.")
    named = replace(report.b, base_models=("some/base",), scratch_claim="Trained from scratch.")
    assert "from scratch" not in first_sentence(replace(report, b=named))


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
    fired = {rule.title.rstrip(".")[1:] for rule in check.rules for finding in check.findings
             if finding.rule_id == rule.rule_id and finding.counts and finding.level != "note"}  # fmt: skip
    assert sum(title in sentence for title in fired) == min(len(fired), 2)
    assert ("and 1 more" in sentence) == (len(fired) == 3)
    if check.outcome == "inconclusive" and not fired:
        assert "no pass" in sentence


@pytest.mark.parametrize(
    ("method", "weights", "words"),
    [
        ("unknown", (), "No relation of child to the named parents was found."),
        (
            "unknown",
            (0.6, 0.4),
            "The named parents do not explain child: the nearest mixture of them leaves 25.0% unexplained.",
        ),
        (
            "linear",
            (0.6, 0.4),
            "child is a merge of one (weight 0.60) and two (weight 0.40): a weighted sum of the parents.",
        ),
        ("passthrough", (), "child was put together from whole layers: layers 0 to 3 of org/one."),
    ],
)
def test_a_merge_is_told_by_its_models(method, weights, words):
    parents = tuple(replace(MERGED.child, ref=f"org/{name}") for name in ("one", "two"))
    named = replace(MERGED, child=replace(MERGED.child, ref="org/child"), parents=parents)
    shares = tuple(Share(weight, weight - 0.01, weight + 0.01) for weight in weights)
    merged = replace(named, method=method, weights=shares, unexplained=0.25, summary="layers 0 to 3 of org/one")
    assert first_sentence(merged) == words


@pytest.mark.parametrize(
    ("groups", "undecided", "words"),
    [
        ((("a", "b"), ("c",)), 0, "Of 3 models, 2 are related to each other; 1 has no relative among them."),
        ((("a", "b", "c"),), 0, "Of 3 models, 3 are related to each other."),
        ((("a",), ("b",), ("c",)), 0, "Of 3 models, none has a relative among them."),
        (
            (("a",), ("b",), ("c",)),
            2,
            "Of 3 models, none was found to have a relative among them; 2 of 3 pairs could not be compared.",
        ),
    ],
)
def test_a_tree_says_how_many_are_related(groups, undecided, words):
    tree = replace(TREE, models=TREE.models[:3], groups=groups, undecided=undecided, comparisons=3)
    assert first_sentence(tree) == words


def test_a_model_that_the_library_holds_is_said_to_be_in_it():
    same = replace(SHELVED.relatives[0], relation="identical", name="shelf/model")
    words = "prairie-7b-chat holds the same weights as model of the library."
    assert first_sentence(replace(SHELVED, relatives=(same,))) == words


def test_what_could_not_be_compared_is_not_said_to_be_unrelated():
    none = replace(SHELVED, relatives=(), models=8, undecided=("x",) * 7)
    assert "any of 1 model of the library; a relation as weak as a cosine of 0.2" in first_sentence(none)
    assert first_sentence(none).endswith("; 7 models could not be told.")
    assert "no pass" in first_sentence(replace(none, undecided=("x",) * 8))
    assert "empty" in first_sentence(replace(none, models=0, undecided=()))
