"""The words that every format of one model against many shares."""

from __future__ import annotations

from collections.abc import Mapping

from lineage_audit.report.numbers import byte_size, duration, p_value, share
from lineage_audit.report.wording import WITHOUT_DIRECTION
from lineage_audit.report.wording.sentences import names_of
from lineage_audit.results import RELATED, Comparisons, Direction, Relation, Report, UnreadModel, Verdict, Way
from lineage_audit.sizes import plural

COLUMNS = ("Model", "Relation", "If independent", "Derived", "Direction")
"""The heads of the table, a row a model; what fits a terminal of 80 columns."""

_CLOSEST_FIRST: tuple[Relation, ...] = ("identical", "derived", "shared-origin", "inconclusive", "independent")


def closest_first(comparisons: Comparisons) -> tuple[Report, ...]:
    """The comparisons, related models before the others, in the order given within a relation."""
    return tuple(sorted(comparisons.reports, key=lambda report: _CLOSEST_FIRST.index(report.verdict.relation)))


def answer_of(comparisons: Comparisons) -> Relation:
    """The closest relation among them: what decides the colours."""
    return next((report.verdict.relation for report in closest_first(comparisons)), "inconclusive")


def headline(comparisons: Comparisons) -> str:
    """How many are related: ``2 OF 5 RELATED``."""
    count = sum(report.verdict.relation in RELATED for report in comparisons.reports)
    return f"{count} OF {len(comparisons.reports) + len(comparisons.unread)} RELATED"


def names_of_others(comparisons: Comparisons) -> dict[str, str]:
    """Reference of every other model -> as much of its end as tells it from the rest."""
    refs = [*(report.b.ref for report in comparisons.reports), *(model.ref for model in comparisons.unread)]
    return dict(zip(refs, names_of(*refs), strict=True)) if refs else {}


def row_words(report: Report) -> tuple[str, str, str, str]:
    """What stands beside a model's name, in the order of the columns."""
    verdict = report.verdict
    return verdict.relation, p_value(verdict.log10_p), share(verdict.derived_share), direction_words(verdict)


def direction_words(verdict: Verdict) -> str:
    """The direction that fits, where there may be one."""
    if verdict.relation in WITHOUT_DIRECTION:
        return ""
    if verdict.direction != "undetermined" or not verdict.excluded:
        return _DIRECTIONS[verdict.direction]
    return ", ".join(f"not {_WAYS[way]}" for way in verdict.excluded)


_WAYS: Mapping[Way, str] = {"a->b": "A → B", "b->a": "B → A"}
_DIRECTIONS: Mapping[Direction, str] = {"a->b": "fits A → B", "b->a": "fits B → A", "undetermined": "not shown"}


def operation_words(verdict: Verdict) -> str:
    """The operations by their kinds."""
    return ", ".join(dict.fromkeys(operation.kind for operation in verdict.operations))


def reading_facts(comparisons: Comparisons) -> tuple[tuple[str, str], ...]:
    """How many models, how much was read, how long it took."""
    of_b = sum(report.b.bytes_read for report in comparisons.reports)
    return (
        ("Compared", f"{plural(len(comparisons.reports), 'model')} in {duration(comparisons.seconds)}"),
        ("Read", f"{byte_size(comparisons.a.bytes_read)} of A, {byte_size(of_b)} of the others"),
    )


def unread_words(model: UnreadModel) -> str:
    """A model that could not be read, and why; most reasons begin with its name."""
    return model.reason if model.reason.startswith(model.ref) else f"{model.ref}: {model.reason}"
