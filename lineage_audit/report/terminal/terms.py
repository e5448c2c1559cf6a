"""What the words of a report mean, printed below it (``--explain``)."""

from __future__ import annotations

from rich.console import Console

from lineage_audit.report.terminal.page import Page
from lineage_audit.report.wording.glossary import terms_of
from lineage_audit.results import Result


def render_terms(result: Result, *, console: Console) -> None:
    """Print each word that this kind of report uses, and what it means."""
    page = Page(console)
    page.heading("What the words mean")
    page.labelled([(term.word, (term.meaning,)) for term in terms_of(type(result))], label_width=20)
