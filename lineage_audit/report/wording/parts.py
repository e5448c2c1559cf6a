"""The words that every format shares for the parts of a model, each with its verdict."""

from __future__ import annotations

from lineage_audit.report.numbers import detection_limit, p_value, share
from lineage_audit.results import PartVerdict

PART_HEADS = ("Part of B", "Relation", "If independent", "Derived", "Copied", "Limit")
"""The heads of the table, a row a part."""


def _part_words(part: PartVerdict) -> str:
    """The names of a part in words: ``vision tower``, ``decoder and embeddings``."""
    return " and ".join(name.replace("_", " ") for name in part.parts)


def part_cells(part: PartVerdict) -> tuple[str, ...]:
    """What stands in its row, in the order of the heads."""
    return (
        _part_words(part),
        part.relation,
        p_value(part.log10_p),
        share(part.derived_share),
        share(part.copied_share),
        detection_limit(part.detection_limit),
    )


def part_sentence(part: PartVerdict) -> str:
    """A part with its relation, in a line: ``vision tower: derived (p ≤ 10^-210)``."""
    return f"{_part_words(part)}: {part.relation} ({p_value(part.log10_p)})"
