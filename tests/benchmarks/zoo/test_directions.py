"""What is told of who came first is judged by what is true, and slopes exclude one way only."""

from __future__ import annotations

import pytest

from benchmarks.zoo.directions import Told, table

TUNED = ("fine-tuned",)


@pytest.mark.parametrize(
    ("told", "marks", "slopes", "either"),
    [
        (Told("x", "y", "a->b", TUNED, "a->b", None), "right", "open", "right"),
        (Told("x", "y", "a->b", TUNED, "undetermined", "a"), "open", "right", "right"),
        (Told("x", "y", "a->b", TUNED, "undetermined", "b"), "open", "wrong", "wrong"),
        (Told("x", "y", "b->a", TUNED, "a->b", "b"), "wrong", "right", "wrong"),
        (Told("x", "y", "b->a", TUNED, "undetermined", None), "open", "open", "open"),
        (Told("x", "y", "undetermined", TUNED, "undetermined", "a"), "open", "right", "right"),
        (Told("x", "y", "undetermined", TUNED, "a->b", None), "wrong", "open", "wrong"),
    ],
)
def test_what_was_told_is_judged(told: Told, marks: str, slopes: str, either: str) -> None:
    assert (told.by_marks, told.by_slopes, told.by_either) == (marks, slopes, either)


def test_conversions_and_merges_of_unnamed_parents_cannot_be_told() -> None:
    assert Told("x", "y", "a->b", TUNED, "a->b", None).is_decidable
    assert not Told("x", "y", "a->b", ("cast", "fused-tensors"), "a->b", None).is_decidable
    assert not Told("x", "y", "a->b", (), "undetermined", "b").is_decidable
    assert Told("x", "y", "a->b", (), "undetermined", "b").by_slopes == "right"


def test_the_table_counts_and_names_what_was_wrong() -> None:
    lines = table([Told("x", "y", "a->b", TUNED, "a->b", None), Told("v", "w", "b->a", TUNED, "a->b", None)])
    assert any(line.startswith("one came first (2)") and " 100%" in line for line in lines)
    assert any("v | w" in line for line in lines)
