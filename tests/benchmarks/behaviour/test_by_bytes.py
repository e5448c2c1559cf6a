"""What a student by bytes is taught from."""

from __future__ import annotations

from benchmarks.behaviour.by_bytes import PASSAGES, lesson
from lineage_audit.behaviour import prompt_set


def test_the_lesson_holds_nothing_that_is_asked() -> None:
    taught, asked = lesson(), prompt_set()
    assert len(taught.passages) == PASSAGES
    assert taught.name != asked.name
    words = {passage.text[:60] for passage in asked.passages}
    assert not any(beginning in passage.text for passage in taught.passages for beginning in words)
    assert all(passage.stops and passage.text.isascii() for passage in taught.passages)
