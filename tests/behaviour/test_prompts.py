"""The prompt set: what it promises to whoever keeps answers to it."""

from __future__ import annotations

from lineage_audit.behaviour.openings import CLASSES
from lineage_audit.behaviour.prompts import LEAST_BEFORE, MOST_STOPS, prompt_set

SET = prompt_set()


def test_the_set_that_answers_were_kept_for_is_unchanged() -> None:
    assert SET.name == "1-1cb78e28d158a2d4"
    assert (len(SET.passages), SET.stops) == (64, 2489)


def test_every_passage_says_where_it_is_from_and_stands_alone() -> None:
    assert len({passage.name for passage in SET.passages}) == len(SET.passages)
    assert len({passage.text for passage in SET.passages}) == len(SET.passages)
    assert all(passage.source and passage.register and passage.text.isascii() for passage in SET.passages)
    assert {"novel", "scripture", "government", "manual", "code", "numbers"} <= {one.register for one in SET.passages}


def test_a_stop_stands_before_a_single_space_with_text_around_it() -> None:
    for passage in SET.passages:
        assert 0 < len(passage.stops) <= MOST_STOPS
        for stop in passage.stops:
            assert stop >= LEAST_BEFORE
            assert passage.text[stop] == " "
            assert not passage.text[stop - 1].isspace()
            assert not passage.text[stop + 1].isspace()


def test_places_number_all_stops_once() -> None:
    assert [place for places in SET.places() for place in places] == list(range(SET.stops))


def test_answers_to_the_whole_set_stay_below_a_mebibyte() -> None:
    assert 2 * SET.stops * (CLASSES + 1) + 4096 < 2**20
