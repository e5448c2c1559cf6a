"""Who is the parent: a subject held against every model of a library database."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from functools import partial

from lineage_audit.comparison.verdict import DISTILLATION, NOT_THEFT, RELATED_LOG10_P, strongest
from lineage_audit.library.database import Database, shape_of
from lineage_audit.library.database_entries import DatabaseEntry
from lineage_audit.library.fingerprint import Fingerprint, compare_fingerprints
from lineage_audit.library.fingerprint.layers import as_in_file
from lineage_audit.library.fingerprint.parameters import SCHEME
from lineage_audit.library.fingerprint.skeleton import summary_of
from lineage_audit.library.nearness import NEARLY_AS_FAR, SAME_WAY, order_of
from lineage_audit.library.prefilter import KEPT_BY_EACH, shortlist
from lineage_audit.results import Identification, Relation, Relative, Report
from lineage_audit.results.identification import IdentificationOutcome
from lineage_audit.version import __version__

SECOND_LOOK = 0.3
"""Similarity of signatures from which a model that seems unrelated is held against every unit of the subject."""

_PARAMETERS = {
    "kept_by_each": KEPT_BY_EACH,
    "second_look": SECOND_LOOK,
    "sibling_steps": SAME_WAY,
    "sibling_distance": NEARLY_AS_FAR,
    "related_log10_p": RELATED_LOG10_P,
}

_RELATED: tuple[Relation, ...] = ("identical", "derived", "shared-origin")


def identify_on_database(subject: Fingerprint, database: Database, leave_out: Sequence[str] = ()) -> Identification:
    """Find the subject's relatives in a library database, nearest first.

    Args:
        subject: its fingerprint, best with every FFN unit.
        database: the library.
        leave_out: names that are not looked at.
    """
    started = time.perf_counter()
    signatures = database.signatures().without(frozenset(leave_out))
    chosen = shortlist(signatures, subject.signature, shape_of(subject))
    models = len(signatures.names)
    fingerprints = {name: database.fingerprint(name) for name in chosen.names}
    short = as_in_file(subject, SCHEME)
    reports = {name: compare_fingerprints(fingerprint, short) for name, fingerprint in fingerprints.items()}
    for name, score in zip(chosen.names, chosen.scores, strict=True):
        if score >= SECOND_LOOK and not _is_related(reports[name], models):
            reports[name] = compare_fingerprints(fingerprints[name], subject)
    related = {name: report for name, report in reports.items() if _is_related(report, models)}
    relatives = [_relative(database.entry(name), related[name], models) for name in _ordered(related, fingerprints)]
    found = {relative.name for relative in relatives}
    rest = {name: report for name, report in reports.items() if name not in found}
    undecided = tuple(name for name, report in rest.items() if report.verdict.relation != "independent")
    limits = [
        report.verdict.detection_limit
        for name, report in rest.items()
        if name not in undecided and report.verdict.detection_limit is not None
    ]
    limit = max(limits, default=None)
    outcome: IdentificationOutcome = (
        "found" if relatives else "none" if limit is not None or not models else "inconclusive"
    )
    return Identification(
        tool_version=__version__,
        subject=summary_of(subject),
        library=str(database.path),
        models=models,
        compared=len(reports),
        outcome=outcome,
        summary=_sentence(outcome, relatives, models, len(undecided), limit, chosen.limit),
        relatives=tuple(relatives),
        undecided=undecided,
        detection_limit=limit,
        prefilter_limit=chosen.limit,
        parameters={"fingerprint_scheme": subject.scheme, **_PARAMETERS},
        seconds=time.perf_counter() - started,
        caveats=_caveats(len(database.names() - set(leave_out)) - models, relatives),
    )


def corrected(log10_p: float | None, models: int) -> float | None:
    """Bonferroni for every model in the library database, those included that the prefilter left out."""
    return None if log10_p is None else min(0.0, log10_p + math.log10(max(1, models)))


def _is_related(report: Report, models: int) -> bool:
    """Tell whether a relation stands after the correction; calibrated ones have no p-value to correct."""
    verdict = report.verdict
    if verdict.relation not in _RELATED:
        return False
    if verdict.relation == "identical" or verdict.grade == "calibrated":
        return True
    bound = corrected(verdict.log10_p, models)
    return bound is not None and bound <= RELATED_LOG10_P


def _ordered(related: Mapping[str, Report], fingerprints: Mapping[str, Fingerprint]) -> list[str]:
    """Names of the relatives, nearest first; identical ones before derived ones before those of a shared origin."""
    ordered: list[str] = []
    for relation in _RELATED:
        names = [name for name, report in related.items() if report.verdict.relation == relation]
        names.sort(key=lambda name: (_size_gap(related[name]), name))
        between = partial(_distance_between, fingerprints, names)
        ordered += [names[position] for position in order_of([_distance(related[name]) for name in names], between)]
    return ordered


def _size_gap(report: Report) -> float:
    """How unequal the two models are in parameters: of two that explain as much, the one like the subject is nearer."""
    return abs(math.log(max(1, report.a.parameters) / max(1, report.b.parameters)))


def _distance(report: Report) -> float:
    """What the model leaves unexplained of the subject, as a length."""
    left = report.parameters.get("residual_share")
    return math.sqrt(left) if isinstance(left, float) else 1.0


def _distance_between(fingerprints: Mapping[str, Fingerprint], names: Sequence[str], x: int, y: int) -> float:
    return _distance(compare_fingerprints(fingerprints[names[y]], fingerprints[names[x]]))


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


def _sentence(
    outcome: IdentificationOutcome,
    relatives: Sequence[Relative],
    models: int,
    undecided: int,
    limit: float | None,
    prefilter_limit: float | None,
) -> str:
    if outcome == "found":
        nearest = relatives[0]
        more = f"; {len(relatives) - 1} more of {models:,} are related" if len(relatives) > 1 else ""
        return f"Nearest of {models:,}: {nearest.name} ({nearest.relation}){more}."
    if not models:
        return "The library is empty."
    if outcome == "inconclusive":
        return f"Inconclusive: none of {models:,} models could be compared with enough power."
    seen = max(limit or 0.0, prefilter_limit or 0.0)
    known = (
        f"None of these {models:,}" if not undecided else f"None of the {models - undecided:,} that could be compared"
    )
    apart = f"; {undecided:,} unknown, for want of a common shape or of power" if undecided else ""
    return f"{known}: in models of its shape a cosine of {seen:.2f} would have shown{apart}."


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
