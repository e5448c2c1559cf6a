"""The check: read, compare, let every rule look, weigh what it found by the policy, and say how it ends."""

from __future__ import annotations

import datetime
import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from msgspec import Struct, field

from lineage_audit.checkpoint import split_reference
from lineage_audit.claims.ancestry import folder_of
from lineage_audit.claims.case import Case, unknown_licences
from lineage_audit.claims.certified import GivenCertificate, certificates_of, open_certificates
from lineage_audit.claims.derivation import OPEN, ties_of
from lineage_audit.claims.given import GivenReference, references_of
from lineage_audit.claims.library_search import caveats_of, is_explained, search_library
from lineage_audit.claims.policy import INCONCLUSIVE_LEVELS, BaselineKey, Policy, expired, mark_known, suppressed
from lineage_audit.claims.references import (
    ReadingSettings,
    Reference,
    hold_against,
    in_words_of_a_check,
    summarise_reference,
)
from lineage_audit.claims.repository import Repository, open_repository
from lineage_audit.claims.rules import RULES, Draft, Rule
from lineage_audit.claims.rules.licence_fit import misfit_of
from lineage_audit.claims.rules.unchecked import NO_REFERENCE
from lineage_audit.claims.stated_licence import StatedLicence, read_stated_licence, statement_of
from lineage_audit.claims.statements import read_statements
from lineage_audit.comparison import EffortChoice
from lineage_audit.comparison.metadata.summaries import summarise_model
from lineage_audit.comparison.progress import Progress
from lineage_audit.comparison.reading.kernels import Device, computing_on
from lineage_audit.comparison.verdict.wording import NO_ORDER, NOT_THEFT
from lineage_audit.results import (
    CheckReport,
    FailOn,
    Finding,
    Level,
    LicenceStatement,
    ModelSummary,
    Outcome,
    RuleInfo,
    Scalar,
)
from lineage_audit.results.local_paths import without_local_paths
from lineage_audit.version import __version__

_RANK = {"note": 0, "warning": 1, "error": 2, "never": 3}
_NO_ADVICE = "Findings compare files with licence terms; they are no legal advice."


class CheckOptions(Struct, frozen=True):
    """How to check.

    Attributes:
        policy: the policy.
        with_declared: also compare with the bases that the card declares.
        effort: how much of the weights to read.
        fail_on: level at which findings fail; None: the policy's, or ``error``.
        known: the findings of a baseline, which then do not count.
        device: where the comparisons take their sums.
        weights: the name of the subject's set of weights that is read, where it holds several.
        budget: bytes of weights that a sample may read of each model; None: the policy's, or by their size.
        library: a library database, asked where the card names no base that the weights bear out; None for none.
        certificates: certificates about declared bases that are not at hand, beside the policy's.
        baseline: the file that ``known`` is from, where one was named.
    """

    policy: Policy = field(default_factory=Policy)
    with_declared: bool = True
    effort: EffortChoice = "auto"
    fail_on: FailOn | None = None
    known: frozenset[BaselineKey] = frozenset()
    device: Device = "cpu"
    weights: str | None = None
    budget: int | None = None
    library: Path | None = None
    certificates: tuple[GivenCertificate, ...] = ()
    baseline: Path | None = None


def check_claims(
    subject: str, references: Sequence[GivenReference], options: CheckOptions, progress: Progress | None = None
) -> CheckReport:
    """Check one model's claims against its weights.

    Args:
        subject: the model: a local folder or file, or a Hub repository.
        references: models that it might derive from, with what is known of them.
        options: how to check.
        progress: told how far reading has come.

    Raises:
        LineageAuditError: the subject or a reference that was given cannot be found, a weight file is unsafe, or the
            device is missing.
    """
    started, now = time.perf_counter(), datetime.datetime.now(datetime.UTC)
    policy, today = options.policy, now.date()
    repository = open_repository(subject, options.weights)
    with computing_on(options.device):
        case = _case(repository, references, options, today, progress)
    findings = suppressed(_findings(case), policy, options.known, today)
    fail_on = options.fail_on or policy.fail_on or "error"
    report = CheckReport(
        tool_version=__version__,
        checked_at=now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        subject=_summary(case),
        weights_read=repository.checkpoint is not None,
        claims=case.statements.records,
        declared_licence=case.licence.statement if case.licence else None,
        concluded_licence=_concluded(case),
        references=tuple(replace(summarise_reference(tie.reference), standing=tie.standing) for tie in case.ties),
        findings=tuple(sorted(findings, key=lambda finding: (-_RANK[finding.level], finding.rule_id))),
        rules=tuple(_info(rule, policy) for rule in RULES),
        fail_on=fail_on,
        outcome=_outcome(findings, fail_on, policy, was_held=case.is_held_against_something),
        effort=options.effort,
        policy=str(policy.file) if policy.file else None,
        caveats=_caveats(case),
        coverage=repository.checkpoint.coverage if repository.checkpoint is not None else (),
        seconds=time.perf_counter() - started,
        budget=options.budget or policy.budget,
        library=case.library,
        with_declared=options.with_declared,
        weights=options.weights,
        inconclusive=policy.inconclusive,
        baseline=str(options.baseline) if options.baseline else None,
        certificates=tuple(one.summary for one in options.certificates),
    )
    return without_local_paths(report, _given(subject, references, options))


def _given(subject: str, references: Sequence[GivenReference], options: CheckOptions) -> Iterator[str]:
    """Every model and file that was named to the check, as it was named."""
    for reference in (subject, *(given.ref for given in (*references, *references_of(options.policy)))):
        yield from split_reference(reference)
    trusted = (one.signer.trust for one in options.certificates if one.signer is not None)
    certificates = (one.file for one in options.certificates)
    named = (options.policy.file, options.library, options.baseline, *certificates, *trusted)
    yield from (str(file) for file in named if file is not None)


def with_baseline(report: CheckReport, known: frozenset[BaselineKey], policy: Policy) -> CheckReport:
    """The same report, the findings of a baseline no longer counting."""
    findings = mark_known(report.findings, known)
    was_held = bool(report.references) or (report.library is not None and report.library.models > 0)
    outcome = _outcome(findings, report.fail_on, policy, was_held=was_held)
    return replace(report, findings=findings, outcome=outcome)


def worth_a_baseline(report: CheckReport) -> tuple[Finding, ...]:
    """The findings that a baseline may hold: those that count, but never that something could not be checked."""
    lasting = {rule.rule_id for rule in RULES if not rule.is_unchecked}
    return tuple(finding for finding in report.findings if finding.counts and finding.rule_id in lasting)


def _case(
    subject: Repository,
    references: Sequence[GivenReference],
    options: CheckOptions,
    today: datetime.date,
    progress: Progress | None,
) -> Case:
    """Gather what the rules look at; here the weights are compared."""
    statements = read_statements(subject, options.policy)
    licence = read_stated_licence(statements.of_licence, subject.texts, subject.name)
    reading = ReadingSettings(options.effort, options.budget or options.policy.budget, progress)
    certificates = open_certificates((*options.certificates, *certificates_of(options.policy)))
    held = hold_against(
        subject,
        statements,
        references,
        options.policy,
        with_declared=options.with_declared,
        reading=reading,
        certificates=certificates,
    )
    library = None
    if options.library is not None and subject.checkpoint is not None and not is_explained(held):
        library, found = search_library(subject.checkpoint, options.library, held, reading)
        held = (*held, *found)
    ties = ties_of(subject, statements, held, options.policy)
    unused = tuple(dict.fromkeys(one.name for one in certificates if not _is_used(one.name, held)))
    return Case(subject, statements, licence, ties, options.policy, expired(options.policy, today), library, unused)


def _is_used(certificate: str, held: Sequence[Reference]) -> bool:
    return any(one.certificate is not None and one.certificate.file == certificate for one in held)


def _findings(case: Case) -> Iterator[Finding]:
    """Everything that the rules find, those left out that the policy switches off."""
    for rule in RULES:
        if case.policy.severity.get(rule.rule_id) != "off":
            for draft in rule.find(case):
                yield _finding(rule, draft, case)


def _finding(rule: Rule, draft: Draft, case: Case) -> Finding:
    reference = draft.reference.ref if draft.reference else draft.base
    name = draft.reference.name if draft.reference else draft.base
    properties = _properties(draft, case)
    identity = (
        rule.rule_id,
        properties.get("subject_digest") or case.subject.name,
        properties.get("reference_digest") or name or "",
        draft.about,
    )
    stated = case.policy.severity.get(rule.rule_id)
    by_policy = stated if stated != "off" else None
    return Finding(
        rule_id=rule.rule_id,
        level=by_policy or draft.level or _level(rule, case.policy),
        message=draft.message,
        evidence=draft.evidence,
        fix=draft.fix,
        location=draft.location,
        reference=reference,
        suppression=None,
        fingerprint=hashlib.sha256("\n".join(map(str, identity)).encode("utf-8", "surrogatepass")).hexdigest(),
        properties=properties,
        edits=draft.edits,
    )


def _properties(draft: Draft, case: Case) -> dict[str, Scalar]:
    """Facts for machines: digests, relation and p-value, and what the rule adds; nothing that is empty."""
    found: dict[str, Scalar] = {"subject": case.subject.ref, "subject_digest": case.subject.digest}
    if draft.reference is not None:
        reference = draft.reference
        verdict = reference.report.verdict if reference.report else None
        found |= {
            "reference_digest": reference.digest,
            "relation": reference.relation,
            "log10_p": verdict.log10_p if verdict else None,
        }
    found |= {"about": draft.about or None, **draft.properties}
    return {key: value for key, value in found.items() if value is not None}


def _level(rule: Rule, policy: Policy) -> Level:
    """A rule's severity: what could not be checked has the one that the policy's ``inconclusive`` implies."""
    if rule.is_unchecked and policy.inconclusive is not None:
        return INCONCLUSIVE_LEVELS[policy.inconclusive]
    return rule.level


def _outcome(findings: Sequence[Finding], fail_on: FailOn, policy: Policy, *, was_held: bool) -> Outcome:
    """How the check ends; what could not be checked fails nothing unless the policy says so, and passes nothing.

    Without a reference there was nothing to check: that stops nobody, and is no pass.
    """
    unchecked = {rule.rule_id for rule in RULES if rule.is_unchecked} if policy.inconclusive is None else set()
    counting = [finding for finding in findings if finding.counts]
    if any(_RANK[found.level] >= _RANK[fail_on] for found in counting if found.rule_id not in unchecked):
        return "failed"
    if any(finding.rule_id in unchecked - {NO_REFERENCE} for finding in counting):
        return "inconclusive"
    return "passed" if was_held else "not-checked"


def _concluded(case: Case) -> LicenceStatement | None:
    """The licence that the weights' origin implies, where they show one: a comparison alone concludes anything."""
    shown = [debt for debt in case.debts if debt.reference.relation != "shared-origin"]
    for debt in shown:
        unchanged = debt.reference.relation == "identical"
        if case.licence is None or misfit_of(case.licence, debt.licence, unchanged=unchanged):
            basis = f"the weights derive from {debt.origin}, which is under it"
            return statement_of(debt.licence, debt.licence.key, basis)
    return case.licence.statement if case.licence and shown and not _is_open(case, case.licence) else None


def _is_open(case: Case, stated: StatedLicence) -> bool:
    """Whether the stated licence can be concluded neither: a relation is open, or a licence is not all known."""
    is_unknown = not stated.is_known or any(any(unknown_licences(base)) for base in case.bases)
    named_above = (base.licence for base in case.unverified if base.through and base.licence is not None)
    is_unsettled = bool(case.of_standing(*OPEN)) or any(base.relation == "shared-origin" for base in case.bases)
    return is_unknown or is_unsettled or any(misfit_of(stated, licence) for licence in named_above)


def _summary(case: Case) -> ModelSummary:
    """The subject for the report's head; without weights, what its words say."""
    if case.subject.checkpoint is not None:
        return summarise_model(case.subject.checkpoint)
    return ModelSummary(
        ref=case.subject.ref,
        revision=case.subject.source.revision,
        digest="unread",
        format="unread",
        architecture="unknown",
        parameters=0,
        layers=0,
        bytes_read=case.subject.source.bytes_read,
        license=_first(case.licence),
        base_models=tuple(record.value for record in case.statements.declared),
    )


def _first(licence: StatedLicence | None) -> str | None:
    return licence.statement.stated if licence else None


def _info(rule: Rule, policy: Policy) -> RuleInfo:
    stated = policy.severity.get(rule.rule_id)
    level: Level = stated if stated is not None and stated != "off" else _level(rule, policy)
    return RuleInfo(rule.rule_id, rule.name, rule.title, level, rule.help, f"docs/rules/{rule.rule_id}.md")


def _caveats(case: Case) -> tuple[str, ...]:
    """What the reader must know: of the subject, the references, the policy, and the check as such."""
    found = list(case.subject.caveats)
    for tie in case.ties:
        reference = tie.reference
        has_order = tie.order is not None or reference.declared_by is not None
        answered = (NOT_THEFT, NO_ORDER) if has_order else (NOT_THEFT,)
        if reference.repository is not None:
            found += [f"{reference.name}: {caveat}" for caveat in reference.repository.caveats]
        if reference.report is not None:
            said = (caveat for caveat in reference.report.verdict.caveats if caveat not in answered)
            found += [f"{reference.name}: {in_words_of_a_check(caveat)}" for caveat in said]
    folder, file = folder_of(case.subject), case.policy.file
    if folder is not None and file is not None and file.resolve().is_relative_to(folder):
        found.append(f"The policy {file} is a file of the subject's own repository.")
    found += [
        f"The certificate {name} is about no declared base that is not at hand; it was not used."
        for name in case.unused_certificates
    ]
    if case.library is not None:
        found += [f"Library: {case.library.summary}", *caveats_of(case.library)]
    for debt in case.debts:
        found += [f"{debt.licence.name} ({debt.origin}), not checked: {text}." for text in debt.licence.advice]
    if any(reference.is_related for reference in case.references):
        found.append(NOT_THEFT)
    return tuple(dict.fromkeys((*found, _NO_ADVICE)))
