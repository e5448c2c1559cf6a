"""docs/glossary.md: every word that a report explains, with a place to link to."""

from __future__ import annotations

from lineage_audit.report.wording.glossary import GLOSSARY, Term

_OPENING = """\
# Glossary

The words of a report, for people who are no statisticians. The same texts stand in the HTML report beside the word they
explain, and below a report in the terminal with `--explain`.
"""


def page() -> str:
    """The page."""
    return "\n".join([_OPENING, *map(_entry, GLOSSARY)])


def _entry(term: Term) -> str:
    return f"## {term.word}\n\n{term.meaning}\n"
