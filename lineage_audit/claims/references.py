"""The models that a subject is held against: opened, compared where both sides' weights can be read, put in order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.source.addresses import shown_address
from lineage_audit.claims.ancestry import Ancestor, ancestors_of, declared_bases, folder_of, licence_of
from lineage_audit.claims.certified import Accepted, NotAccepted, OpenedCertificate, certificate_of
from lineage_audit.claims.declared import open_declared, resolve_declared
from lineage_audit.claims.given import GivenReference, references_of
from lineage_audit.claims.names import HUB_ID, hub_name, is_itself, model_name, restates, same_model
from lineage_audit.claims.policy import Policy
from lineage_audit.claims.repository import Repository, open_repository, read_repository
from lineage_audit.claims.stated_licence import StatedLicence, licence_by_name
from lineage_audit.claims.statements import Statements
from lineage_audit.comparison import EffortChoice, compare_checkpoints
from lineage_audit.comparison.progress import Progress
from lineage_audit.comparison.verdict.standing import strongest
from lineage_audit.errors import LineageAuditError
from lineage_audit.library.recognition import is_fingerprint_reference
from lineage_audit.results import (
    AncestorSummary,
    ClaimRecord,
    ReferenceOrigin,
    ReferenceStatus,
    ReferenceSummary,
    Relation,
    Report,
)

_DECLARED_LIMIT = 16
"""Most declared bases that are opened; merges name more."""


class Reference(Struct, frozen=True):
    """One model that the subject is held against.

    Attributes:
        ref: as given, or as the card declares it.
        origin: who named it.
        declared_by: the claim of the subject that names it as a base, or None.
        repository: its words and weights, or None where nothing of it could be read.
        reason: why it was not compared, or None.
        report: the comparison, the reference being A; or None.
        licence: its licence, or None where it is not known.
        ancestors: the bases that it names, and theirs.
        given: what the auditor gave it as, or None for one that the card alone names.
        is_tied: that these are the weights of the model that the card names is more than a folder's name.
        is_sketched: only a fingerprint of it was at hand, which holds no weights.
        certificate: what a certificate shows in the place of weights that are not at hand, or that it shows nothing.
    """

    ref: str
    origin: ReferenceOrigin
    declared_by: ClaimRecord | None
    repository: Repository | None
    reason: str | None
    report: Report | None
    licence: StatedLicence | None
    ancestors: tuple[Ancestor, ...]
    given: GivenReference | None = None
    is_tied: bool = True
    is_sketched: bool = False
    certificate: Accepted | NotAccepted | None = None

    @property
    def name(self) -> str:
        """What to call it."""
        if self.given is not None and self.given.name is not None:
            return self.given.name
        return self.repository.name if self.repository else hub_name(self.ref)

    @property
    def weights(self) -> Checkpoint | None:
        """Its weights, or None where they cannot be read: a fingerprint has none."""
        return None if self.repository is None or self.is_sketched else self.repository.checkpoint

    @property
    def relation(self) -> Relation | None:
        """How the weights relate, or None where they were not compared."""
        return self.report.verdict.relation if self.report else None

    @property
    def is_related(self) -> bool:
        """Whether the weights show that subject and reference share training, or are the same."""
        return self.relation in ("derived", "identical")

    @property
    def is_certified(self) -> bool:
        """Whether a certificate shows, in the place of its weights, that the subject's are not independent of them."""
        return isinstance(self.certificate, Accepted)

    @property
    def declared_ancestors(self) -> tuple[Ancestor, ...]:
        """Its ancestors by what cards declare, not by what prose alone says."""
        return tuple(ancestor for ancestor in self.ancestors if ancestor.said is None)

    @property
    def digest(self) -> str | None:
        """What pins its weights, or None where they were not read."""
        return self.repository.digest if self.repository else None

    @property
    def sentence(self) -> str:
        """The relation in one sentence."""
        if isinstance(self.certificate, Accepted):
            return self.certificate.sentence
        if self.report is None:
            return f"Not compared: {self.reason}."
        return _sentence_of(self.report)


class ReadingSettings(Struct, frozen=True):
    """How the weights are read where two models are compared.

    Attributes:
        effort: how much of them.
        budget: bytes that a sample may read of each model; None: by their size.
        progress: told how far reading has come.
    """

    effort: EffortChoice = "auto"
    budget: int | None = None
    progress: Progress | None = None


class _Wanted(Struct, frozen=True):
    """A model to hold the subject against, before it is opened."""

    ref: str
    declared_by: ClaimRecord | None
    given: GivenReference | None = None

    @property
    def origin(self) -> ReferenceOrigin:
        return self.given.origin if self.given else "declared"


def hold_against(
    subject: Repository,
    statements: Statements,
    given: Sequence[GivenReference],
    policy: Policy,
    *,
    with_declared: bool,
    reading: ReadingSettings,
    certificates: Sequence[OpenedCertificate] = (),
) -> tuple[Reference, ...]:
    """Open and compare every reference: given ones, the policy's, and those that the subject declares.

    Raises:
        LineageAuditError: one that was given, or that the policy names, cannot be found.
    """
    wanted = tuple(_wanted(subject, statements, given, policy, with_declared))
    return tuple(_certified(_held(one, subject, reading), subject, certificates) for one in wanted)


def _certified(reference: Reference, subject: Repository, opened: Sequence[OpenedCertificate]) -> Reference:
    """A declared base whose weights are not at hand, with what the certificates show of it."""
    if reference.declared_by is None or reference.report is not None or subject.checkpoint is None:
        return reference
    found = certificate_of(reference.declared_by.value, folder_of(subject), subject.checkpoint, opened)
    return replace(reference, certificate=found)


def _wanted(
    subject: Repository,
    statements: Statements,
    given: Sequence[GivenReference],
    policy: Policy,
    with_declared: bool,
) -> Iterator[_Wanted]:
    """Each model once; a declared base that was also given keeps the reference that was given."""
    references = _each_once((*given, *references_of(policy)))
    names = [_name_of(reference) for reference in references]
    for name, reference in zip(names, references, strict=True):
        claim = next((record for record in statements.declared if _means(record.value, name)), None)
        yield _Wanted(reference.ref, claim, reference)
    if not with_declared:
        return
    left = [
        record
        for record in statements.declared
        if not is_itself(record.value, subject.name) and not any(_means(record.value, name) for name in names)
    ]
    for record in left[:_DECLARED_LIMIT]:
        yield _Wanted(record.value, record)


def _each_once(references: Sequence[GivenReference]) -> list[GivenReference]:
    """Each model once, where it was first given; what is stated of it elsewhere holds, too."""
    found: list[GivenReference] = []
    for reference in references:
        same = (place for place, other in enumerate(found) if same_model(_name_of(reference), _name_of(other)))
        place = next(same, None)
        if place is None:
            found.append(reference)
        else:
            found[place] = found[place].with_facts_of(reference)
    return found


def _name_of(reference: GivenReference) -> str:
    return reference.name or model_name(reference.ref)


def _means(declared: str, name: str) -> bool:
    """Whether a declared base is the model of this name, or that one in another number format."""
    return same_model(declared, name) or restates(declared, name)


def _held(wanted: _Wanted, subject: Repository, reading: ReadingSettings) -> Reference:
    """Open one reference and compare it with the subject."""
    try:
        repository = _opened(wanted, subject)
    except LineageAuditError as error:
        if wanted.origin != "declared":
            raise
        return _unavailable(wanted, str(error))
    report, reason = None, subject.obstacle or repository.obstacle
    if subject.checkpoint is not None and repository.checkpoint is not None:
        report = _compared(wanted, repository.checkpoint, subject.checkpoint, reading)
    return Reference(
        ref=shown_address(wanted.ref),
        origin=wanted.origin,
        declared_by=wanted.declared_by,
        repository=repository,
        reason=reason,
        report=report,
        licence=licence_of(repository),
        ancestors=ancestors_of(repository),
        given=wanted.given,
        is_tied=_is_tied(wanted, repository, subject),
        is_sketched=_is_fingerprint(wanted),
    )


def _is_tied(wanted: _Wanted, repository: Repository, subject: Repository) -> bool:
    """Whether more than a folder's name says that these are the weights that the card names.

    A declared base that was opened by its own name is what the card names; so are a Hub repository of that id, what
    the Hub's own cache keeps under it, and the folder that the card's words lead to.
    """
    if wanted.given is None or wanted.declared_by is None:
        return True
    declared = wanted.declared_by.value
    if resolve_declared(declared, folder_of(subject)) == folder_of(repository) is not None:
        return True
    opened = model_name(repository.ref)
    return HUB_ID.fullmatch(opened) is not None and same_model(opened, declared)


def _compared(wanted: _Wanted, reference: Checkpoint, subject: Checkpoint, reading: ReadingSettings) -> Report:
    """Compare the reference with the subject; in sketches, where the reference is a fingerprint."""
    if _is_fingerprint(wanted):
        from lineage_audit.library.fingerprint import compare_fingerprints, make_or_read, sketch_subject

        return compare_fingerprints(make_or_read(wanted.ref), sketch_subject(subject, reading.effort, reading.progress))
    return compare_checkpoints(reference, subject, reading.effort, reading.progress, budget=reading.budget)


def _opened(wanted: _Wanted, subject: Repository) -> Repository:
    """Read a reference: a repository, or a fingerprint, which holds its claims and no text.

    Raises:
        LineageAuditError: it cannot be found or read.
    """
    if _is_fingerprint(wanted):
        from lineage_audit.library.fingerprint import make_or_read
        from lineage_audit.library.fingerprint.skeleton import skeleton

        known = skeleton(make_or_read(wanted.ref))
        return Repository(known.source, known.claims, (), known, None, known.caveats)
    if wanted.origin != "declared":
        return open_repository(wanted.ref)
    return read_repository(open_declared(wanted.ref, folder_of(subject)))


def _is_fingerprint(wanted: _Wanted) -> bool:
    """Whether a fingerprint was given; no card leads to one."""
    return wanted.origin != "declared" and is_fingerprint_reference(wanted.ref)


def _unavailable(wanted: _Wanted, reason: str) -> Reference:
    licence = licence_by_name(wanted.ref)
    return Reference(wanted.ref, wanted.origin, wanted.declared_by, None, reason, None, licence, ())


def declares(reference: Reference, subject: Repository) -> bool:
    """Whether the reference itself names the subject as its base: then it is the derivative."""
    if reference.repository is None:
        return False
    return any(same_model(name, subject.name) for name in declared_bases(reference.repository.claims))


def _sentence_of(report: Report) -> str:
    """The verdict in one sentence, in the words "reference" and "subject"."""
    verdict = report.verdict
    if verdict.relation == "identical":
        return f"The subject holds the very weights of the reference{_requantized(report)}."
    if verdict.relation == "derived":
        best = strongest(report.evidence)
        shown = best.finding if best else "its weights stand bit-identical in the reference"
        more = f"{_p(verdict.log10_p)}{_requantized(report)}"
        return f"The subject's weights share training with the reference's: {shown}{more}."
    if verdict.relation == "shared-origin":
        return f"The weights are not independent, yet neither need be the other's base{_p(verdict.log10_p)}."
    if verdict.relation == "independent":
        return f"Independent weights: a relation as weak as a cosine of {verdict.detection_limit:.3f} would have shown."
    return in_words_of_a_check(verdict.summary)


def in_words_of_a_check(text: str) -> str:
    """A sentence of a comparison, its A and B called what a check calls them."""
    return re.sub(r"\bB\b", "the subject", re.sub(r"\bA\b(?! (?:model|tensor|file|base)\b)", "the reference", text))


def _requantized(report: Report) -> str:
    """Whether codes are the other's numbers, quantised, as the end of a sentence; nothing where none are asked."""
    return f"; {in_words_of_a_check(report.requantization.summary)}" if report.requantization else ""


def _p(log10_p: float | None) -> str:
    """A p-value as words, or nothing."""
    return f" (p ≤ 10^{log10_p:.0f})" if log10_p is not None else ""


def summarise_reference(reference: Reference) -> ReferenceSummary:
    """A reference for the report."""
    report, repository = reference.report, reference.repository
    verdict = report.verdict if report else None
    shown = reference.certificate if isinstance(reference.certificate, Accepted) else verdict
    return ReferenceSummary(
        ref=reference.ref,
        revision=repository.source.revision if repository else None,
        digest=reference.digest,
        origin=reference.origin,
        declared=reference.declared_by is not None,
        status=_status(reference),
        reason=reference.reason,
        relation=reference.relation,
        direction=verdict.direction if verdict else None,
        grade=shown.grade if shown else None,
        log10_p=shown.log10_p if shown else None,
        derived_share=verdict.derived_share if verdict else None,
        detection_limit=verdict.detection_limit if verdict else None,
        summary=reference.sentence,
        operations=tuple(operation.kind for operation in verdict.operations) if verdict else (),
        licence=reference.licence.statement if reference.licence else None,
        architecture=report.a.architecture if report else None,
        parameters=report.a.parameters if report else None,
        ancestors=tuple(_ancestor(ancestor) for ancestor in reference.declared_ancestors),
        compared_share=report.weights.compared_share if report else None,
        bytes_read=report.a.bytes_read if report else None,
        coverage=report.coverage.b if report else (),
        name=reference.given.name if reference.given else None,
        is_earlier=reference.given is not None and reference.given.is_earlier,
        is_base=reference.given is not None and reference.given.is_base,
    )


def _status(reference: Reference) -> ReferenceStatus:
    if reference.report is not None:
        return "compared"
    if reference.is_certified:
        return "certified"
    return "claims-only" if reference.repository else "unavailable"


def _ancestor(ancestor: Ancestor) -> AncestorSummary:
    licence = ancestor.licence.statement if ancestor.licence else None
    basis = "unknown" if licence is None else "card" if ancestor.repository else "name"
    return AncestorSummary(ancestor.ref, ancestor.through, licence, basis)  # type: ignore[arg-type]
