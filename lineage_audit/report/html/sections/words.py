"""What the words of a page mean, at its end; labels lead there, so that a page that was mailed explains itself."""

from __future__ import annotations

from lineage_audit.report.html.markup import Markup, element, joined
from lineage_audit.report.html.names import sentence
from lineage_audit.report.html.page import PageSection
from lineage_audit.report.wording.glossary import Term, meaning_of, terms_of


def words(kind: type) -> PageSection:
    """Every word of a kind of result that the glossary explains."""
    entries = element("dl", map(_entry, terms_of(kind)), class_="words")
    return PageSection("words", "What the words mean", "", entries)


def explained(label: str) -> Markup:
    """A label that leads to its meaning, where it has one."""
    return element("a", label, href=f"#{_anchor(label)}", class_="word") if meaning_of(label) else joined(label)


def _entry(term: Term) -> Markup:
    return joined(element("dt", term.word, id=_anchor(term.word)), element("dd", sentence(term.meaning)))


def _anchor(word: str) -> str:
    return f"word-{word.lower().replace(' ', '-')}"
