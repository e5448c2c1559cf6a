"""Tokens of any tokenizer fall into classes by their bytes."""

from __future__ import annotations

import pytest

from lineage_audit.behaviour.openings import CLASSES, OPENINGS, opening_of


def test_openings_are_all_different() -> None:
    assert len(set(OPENINGS)) == len(OPENINGS) == CLASSES - 1


@pytest.mark.parametrize(
    ("token", "opening"),
    [
        (b" the", b" the"),
        (b" theory", b" the"),
        (b" zebra", b" z"),
        (b" Zebra", b" Z"),
        (b" ", b" "),
        (b"  ", b" "),
        (b",", b","),
        (b".\n", b"."),
        (b"\n\n", b"\n"),
        (b" 19", b" 1"),
    ],
)
def test_a_token_counts_for_the_longest_opening_that_it_begins_with(token: bytes, opening: bytes) -> None:
    assert OPENINGS[opening_of(token)] == opening


@pytest.mark.parametrize("token", [b"", b"ing", b"\xe2\x80", b"\x00"])
def test_whatever_else_it_is_falls_into_the_last_class(token: bytes) -> None:
    assert opening_of(token) == CLASSES - 1
