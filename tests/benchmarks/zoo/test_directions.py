"""What is told of who came first is judged by what is true: of siblings no direction is, and every exclusion."""

from __future__ import annotations

import pytest

from benchmarks.zoo.directions import Told, has_too_many_wrong, table

TUNED = ("fine-tuned",)


@pytest.mark.parametrize(
    ("told", "direction", "exclusion"),
    [
        (Told("x", "y", False, "a->b", TUNED, "a->b", ("b->a",)), "right", "right"),
        (Told("x", "y", False, "a->b", TUNED, "undetermined", ("b->a",)), "open", "right"),
        (Told("x", "y", False, "a->b", TUNED, "undetermined", ("a->b",)), "open", "wrong"),
        (Told("x", "y", False, "a->b", TUNED, "undetermined", ("a->b", "b->a")), "open", "wrong"),
        (Told("x", "y", False, "b->a", TUNED, "a->b", ("b->a",)), "wrong", "wrong"),
        (Told("x", "y", False, "b->a", TUNED, "undetermined", ()), "open", "open"),
        (Told("x", "y", False, "undetermined", (), "undetermined", ("b->a",)), "open", "wrong"),
        (Told("x", "y", True, "undetermined", (), "undetermined", ("b->a",)), "open", "right"),
        (Told("x", "y", True, "undetermined", (), "undetermined", ("a->b", "b->a")), "open", "right"),
        (Told("x", "y", True, "undetermined", (), "a->b", ("b->a",)), "wrong", "right"),
        (Told("x", "y", True, "a->b", (), "a->b", ("b->a",)), "right", "right"),
        (Told("x", "y", True, "a->b", (), "undetermined", ("a->b",)), "open", "right"),
    ],
)
def test_what_was_told_is_judged(told: Told, direction: str, exclusion: str) -> None:
    assert (told.direction, told.exclusion) == (direction, exclusion)


@pytest.mark.parametrize(
    ("told", "group"),
    [
        (Told("x", "y", False, "a->b", TUNED, "a->b", ()), "one came first"),
        (Told("x", "y", False, "a->b", ("cast", "fused-tensors"), "a->b", ()), "cannot be told"),
        (Told("x", "y", False, "a->b", (), "undetermined", ()), "cannot be told"),
        (Told("x", "y", False, "undetermined", ("units-permuted",), "undetermined", ()), "cannot be told"),
        (Told("x", "y", True, "undetermined", (), "undetermined", ()), "siblings"),
        (Told("x", "y", True, "a->b", (), "undetermined", ()), "a base in another form"),
    ],
)
def test_conversions_and_merges_of_unnamed_parents_cannot_be_told(told: Told, group: str) -> None:
    assert told.group == group


def test_the_table_counts_and_names_what_was_wrong() -> None:
    right = Told("x", "y", False, "a->b", TUNED, "a->b", ("b->a",))
    wrong = Told("v", "w", True, "undetermined", (), "a->b", ("b->a",))
    lines = table([right, wrong])
    assert any(line.startswith("one came first (1)") and " 100%" in line for line in lines)
    assert any("direction wrong: v | w" in line for line in lines)
    assert has_too_many_wrong([right, wrong])
    assert not has_too_many_wrong([right])
    assert has_too_many_wrong([right] * 200 + [wrong])
