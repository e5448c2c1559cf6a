"""A subject held against every model of a library database: what is related to it, and what could not be told."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial

from msgspec import Struct

from lineage_audit.comparison.verdict.thresholds import RELATION, SKETCHES
from lineage_audit.library.database import Database, shape_of
from lineage_audit.library.fingerprint import Fingerprint, compare_fingerprints
from lineage_audit.library.fingerprint.layers import as_in_file
from lineage_audit.library.fingerprint.parameters import SCHEME
from lineage_audit.library.nearness import order_of
from lineage_audit.library.prefilter import shortlist
from lineage_audit.results import RELATED, Report


class Held(Struct, frozen=True, eq=False):
    """What a subject is to the models of a database.

    Attributes:
        models: how many there are, those included that the prefilter left out: the p-values are corrected for all.
        left_out: fingerprints of another version, which cannot be looked at.
        reports: the comparisons that were made, by the models' names.
        related: the models that are related after the correction, nearest first.
        undecided: compared models of which nothing can be said.
        prefilter_limit: similarity from which the prefilter loses no model, or None where it left out none.
    """

    models: int
    left_out: int
    reports: Mapping[str, Report]
    related: tuple[str, ...]
    undecided: tuple[str, ...]
    prefilter_limit: float | None

    @property
    def detection_limit(self) -> float | None:
        """The weakest relation that would have shown with every model that is independent, or None without any."""
        settled = self.reports.keys() - {*self.related, *self.undecided}
        limits = [self.reports[name].verdict.detection_limit for name in settled]
        return max((limit for limit in limits if limit is not None), default=None)

    @property
    def is_settled(self) -> bool:
        """Whether every model that was compared was told from the subject, or there was none."""
        return not self.undecided and (self.detection_limit is not None or not self.models)


def hold_against_database(subject: Fingerprint, database: Database, leave_out: Sequence[str] = ()) -> Held:
    """Hold a subject against a library database.

    Args:
        subject: its fingerprint, best with every FFN unit.
        database: the library.
        leave_out: names that are not looked at.
    """
    signatures = database.signatures().without(frozenset(leave_out))
    chosen = shortlist(signatures, subject.signature, shape_of(subject))
    models = len(signatures.names)
    fingerprints = {name: database.fingerprint(name) for name in chosen.names}
    short = as_in_file(subject, SCHEME)
    reports = {name: compare_fingerprints(fingerprint, short) for name, fingerprint in fingerprints.items()}
    for name, score in zip(chosen.names, chosen.scores, strict=True):
        if score >= SKETCHES.second_look and not _is_related(reports[name], models):
            reports[name] = compare_fingerprints(fingerprints[name], subject)
    related = {name: report for name, report in reports.items() if _is_related(report, models)}
    rest = {name: report for name, report in reports.items() if name not in related}
    return Held(
        models=models,
        left_out=len(database.names() - set(leave_out)) - models,
        reports=reports,
        related=tuple(_ordered(related, fingerprints)),
        undecided=tuple(name for name, report in rest.items() if report.verdict.relation != "independent"),
        prefilter_limit=chosen.limit,
    )


def corrected(log10_p: float | None, models: int) -> float | None:
    """Bonferroni for every model in the library database, those included that the prefilter left out."""
    return None if log10_p is None else min(0.0, log10_p + math.log10(max(1, models)))


def _is_related(report: Report, models: int) -> bool:
    """Tell whether a relation stands after the correction; calibrated ones have no p-value to correct."""
    verdict = report.verdict
    if verdict.relation not in RELATED:
        return False
    if verdict.relation == "identical" or verdict.grade == "calibrated":
        return True
    bound = corrected(verdict.log10_p, models)
    return bound is not None and bound <= RELATION.related_log10_p


def _ordered(related: Mapping[str, Report], fingerprints: Mapping[str, Fingerprint]) -> list[str]:
    """Names of the relatives, nearest first; identical ones before derived ones before those of a shared origin."""
    ordered: list[str] = []
    for relation in RELATED:
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
