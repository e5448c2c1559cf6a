from __future__ import annotations

import json
from dataclasses import replace

import pytest

from benchmarks.zoo.catalogue import catalogue
from benchmarks.zoo.measurement import Measured, Said
from benchmarks.zoo.pairs import Pair
from benchmarks.zoo.summary import direction_of, summarise, unnamed_operations, untrue_operations
from benchmarks.zoo.tables import render

INDEPENDENT = Said(
    "independent", "undetermined", "exact", -0.4, (), (), {"ffn-signs": -0.4}, 0.001, 0.0, 0.02, "full", "", 0.1
)
DERIVED = replace(INDEPENDENT, relation="derived", log10_p=-90.0, explained=0.9, tests={"ffn-signs": -90.0})


def _measured(a: str, b: str, said: Said, kinship: str = "descent", score: float | None = 0.5) -> Measured:
    entries = catalogue("threshold")
    return Measured(Pair(entries[a], entries[b], kinship), said, 0.5, {"some-baseline": score}, None)


def _five() -> list[Measured]:
    return [
        _measured(
            "llama-1", "llama-1_light", replace(DERIVED, direction="a->b", operations=("fine-tuned",)), score=0.9
        ),
        _measured("llama-1_units", "llama-1", replace(DERIVED, direction="a->b", operations=("cast",)), score=None),
        _measured("llama-1", "llama-1_int8", INDEPENDENT, score=0.4),
        _measured("llama-1", "llama-2", replace(INDEPENDENT, tests={"ffn-signs": -2.5}), "unrelated", 0.6),
        _measured("llama-1", "mistral-1", DERIVED, "unrelated", 0.2),
    ]


class TestSummary:
    def test_relations(self):
        summary = summarise(_five())
        assert (summary.related, summary.detected) == (3, 2)
        assert (summary.independent, summary.cleared) == (2, 1)
        assert summary.accepted == 3
        assert summary.false_accusations == ("llama-1 | mistral-1",)
        assert summary.pairs == {"descent": 3, "unrelated": 2}

    def test_operations_are_counted_by_kind(self):
        rows = {row.kind: row for row in summarise(_five()).kinds}
        assert (rows["fine-tuned"].pairs, rows["fine-tuned"].detected, rows["fine-tuned"].named) == (1, 1, 1)
        assert (rows["units-permuted"].pairs, rows["units-permuted"].named) == (1, 0)
        assert (rows["quantized"].pairs, rows["quantized"].detected) == (1, 0)
        assert (rows["cast"].pairs, rows["cast"].untrue) == (0, 1)

    def test_exact_tests_on_independent_pairs_alone(self):
        (row,) = summarise(_five()).tests
        assert (row.pairs, row.below_1e2, row.below_1e3, row.smallest_log10_p) == (2, 2, 1, -90.0)

    def test_scores_of_tool_and_baseline(self):
        rows = {row.name.strip(): row for row in summarise(_five()).scores}
        # Confidence: derived 90 twice and independent .4 against independent .4 and derived 90.
        assert rows["lineage-audit"].auc == pytest.approx((1 + 0.5 + 1 + 0.5 + 0.5 + 0) / 6)
        # Scores .9, none, .4 against .6 and .2.
        assert rows["some-baseline"].auc == pytest.approx((2 + 0 + 1) / 6)
        assert rows["some-baseline"].answered == 4
        assert rows["some-baseline"].detected_without_false_alarm == pytest.approx(1 / 3)

    def test_variance_by_group(self):
        rows = {row.group: row for row in summarise(_five()).variances}
        assert rows["form alone"].pairs == 1
        assert rows["unrelated"].highest_after == 0.9

    def test_misses_are_named(self):
        misses = summarise(_five()).misses
        assert misses["not detected"] == ("llama-1 | llama-1_int8: independent, log10 p -0.4, quantized",)
        assert misses["direction wrong"] == ("llama-1_units | llama-1: a->b, not undetermined",)
        assert misses["operation not named"] == ("llama-1_units | llama-1: units-permuted; named cast",)

    def test_one_initialisation_called_derived(self):
        items = [*_five(), _measured("llama-1-elsewhere", "llama-1", DERIVED, "one-initialisation")]
        assert summarise(items).origins_called_derived == ("llama-1-elsewhere | llama-1",)

    def test_nothing_to_tell_apart_is_refused(self):
        with pytest.raises(ValueError, match="build more of the zoo"):
            summarise(_five()[:3])

    def test_tables_and_json_hold_it_all(self):
        summary = summarise(_five())
        text = render(summary, "some half")
        assert "related pairs detected             2 of 3 (66.7%)" in text
        assert "llama-1 | mistral-1" in text
        assert json.loads(json.dumps(summary.as_json()))["detected"] == 2


class TestDirection:
    @pytest.mark.parametrize(
        ("said", "judged"), [("a->b", "right"), ("b->a", "wrong"), ("undetermined", "undetermined")]
    )
    def test_of_a_descendant(self, said, judged):
        assert direction_of(_measured("llama-1", "llama-1_light", replace(DERIVED, direction=said))) == judged

    @pytest.mark.parametrize(
        ("said", "judged"), [("a->b", "claimed where there is none"), ("undetermined", "left open where there is none")]
    )
    def test_of_siblings(self, said, judged):
        item = _measured("llama-1_light", "llama-1_heavy", replace(DERIVED, direction=said), "kin")
        assert direction_of(item) == judged


def test_healing_after_pruning_may_be_named_and_need_not():
    said = replace(DERIVED, operations=("width-pruned", "fine-tuned", "noise-added"))
    item = _measured("llama-1", "llama-1_pruned", said)
    assert unnamed_operations(item) == ()
    assert untrue_operations(item) == ("noise-added",)
