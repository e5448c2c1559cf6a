"""The head of a comparison: the sentence first, then how sure, then how much."""

from __future__ import annotations

from collections.abc import Iterator

from lineage_audit.report.html.markup import Markup, element, joined, opening, sentence
from lineage_audit.report.html.sections import run
from lineage_audit.report.html.sections.run import explained
from lineage_audit.report.numbers import share
from lineage_audit.report.wording import RELATION_MEANINGS, RELATION_WORDS, certainty_facts, extent_facts, reading_words
from lineage_audit.report.wording.glossary import meaning_of
from lineage_audit.report.wording.sentences import first_sentence
from lineage_audit.results import Report, Result, Verdict


def answer(report: Report) -> Markup:
    """The summary: everything that a reader sees first, and that one sheet of paper holds."""
    verdict = report.verdict
    return joined(
        run.brand(report, f"compare, {reading_words(report)}"),
        said(RELATION_WORDS[verdict.relation], RELATION_MEANINGS[verdict.relation], report),
        element("p", sentence(opening(verdict.summary)), class_="terms"),
        run.models(report),
        facts(certainty_facts(verdict)),
        element("dl", _extent(verdict), class_="shares"),
        run.first_caveats(verdict.caveats),
        run.command_line(run.compare_command(report)),
    )


def said(word: str, meaning: str, result: Result) -> Markup:
    """The answer as a word with its meaning, and below it as a sentence for everyone."""
    return joined(
        element("p", element("strong", word, title=meaning_of(word)), meaning, class_="answer"),
        element("h1", sentence(first_sentence(result))),
    )


def facts(pairs: tuple[tuple[str, str], ...]) -> Markup:
    """Labels and values side by side, each with what its label means where the glossary has it."""
    return element("dl", (_fact(label, value) for label, value in pairs), class_="facts")


def _fact(label: str, value: str) -> Markup:
    meaning = meaning_of(label)
    told = element("dd", sentence(meaning), class_="meaning") if meaning else None
    return element("div", element("dt", explained(label)), element("dd", sentence(value)), told)


def _extent(verdict: Verdict) -> Iterator[Markup]:
    """The three numbers that are never made one, each with a meter."""
    numbers = (verdict.derived_share, verdict.explained_variance, verdict.copied_share)
    for (label, shown), value in zip(extent_facts(verdict), numbers, strict=True):
        yield element(
            "div",
            element("dt", explained(label)),
            element("dd", shown, class_="value"),
            element("dd", _meter(value), aria_hidden="true"),
            element("dd", meaning_of(label), class_="meaning"),
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
