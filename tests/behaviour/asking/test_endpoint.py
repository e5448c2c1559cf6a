"""Endpoints, through a server on this machine that speaks their protocol as generously or tight-lipped as they do."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from benchmarks.behaviour.serving import Answer, Manners, TransformersSpeaker, serving
from lineage_audit.behaviour import Answers, answers_of, prompt_set
from lineage_audit.behaviour.asking import client
from lineage_audit.behaviour.asking.endpoint import KEPT_EVERY, ask_endpoint
from lineage_audit.behaviour.asking.forecast import foretold
from lineage_audit.behaviour.asking.keeping import NOTHING_KEPT, Kept
from lineage_audit.behaviour.asking.local import ask_local
from lineage_audit.behaviour.asking.protocols import EVERY
from lineage_audit.errors import LineageAuditError
from tests.behaviour.asking.speakers import WordSpeaker
from tests.cli.running import PARENT

WHOLE = prompt_set()
FEW = replace(WHOLE, passages=WHOLE.passages[:4])
"""Four passages, for what needs no more."""
SPEAKER = WordSpeaker()


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries come at once."""
    monkeypatch.setattr(client, "_PAUSE", 0.0)


def _asked(answers: Answers) -> list[tuple[str, np.ndarray]]:
    """Every answered stop: the text before it, and what was seen."""
    found = []
    for passage, places in zip(FEW.passages, FEW.places(), strict=True):
        for stop, place in zip(passage.stops, places, strict=True):
            if answers.answered[place]:
                found.append((passage.text[:stop], answers.seen[place]))
    return found


def test_an_echoing_endpoint_answers_every_stop_with_a_request_a_passage() -> None:
    with serving(SPEAKER, Manners(most_shown=20)) as served:
        answers = ask_endpoint(f"{served.base}#m", FEW, "text")
    assert answers.source == "completions, echoed, 20 shown"
    assert answers.answered.mean() > 0.95
    assert len(served.asked) == len(FEW.passages) + 2
    for text, seen in _asked(answers):
        assert seen == pytest.approx(SPEAKER.by_class(text), abs=1e-5)


def test_an_endpoint_that_does_not_echo_answers_one_stop_a_request() -> None:
    with serving(SPEAKER, Manners(echoes=False)) as served:
        answers = ask_endpoint(f"{served.base}#m", FEW, "text")
    assert answers.source == "completions, 20 shown"
    assert answers.answered.sum() == sum(len(passage.stops[EVERY // 2 :: EVERY]) for passage in FEW.passages)
    for text, seen in _asked(answers):
        assert seen == pytest.approx(SPEAKER.by_class(text), abs=1e-5)


def test_a_model_behind_an_endpoint_answers_as_it_does_here() -> None:
    two = replace(WHOLE, passages=WHOLE.passages[:2])
    here = ask_local(PARENT, two)
    with serving(TransformersSpeaker(Path(PARENT)), Manners(most_shown=200)) as served:
        there = ask_endpoint(f"{served.base}#m", two, "text")
    both = here.answered & there.answered
    assert both.mean() > 0.9
    hidden = (here.seen - there.seen)[both]
    assert (hidden > -1e-4).all()
    assert (hidden <= there.unseen[both][:, None] + 1e-4).all()
    assert there.unseen[both].max() < 0.5


def test_what_few_candidates_leave_unseen_is_told() -> None:
    with serving(SPEAKER, Manners(most_shown=5)) as served:
        answers = ask_endpoint(f"{served.base}#m", FEW, "text")
    assert answers.source == "completions, echoed, 5 shown"
    unseen = answers.unseen[answers.answered]
    assert (unseen > 0.05).any()
    # The token that stands in the text is shown beside the five.
    assert unseen + answers.seen[answers.answered].sum(axis=1) == pytest.approx(1.0, abs=1e-5)


def test_chat_answers_as_the_words_that_would_follow() -> None:
    with serving(SPEAKER, Manners(completes=False)) as served:
        answers = ask_endpoint(f"{served.base}#m", FEW, "chat")
        with pytest.raises(LineageAuditError, match="no way to ask it"):
            ask_endpoint(f"{served.base}#m", FEW, "text")
    assert answers.manner == "chat"
    assert answers.seen[answers.answered].sum(axis=1) == pytest.approx(1.0, abs=1e-5)
    assert all(request["messages"][0]["content"].startswith("Continue") for request in served.asked[:2])


def test_without_log_probabilities_what_remains_is_said() -> None:
    silent = json.dumps({"choices": [{"text": "x", "logprobs": None}]}).encode()
    with (
        serving(SPEAKER, Manners(), lambda _number: (200, {}, silent)) as served,
        pytest.raises(LineageAuditError, match=r"no log-probabilities.*what remains"),
    ):
        ask_endpoint(f"{served.base}#m", FEW, "text")


def test_limits_and_failures_are_waited_out() -> None:
    def limited(number: int) -> Answer | None:
        return {3: (429, {"Retry-After": "0"}, b""), 5: (503, {}, b"")}.get(number)

    with serving(SPEAKER, Manners(), limited) as served:
        answers = ask_endpoint(f"{served.base}#m", FEW, "text")
    assert answers.answered.mean() > 0.95


def test_a_run_that_was_broken_off_goes_on_where_it_stopped(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    stops_after = KEPT_EVERY + 6

    def broken(number: int) -> Answer | None:
        return (501, {}, b"") if number > stops_after else None

    with serving(SPEAKER, Manners(echoes=False)) as served:
        ref = f"{served.base}#m"
        port = served.base
        with pytest.raises(LineageAuditError):
            _answers_through(broken, ref, kept)
        part = kept.find_part(ref, FEW, "text")
        assert part is not None
        assert part.answered.sum() == KEPT_EVERY
        before = len(served.asked)
        answers = answers_of(ref, FEW, kept=kept)
        after = len(served.asked) - before
    whole = sum(len(passage.stops[EVERY // 2 :: EVERY]) for passage in FEW.passages)
    assert port in answers.model
    assert answers.answered.sum() == whole
    assert after == whole - KEPT_EVERY + 5  # five trials of ways, the last of which is taken
    assert kept.find_part(ref, FEW, "text") is None


def _answers_through(interrupt, ref: str, kept: Kept) -> None:  # type: ignore[no-untyped-def]
    """Ask an endpoint that breaks, and keep what it said under the name of another one."""
    with serving(SPEAKER, Manners(echoes=False), interrupt) as served:
        ask_endpoint(f"{served.base}#m", FEW, "text", keep=lambda answers: kept.keep_part(ref, answers))


def test_the_key_of_a_host_goes_to_it_and_is_found_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LINEAGE_AUDIT_KEY_127_0_0_1", "sk-very-secret")
    with serving(SPEAKER, Manners(key="sk-very-secret")) as served:
        answers_of(f"{served.base}#m", FEW, kept=Kept(tmp_path))
    assert {request["authorization"] for request in served.asked} == {"Bearer sk-very-secret"}
    assert all(b"sk-very-secret" not in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert "sk-very-secret" not in "".join(capsys.readouterr())


def test_a_refused_key_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINEAGE_AUDIT_KEY_127_0_0_1", "sk-wrong")
    with serving(SPEAKER, Manners(key="sk-right")) as served, pytest.raises(LineageAuditError) as raised:
        ask_endpoint(f"{served.base}#m", FEW, "text")
    assert "LINEAGE_AUDIT_KEY_127_0_0_1" in str(raised.value)
    assert "sk-wrong" not in str(raised.value)


_TWICE_SURE = {
    "tokens": [" a", " a"],
    "token_logprobs": [0, 0],
    "text_offset": [WHOLE.passages[0].stops[0]] * 2,
    "top_logprobs": [{" said": 0.0, " b": 0.0}] * 2,
}

HOSTILE = {
    "no-json": b"<html>",
    "cut": b'{"choices": [{"logprobs": {"top_logprobs": [{"a": -1',
    "deep": b'{"choices": ' + b"[" * 500 + b"]" * 500 + b"}",
    "list": b"[]",
    "more-than-one": json.dumps({"choices": [{"logprobs": _TWICE_SURE}]}).encode(),
    "huge": b'{"choices": "' + b"x" * (client.LARGEST_ANSWER + 1) + b'"}',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_an_endpoint_answers_ends_in_one_line(name: str) -> None:
    with (
        serving(SPEAKER, Manners(), lambda _number: (200, {}, HOSTILE[name])) as served,
        pytest.raises(LineageAuditError) as raised,
    ):
        ask_endpoint(f"{served.base}#m", FEW, "text")
    assert len(str(raised.value)) < 400
    assert "\n" not in str(raised.value)


STRANGE = {
    "infinite": {" a": float("inf")},
    "not-a-number": {" a": float("nan")},
    "text": {" a": "much"},
    "true": {" a": True},
    "positive": {" a": 5.0},
    "long": {"a" * 5000: -1.0},
    "too-large": {" a": 10**400},
}


@pytest.mark.parametrize("name", STRANGE)
def test_what_is_no_log_probability_is_no_answer(name: str) -> None:
    logprobs = {"tokens": ["x"], "token_logprobs": [None], "top_logprobs": [STRANGE[name]], "text_offset": [0]}
    body = json.dumps({"choices": [{"text": "x", "logprobs": logprobs}]}).encode()
    with (
        serving(SPEAKER, Manners(), lambda _number: (200, {}, body)) as served,
        pytest.raises(LineageAuditError, match="no log-probabilities"),
    ):
        ask_endpoint(f"{served.base}#m", FEW, "text")


def test_redirects_are_not_followed() -> None:
    with serving(SPEAKER, Manners()) as elsewhere:
        away = (307, {"Location": f"{elsewhere.base}/completions"}, b"")
        with serving(SPEAKER, Manners(), lambda _number: away) as served, pytest.raises(LineageAuditError):
            ask_endpoint(f"{served.base}#m", FEW, "text")
    assert elsewhere.asked == []


def test_nobody_there_is_one_line() -> None:
    with pytest.raises(LineageAuditError, match="no answer"):
        ask_endpoint("http://127.0.0.1:9/v1#m", FEW, "text")


def test_the_cost_that_is_foretold_is_not_exceeded() -> None:
    with serving(SPEAKER, Manners(echoes=False, most_shown=5)) as served:
        ref = f"{served.base}#m"
        (cost,) = foretold([ref], FEW, "text", NOTHING_KEPT)
        assert served.asked == []
        ask_endpoint(ref, FEW, "text")
    assert len(served.asked) <= cost.requests
    assert sum(len(request["prompt"]) for request in served.asked) / 3.5 < 1.5 * cost.tokens
