"""The references of a check side by side: how much of the subject's weights matches each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lineage_audit.report.escaping import cut_middle
from lineage_audit.report.html.figures.drawing import WIDTH, Figure, group, rect, words
from lineage_audit.report.html.markup import Markup, with_powers
from lineage_audit.report.numbers import p_value, share
from lineage_audit.report.wording.check import relation_words
from lineage_audit.results import ReferenceSummary

_LEFT, _RIGHT = 1.0, WIDTH - 1.0
_ROW = 62.0
_MOST_SHOWN = 12


def references_figure(references: Sequence[ReferenceSummary]) -> Figure | None:
    """One bar a reference that was compared, or None where none was."""
    compared = [reference for reference in references if reference.status == "compared"][:_MOST_SHOWN]
    if not compared:
        return None
    return Figure(
        name="references",
        title="The subject's weights against each reference",
        description=" ".join(f"{_name(one)}: {_facts(one)}." for one in compared),
        caption="The bar is the subject: filled is the share of its parameters in rows that match the reference's "
        "beyond chance.",
        height=_ROW * len(compared) + 4,
        shapes=group(_bar(position, reference) for position, reference in enumerate(compared)),
    )


def _bar(position: int, reference: ReferenceSummary) -> Iterator[Markup]:
    top, width = _ROW * position + 22, _RIGHT - _LEFT
    derived = min(1.0, max(0.0, reference.derived_share or 0.0))
    yield words(_LEFT, top - 7, _name(reference))
    yield rect(_LEFT, top, width, 14, "panel")
    yield rect(_LEFT, top, width * derived, 14, "bar")
    yield rect(_LEFT, top, width, 14, "frame")
    yield words(_LEFT, top + 27, _facts(reference), "small")


def _name(reference: ReferenceSummary) -> str:
    return cut_middle(reference.ref, 54)


def _facts(reference: ReferenceSummary) -> str:
    derived = f"derived share {share(reference.derived_share)}"
    return f"{relation_words(reference).lower()}, {derived}, {with_powers(p_value(reference.log10_p))}"
