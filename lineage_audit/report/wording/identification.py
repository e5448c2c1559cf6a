"""The words that every format of an identification shares."""

from __future__ import annotations

from lineage_audit.report.numbers import MISSING, detection_limit, duration, p_value, share
from lineage_audit.results import Identification, Relative
from lineage_audit.sizes import plural

OUTCOME_WORDS = {"found": "RELATIVES FOUND", "none": "NONE OF THESE", "inconclusive": "INCONCLUSIVE"}
"""Outcome -> the word that heads the report."""

DIRECTION_WORDS = {
    "a->b": "ancestor",
    "b->a": "descendant",
    "undetermined": "direction not shown",
}
"""Direction, the relative being A -> what the relative is to the subject."""


def relation_words(relative: Relative) -> str:
    """The relation, and the direction where it is shown."""
    if relative.direction == "undetermined":
        return relative.relation
    return f"{relative.relation}, {DIRECTION_WORDS[relative.direction]}"


def certainty(relative: Relative) -> str:
    """The p-value after the correction, or what else the relation stands on."""
    if relative.relation == "identical":
        return "equal files"
    if relative.grade == "calibrated":
        return "calibrated"
    return p_value(relative.corrected_log10_p)


def distance_words(relative: Relative) -> str:
    """How far the subject lies from it."""
    return MISSING if relative.distance is None else share(relative.distance)


def operation_words(relative: Relative) -> str:
    """The operations by their kinds."""
    return ", ".join(dict.fromkeys(operation.kind for operation in relative.operations)) or "none found"


def search_facts(identification: Identification) -> tuple[tuple[str, str], ...]:
    """What was searched and how little would have been seen."""
    prefilter = identification.prefilter_limit
    return (
        ("Library", f"{identification.library}: {plural(identification.models, 'model')}"),
        ("Compared", f"{identification.compared:,} by exact tests, in {duration(identification.seconds)}"),
        ("Would have seen", _limits(detection_limit(identification.detection_limit), prefilter)),
    )


def _limits(exact: str, prefilter: float | None) -> str:
    cleared = f"a cosine of {exact} in models of its shape" if exact != MISSING else "no model was cleared by tests"
    if prefilter is None:
        return cleared
    return f"{cleared}; a correlation of {detection_limit(prefilter)} in those that the prefilter left out"
