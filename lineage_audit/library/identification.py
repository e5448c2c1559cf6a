"""Who is the parent: the relatives of a subject in a library database, as an answer for people."""

from __future__ import annotations

import time
from collections.abc import Sequence

from lineage_audit.comparison.verdict.standing import strongest
from lineage_audit.comparison.verdict.thresholds import RELATION, SKETCHES, TREES
from lineage_audit.comparison.verdict.wording import DISTILLATION, NOT_THEFT
from lineage_audit.library.database import Database
from lineage_audit.library.database_entries import DatabaseEntry
from lineage_audit.library.fingerprint import Fingerprint
from lineage_audit.library.fingerprint.skeleton import summary_of
from lineage_audit.library.holding import corrected, hold_against_database
from lineage_audit.library.prefilter import KEPT_BY_EACH
from lineage_audit.results import Identification, Relative, Report
from lineage_audit.results.identification import IdentificationOutcome
from lineage_audit.sizes import plural
from lineage_audit.version import __version__

_PARAMETERS = {
    "kept_by_each": KEPT_BY_EACH,
    "second_look": SKETCHES.second_look,
    "sibling_steps": TREES.same_way,
    "sibling_distance": TREES.sibling_as_far,
    "related_log10_p": RELATION.related_log10_p,
}


def identify_on_database(subject: Fingerprint, database: Database, leave_out: Sequence[str] = ()) -> Identification:
    """Find the subject's relatives in a library database, nearest first.

    Args:
        subject: its fingerprint, best with every FFN unit.
        database: the library.
        leave_out: names that are not looked at.
    """
    started = time.perf_counter()
    held = hold_against_database(subject, database, leave_out)
    relatives = tuple(_relative(database.entry(name), held.reports[name], held.models) for name in held.related)
    limit = held.detection_limit
    outcome: IdentificationOutcome = "found" if relatives else "none" if held.is_settled else "inconclusive"
    return Identification(
        tool_version=__version__,
        subject=summary_of(subject),
        library=str(database.path),
        models=held.models,
        compared=len(held.reports),
        outcome=outcome,
        summary=_sentence(
            relatives,
            held.models,
            len(held.reports),
            len(held.undecided),
            max(limit or 0.0, held.prefilter_limit or 0.0),
        ),
        relatives=relatives,
        undecided=held.undecided,
        detection_limit=limit,
        prefilter_limit=held.prefilter_limit,
        parameters={"fingerprint_scheme": subject.scheme, **_PARAMETERS},
        seconds=time.perf_counter() - started,
        caveats=_caveats(held.left_out, relatives),
    )


def _relative(entry: DatabaseEntry, report: Report, models: int) -> Relative:
    verdict, best = report.verdict, strongest(report.evidence)
    distance = report.parameters.get("relative_distance")
    return Relative(
        name=entry.name,
        ref=entry.ref,
        revision=entry.revision,
        digest=entry.digest,
        family=entry.family,
        license=entry.license,
        architecture=entry.architecture,
        parameters=entry.parameters,
        relation=verdict.relation,
        direction=verdict.direction,
        grade=verdict.grade,
        log10_p=verdict.log10_p,
        corrected_log10_p=corrected(verdict.log10_p, models),
        distance=distance if isinstance(distance, float) else None,
        explained_variance=verdict.explained_variance,
        derived_share=verdict.derived_share,
        operations=verdict.operations,
        finding=best.finding if best else "the weight files are equal",
    )


def _sentence(relatives: Sequence[Relative], models: int, compared: int, undecided: int, limit: float) -> str:
    """The answer; of models that were held against the subject without an answer none is said to be unrelated."""
    if relatives:
        nearest = relatives[0]
        more = f"; {len(relatives) - 1} more of {models:,} are related" if len(relatives) > 1 else ""
        return f"Nearest of {models:,}: {nearest.name} ({nearest.relation}){more}."
    if not models:
        return "The library is empty."
    if undecided == compared:
        return f"Inconclusive: none of {plural(models, 'model')} could be compared with enough power."
    seen = f"in models of its shape a cosine of {limit:.2f} would have shown"
    if not undecided:
        return f"None of these {models:,}: {seen}."
    return (
        f"None of the {models - undecided:,} that could be compared: {seen}; "
        f"{undecided:,} unknown, for want of a common shape or of power."
    )


def _caveats(other_scheme: int, relatives: Sequence[Relative]) -> tuple[str, ...]:
    caveats = []
    if relatives:
        caveats.append(
            "The order is by distance: a relative may be an ancestor, a sibling or a descendant of the subject."
        )
        caveats.append(NOT_THEFT)
    else:
        caveats.append("A model that is not in the library cannot be named.")
        caveats.append(DISTILLATION)
    if other_scheme > 0:
        caveats.append(f"{other_scheme:,} fingerprints were made by another version and were left out; make them anew.")
    return tuple(caveats)
