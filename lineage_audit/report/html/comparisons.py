"""The page of one model against many: a row a model, the closest first, and the command of each comparison."""

from __future__ import annotations

from lineage_audit.report.escaping import cut_middle
from lineage_audit.report.html.markup import Markup, element, joined, name, sentence, with_powers
from lineage_audit.report.html.page import HtmlPage, PageSection
from lineage_audit.report.html.sections import run
from lineage_audit.report.html.sections.answer import facts, said
from lineage_audit.report.html.tables import Cell, Column, Value, number_columns, table
from lineage_audit.report.numbers import p_value, share
from lineage_audit.report.wording import RELATION_MEANINGS
from lineage_audit.report.wording.comparisons import (
    answer_of,
    closest_first,
    direction_words,
    headline,
    operation_words,
    reading_facts,
    unread_words,
)
from lineage_audit.report.wording.sentences import first_sentence
from lineage_audit.results import Comparisons, Report

_FOOT = "lineage-audit {}. Related weights say nothing of permission; unrelated ones nothing of distillation."


def comparisons_page(comparisons: Comparisons) -> HtmlPage:
    """The comparisons as a page."""
    sections = (
        PageSection("comparisons", "Every model, the closest first", "", _table(comparisons)),
        PageSection("answers", "Each in a sentence", "", _sentences(comparisons)),
        PageSection("unread", "What could not be read", "", _unread(comparisons)),
        run.pinned(_models(comparisons)),
        run.reproduce(_command(comparisons), (), comparisons.run),
    )
    title = f"{headline(comparisons).capitalize()}: {cut_middle(comparisons.a.ref, 80)}"
    return HtmlPage(title, answer_of(comparisons), _head(comparisons), sections, _FOOT.format(comparisons.tool_version))


def _head(comparisons: Comparisons) -> Markup:
    return joined(
        run.brand(comparisons, "compare"),
        said(headline(comparisons), f"closest: {RELATION_MEANINGS[answer_of(comparisons)]}", comparisons),
        facts(reading_facts(comparisons)),
        run.first_pinned(_models(comparisons)),
        run.command_line(_command(comparisons)),
    )


def _table(comparisons: Comparisons) -> Markup:
    columns = (
        Column("Model"),
        Column("Relation"),
        *number_columns("If independent", "Derived share", "Copied share"),
        Column("Direction"),
        Column("Operations"),
    )
    return table("Every model beside A", columns, map(_row, closest_first(comparisons))) or element("p", "None.")


def _row(report: Report) -> tuple[Cell, ...]:
    verdict = report.verdict
    return (
        name(report.b.ref),
        verdict.relation,
        Value(with_powers(p_value(verdict.log10_p)), verdict.log10_p),
        Value(share(verdict.derived_share), verdict.derived_share),
        Value(share(verdict.copied_share), verdict.copied_share),
        direction_words(verdict),
        sentence(operation_words(verdict)),
    )


def _sentences(comparisons: Comparisons) -> Markup:
    items = [element("li", sentence(first_sentence(report))) for report in closest_first(comparisons)]
    return element("ul", items) if items else Markup("")


def _unread(comparisons: Comparisons) -> Markup:
    items = [element("li", sentence(unread_words(model))) for model in comparisons.unread]
    return element("ul", items) if items else Markup("")


def _models(comparisons: Comparisons) -> list[run.Pinned]:
    models = (comparisons.a, *(report.b for report in comparisons.reports))
    return [(model.ref, model.revision, model.digest) for model in models]


def _command(comparisons: Comparisons) -> list[str]:
    others = [run.with_revision(report.b) for report in comparisons.reports]
    return ["lineage-audit", "compare", run.with_revision(comparisons.a), *others, *_unread_refs(comparisons)]


def _unread_refs(comparisons: Comparisons) -> list[str]:
    return [model.ref for model in comparisons.unread]
