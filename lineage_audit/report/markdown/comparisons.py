"""One model against many as Markdown for a pull request."""

from __future__ import annotations

from lineage_audit.report.markdown.text import bullets, code, prose, table
from lineage_audit.report.wording.comparisons import (
    COLUMNS,
    closest_first,
    headline,
    reading_facts,
    row_words,
    unread_words,
)
from lineage_audit.report.wording.sentences import first_sentence
from lineage_audit.results import Comparisons


def render_comparisons_markdown(comparisons: Comparisons) -> str:
    """The comparisons as Markdown text, ending in a newline."""
    rows = [(code(report.b.ref), *map(prose, row_words(report))) for report in closest_first(comparisons)]
    blocks = (
        f"## {headline(comparisons).capitalize()}: {code(comparisons.a.ref)}",
        f"**{prose(first_sentence(comparisons))}**",
        table(COLUMNS, rows) if rows else "",
        table(("", ""), [(label, prose(value)) for label, value in reading_facts(comparisons)]),
        bullets([f"not read: {prose(unread_words(model))}" for model in comparisons.unread]),
    )
    return "\n\n".join(block for block in blocks if block) + "\n"
