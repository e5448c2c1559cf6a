"""A subject whose card explains nothing, held against every model of a library: who could be its base?

Only sketches are compared, so that nothing is told of what a relative and the subject share beyond a third model. The
nearest relative is therefore taken up as a reference together with the bases that it declares itself and that are
related too; the other relatives are named, and nothing is concluded of them.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec.structs import replace

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.claims import Claim, Claims
from lineage_audit.claims.ancestry import ancestors_of, declared_bases, licence_of
from lineage_audit.claims.given import GivenReference
from lineage_audit.claims.names import same_model
from lineage_audit.claims.references import ReadingSettings, Reference
from lineage_audit.claims.repository import Repository
from lineage_audit.comparison.verdict.wording import DISTILLATION
from lineage_audit.library.database import Database, open_database
from lineage_audit.library.database_entries import DatabaseEntry
from lineage_audit.library.fingerprint import sketch_subject
from lineage_audit.library.fingerprint.parameters import SCHEME
from lineage_audit.library.fingerprint.skeleton import skeleton
from lineage_audit.library.holding import Held, corrected, hold_against_database
from lineage_audit.results import LibrarySearch, Report
from lineage_audit.sizes import plural

_NOT_IN_THERE = "A model that is not in the library cannot be named."


def is_explained(references: Sequence[Reference]) -> bool:
    """Whether the weights bear out a base that the card declares: then no library is asked for another."""
    return any(reference.declared_by is not None and reference.is_related for reference in references)


def search_library(
    subject: Checkpoint, path: Path, references: Sequence[Reference], reading: ReadingSettings
) -> tuple[LibrarySearch, tuple[Reference, ...]]:
    """Hold a subject against a library database.

    Args:
        subject: its weights.
        path: the database's file.
        references: what it was held against already; these are not looked at again.
        reading: how the weights are read.

    Returns:
        What was looked at and what could not be, and the relatives that the rules judge.

    Raises:
        LineageAuditError: the library cannot be read.
    """
    with open_database(path) as database:
        known = [entry.name for entry in database.entries() if _is_among(entry, references)]
        fingerprint = sketch_subject(subject, reading.effort, reading.progress)
        held = hold_against_database(fingerprint, database, known)
        found = tuple(_judged(held, database))
        return _summary(held, database, known), found


def caveats_of(search: LibrarySearch) -> Iterator[str]:
    """What must be known of a search."""
    if not search.related:
        yield _NOT_IN_THERE
        yield DISTILLATION
    if search.undecided:
        yield (
            f"Library: of {plural(len(search.undecided), 'model')} nothing can be said, for want of a common shape "
            f"or of power ({', '.join(search.undecided[:5])}{', ...' if len(search.undecided) > 5 else ''})."
        )
    if search.left_out:
        yield f"Library: {search.left_out:,} fingerprints of another version could not be compared; make them anew."


def _is_among(entry: DatabaseEntry, references: Sequence[Reference]) -> bool:
    """Whether a model of the library is one that was compared by its weights."""
    compared = [reference for reference in references if reference.report is not None]
    return any(entry.digest == reference.digest or same_model(entry.name, reference.name) for reference in compared)


def _judged(held: Held, database: Database) -> Iterator[Reference]:
    """The nearest relative, and the relatives that it declares as its bases."""
    relatives = [_reference(database, name, held) for name in held.related]
    for nearest in relatives[:1]:
        yield nearest
        stated = declared_bases(nearest.repository.claims) if nearest.repository else ()
        yield from (other for other in relatives[1:] if any(same_model(other.name, name) for name in stated))


def _reference(database: Database, name: str, held: Held) -> Reference:
    """A relative as a reference; its p-value is corrected for every model of the library."""
    entry, known = database.entry(name), skeleton(database.fingerprint(name))
    claims = _claims(known.claims, entry, database)
    repository = Repository(known.source, claims, (), replace(known, claims=claims), None, known.caveats)
    given = GivenReference(entry.ref, entry.name, held_since=_day(entry.added), origin="library")
    return Reference(
        ref=entry.name,
        origin="library",
        declared_by=None,
        repository=repository,
        reason=None,
        report=_corrected(held.reports[name], held.models),
        licence=licence_of(repository),
        ancestors=ancestors_of(repository),
        given=given,
        is_sketched=True,
    )


def _claims(stated: Claims, entry: DatabaseEntry, database: Database) -> Claims:
    """What the model says of itself; where it states no licence, what the library's keeper noted."""
    if stated.of("license") or entry.license is None:
        return stated
    noted = Claim("license", entry.license, database.path.name, field=entry.name, standing="policy")
    return replace(stated, stated=(*stated.stated, noted))


def _corrected(report: Report, models: int) -> Report:
    verdict = report.verdict
    return dataclasses.replace(report, verdict=dataclasses.replace(verdict, log10_p=corrected(verdict.log10_p, models)))


def _day(added: str) -> datetime.date | None:
    try:
        return datetime.datetime.fromisoformat(added).date()
    except ValueError:
        return None


def _summary(held: Held, database: Database, known: Sequence[str]) -> LibrarySearch:
    added = sorted(entry.added for entry in database.entries())
    return LibrarySearch(
        library=str(database.path),
        scheme=SCHEME.id,
        oldest=added[0] if added else None,
        newest=added[-1] if added else None,
        models=held.models,
        compared=len(held.reports),
        compared_otherwise=len(known),
        left_out=held.left_out,
        related=held.related,
        undecided=held.undecided,
        detection_limit=held.detection_limit,
        prefilter_limit=held.prefilter_limit,
        summary=_sentence(held, added),
    )


def _sentence(held: Held, added: Sequence[str]) -> str:
    """What the search gave, and of what age the library is."""
    were = "was" if held.models == 1 else "were"
    age = f", which {were} added from {added[0][:10]} to {added[-1][:10]}" if added else ""
    of = f"{plural(held.models, 'model')}{age}"
    if held.related:
        more = f" and {len(held.related) - 1:,} more" if len(held.related) > 1 else ""
        return f"Of {of}, {held.related[0]}{more} are related." if more else f"Of {of}, {held.related[0]} is related."
    if not held.models:
        return "The library holds no model that could be compared."
    if held.detection_limit is None:
        return f"None of {of}, could be compared with enough power."
    seen = max(held.detection_limit, held.prefilter_limit or 0.0)
    return f"None of {of}, is related: in models of its shape a cosine of {seen:.2f} would have shown."
