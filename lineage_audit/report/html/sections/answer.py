"""The head of a comparison: the sentence first, then how sure, then how much."""

from __future__ import annotations

from collections.abc import Iterator

from lineage_audit.report.html.markup import Markup, element, joined
from lineage_audit.report.html.names import name, opening, sentence
from lineage_audit.report.numbers import share
from lineage_audit.report.wording import RELATION_MEANINGS, RELATION_WORDS, certainty_facts, extent_facts, reading_words
from lineage_audit.results import Report, Verdict

_EXTENT_MEANINGS = (
    "of B’s parameters stand in rows that match their counterpart in A beyond chance",
    "of B’s variance is explained by A: squared correlation, weighted by parameters",
    "of B’s parameters are bit-identical in A, constants left out, chance subtracted",
)


def answer(report: Report) -> Markup:
    """Everything that a reader sees first."""
    verdict = report.verdict
    return joined(
        element("p", f"lineage-audit {report.tool_version}, {reading_words(report)}", class_="brand"),
        element(
            "p",
            element("strong", RELATION_WORDS[verdict.relation]),
            RELATION_MEANINGS[verdict.relation],
            class_="answer",
        ),
        element("h1", sentence(_without_the_word(verdict))),
        element("dl", _who("A", report.a.ref), _who("B", report.b.ref), class_="who"),
        facts(certainty_facts(verdict)),
        element("dl", _extent(verdict), class_="shares"),
    )


def _without_the_word(verdict: Verdict) -> str:
    """The sentence without the relation that it opens with, which stands above it."""
    word, _, rest = verdict.summary.partition(": ")
    return opening(rest) if word.upper() == RELATION_WORDS[verdict.relation] else verdict.summary


def facts(pairs: tuple[tuple[str, str], ...]) -> Markup:
    """Labels and values side by side."""
    listed = (element("div", element("dt", label), element("dd", sentence(value))) for label, value in pairs)
    return element("dl", listed, class_="facts")


def _who(letter: str, ref: str) -> Markup:
    return joined(element("dt", letter), element("dd", name(ref)))


def _extent(verdict: Verdict) -> Iterator[Markup]:
    """The three numbers that are never made one, each with a meter."""
    numbers = (verdict.derived_share, verdict.explained_variance, verdict.copied_share)
    for (label, shown), value, meaning in zip(extent_facts(verdict), numbers, _EXTENT_MEANINGS, strict=True):
        yield element(
            "div",
            element("dt", label),
            element("dd", shown, class_="value"),
            element("dd", _meter(value), aria_hidden="true"),
            element("dd", meaning, class_="meaning"),
        )


def _meter(value: float | None) -> Markup:
    filled = 0.0 if share(value) == share(None) or value is None else 100 * min(1.0, max(0.0, value))
    return element(
        "svg",
        element("rect", width="100", height="4", class_="rest"),
        element("rect", width=filled, height="4", class_="bar"),
        viewBox="0 0 100 4",
        preserveAspectRatio="none",
        class_="meter",
    )
