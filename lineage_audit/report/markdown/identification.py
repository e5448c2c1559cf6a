"""An identification as Markdown for a pull request."""

from __future__ import annotations

from lineage_audit.report.markdown.text import bullets, code, prose, table
from lineage_audit.report.wording.identification import (
    OUTCOME_WORDS,
    certainty,
    distance_words,
    operation_words,
    relation_words,
    search_facts,
)
from lineage_audit.report.wording.sentences import first_sentence
from lineage_audit.results import Identification

_HEAD = ("Model", "Relation", "p, corrected", "Distance", "Operations", "Licence")


def render_identification_markdown(identification: Identification) -> str:
    """An identification as Markdown text, ending in a newline."""
    rows = [
        (
            code(relative.name),
            prose(relation_words(relative)),
            prose(certainty(relative)),
            distance_words(relative),
            prose(operation_words(relative)),
            code(relative.license or "unknown"),
        )
        for relative in identification.relatives
    ]
    blocks = (
        f"## {OUTCOME_WORDS[identification.outcome].capitalize()}: {code(identification.subject.ref)}",
        f"**{prose(first_sentence(identification))}**",
        table(_HEAD, rows) if rows else "",
        table(("", ""), [(label, prose(value)) for label, value in search_facts(identification)]),
        bullets([f"undecided: {code(name)}" for name in identification.undecided]),
        "### Caveats",
        bullets([prose(caveat) for caveat in identification.caveats]),
    )
    return "\n\n".join(block for block in blocks if block) + "\n"
