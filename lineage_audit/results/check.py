"""What a check of one model's claims found, as plain frozen values.

Words: the **subject** is the model whose claims are checked; a **reference** is a model it is compared with, the
suspected base. Strings that come from a repository (claims, evidence, messages that quote them) are untrusted text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from lineage_audit.results.certificates import Grade
from lineage_audit.results.comparison import Direction, ModelSummary, OperationKind, Relation, Scalar
from lineage_audit.results.rendered import Rendered
from lineage_audit.results.run import Coverage, Run

Level = Literal["error", "warning", "note"]
FailOn = Literal["error", "warning", "note", "never"]
WhenInconclusive = Literal["fail", "warn", "pass"]
Outcome = Literal["passed", "failed", "inconclusive", "not-checked"]
LicenceClass = Literal["permissive", "copyleft", "non-commercial", "no-derivatives", "use-restricted", "unknown"]
ReferenceOrigin = Literal["given", "policy", "declared", "library"]
ReferenceStatus = Literal["compared", "certified", "claims-only", "unavailable"]
Standing = Literal[
    "unrelated",
    "itself",
    "declared",
    "known",
    "derivative",
    "base",
    "through-base",
    "partly",
    "base-open",
    "order-open",
]
"""What a reference is to the subject:

- ``unrelated``: not compared, or nothing that makes either the other's base
- ``itself``: the subject under its own name
- ``declared``: the card names it, and the weights bear that out
- ``known``: a declared base's own base, or a copy of a declared base
- ``derivative``: it names the subject as its own base
- ``base``: earlier than the subject, and no declared base accounts for what they share
- ``through-base``: what they share is a declared base's
- ``partly``: they share more than a declared base accounts for, yet less than the whole change
- ``base-open``: a declared base that could account for it is not at hand
- ``order-open``: nothing shows which of the two came first
"""
SuppressionKind = Literal["allow-list", "baseline"]


@dataclass(frozen=True, slots=True)
class Location:
    """A place in the subject's repository; every finding has one.

    Attributes:
        file: name inside the repository, with forward slashes, never absolute.
        line: counted from 1.
    """

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class ClaimRecord:
    """One claim as it was read.

    Attributes:
        kind: what is claimed: ``license``, ``license_name``, ``license_link``, ``license_text``, ``base_model``,
            ``base_model_relation``, ``derived_from`` (a base that the card's prose names) or ``from_scratch`` (whose
            value is the sentence).
        value: the claim itself.
        file: file inside the repository, or the policy file for a claim that the policy makes.
        line: line in that file counted from 1, or None where the file has no lines.
        field: key in that file, or None for prose and licence texts.
        origin: ``repository``, or ``policy`` for a claim that overrides the card's.
        standing: where it stands: ``front matter``, ``prose``, ``configuration``, ``adapter``, ``recipe``,
            ``licence file``, ``weight file`` or ``policy``.
        quote: the sentence that names the base, for ``derived_from``; else None.
    """

    kind: str
    value: str
    file: str
    line: int | None
    field: str | None
    origin: Literal["repository", "policy"] = "repository"
    standing: str = "front matter"
    quote: str | None = None


@dataclass(frozen=True, slots=True)
class LicenceStatement:
    """A licence, as stated somewhere or as concluded.

    Attributes:
        stated: the words of the repository (``llama2``, ``other (yi-license)``), or how it was concluded.
        key: key of the licence in the tool's licence data, or None for one that is not in there.
        name: the licence's full name; ``stated`` again where the licence is unknown.
        spdx: a valid SPDX expression (``Apache-2.0``, ``LicenseRef-scancode-llama-2-license-2023``), or None.
        licence_class: what kind of licence it is.
        source: URL of the licence's own text or terms, or None.
        basis: one sentence: where this was read, or why it was concluded.
    """

    stated: str
    key: str | None
    name: str
    spdx: str | None
    licence_class: LicenceClass
    source: str | None
    basis: str


@dataclass(frozen=True, slots=True)
class AncestorSummary:
    """A base that a reference's own card declares: what the subject owes through the reference.

    Attributes:
        ref: the base as the card of the model below it names it.
        through: the models between the subject and this one, nearest first.
        licence: its licence as far as it is known, or None.
        basis: ``card`` if its own repository was read, ``name`` if its licence follows from its well-known name,
            ``unknown`` if neither.
    """

    ref: str
    through: tuple[str, ...]
    licence: LicenceStatement | None
    basis: Literal["card", "name", "unknown"]


@dataclass(frozen=True, slots=True)
class ReferenceSummary:
    """One model that the subject was held against.

    Attributes:
        ref: the reference as given, or as the card declares it.
        revision: the pinned commit, or None.
        digest: what pins its content, or None where its weights were not read.
        origin: ``given`` on the command line, by the ``policy``, ``declared`` in the card alone, or found in a
            ``library``, in which case its p-value is corrected for every model there.
        declared: whether the subject's claims name it as a base (whatever its origin).
        status: ``compared`` weight by weight, ``certified`` where its weights are not at hand and a certificate that
            somebody vouches for shows that the subject's are not independent of them, ``claims-only`` where the weights
            of either could not be read, or ``unavailable`` where nothing of it could be read.
        reason: why it was not compared, or None.
        relation: how the weights relate (reference first, subject second), or None unless compared.
        direction: ``a->b`` means that the files fit a subject made from the reference; None unless compared.
        grade: whether the relation stands on exact p-values; None unless compared.
        log10_p: upper bound of the decimal logarithm of the combined p-value, or None.
        derived_share: share of the subject's parameters matched to the reference, or None.
        detection_limit: smallest true cosine that the run would have detected, or None.
        compared_share: share of the subject's parameters that were compared, or None.
        bytes_read: bytes read of the reference, or None.
        coverage: what of the subject's weights was compared with it, and what was left out, by part and by reason.
        summary: one sentence on the relation, in the words "reference" and "subject".
        operations: what was done to the weights on the way, as kinds.
        licence: the licence of the reference as its own repository states it, or None.
        architecture: the reference's architecture, or None where it was not read.
        parameters: number of its stored weights, or None where they were not read.
        ancestors: the bases that it declares itself, and theirs, as far as they could be followed.
        standing: what it is concluded to be to the subject.
        name: the model that it was said to be where it was given, or None.
        is_earlier: whoever gave it knows it to be older than the subject.
        is_base: whoever gave it knows it to be a common base.
    """

    ref: str
    revision: str | None
    digest: str | None
    origin: ReferenceOrigin
    declared: bool
    status: ReferenceStatus
    reason: str | None
    relation: Relation | None
    direction: Direction | None
    grade: Grade | None
    log10_p: float | None
    derived_share: float | None
    detection_limit: float | None
    summary: str
    operations: tuple[OperationKind, ...]
    licence: LicenceStatement | None
    architecture: str | None
    parameters: int | None
    ancestors: tuple[AncestorSummary, ...] = ()
    standing: Standing = "unrelated"
    compared_share: float | None = None
    bytes_read: int | None = None
    coverage: tuple[Coverage, ...] = ()
    name: str | None = None
    is_earlier: bool = False
    is_base: bool = False


@dataclass(frozen=True, slots=True)
class LibrarySearch:
    """What a library of fingerprints gave, where the card names no base that the weights bear out.

    Attributes:
        library: the library's file.
        scheme: how its fingerprints were made; only those are looked at.
        oldest: when its first model was added, or None for an empty one.
        newest: when its last model was added, or None for an empty one.
        models: models that the subject was held against; p-values are corrected for all of them.
        compared: those that the prefilter sent on.
        compared_otherwise: models that were left out, since their weights were compared as references.
        left_out: fingerprints of another scheme, which could not be looked at.
        related: names of the models that are related, nearest first.
        undecided: names of compared models of which nothing can be said.
        detection_limit: smallest true cosine that would have shown with the models that are not related, or None.
        prefilter_limit: similarity from which the prefilter loses no model, or None where it left out none.
        summary: the search in one sentence.
    """

    library: str
    scheme: str
    oldest: str | None
    newest: str | None
    models: int
    compared: int
    compared_otherwise: int
    left_out: int
    related: tuple[str, ...]
    undecided: tuple[str, ...]
    detection_limit: float | None
    prefilter_limit: float | None
    summary: str


@dataclass(frozen=True, slots=True)
class CertificateGiven:
    """A certificate that was given for a declared base that is not at hand.

    Attributes:
        file: its file.
        name: the declared base that its other model was said to be, or None.
        identity: who must have signed it, or None where nobody was named.
        issuer: who must vouch for that identity, or None.
        trust: the configuration of the sigstore instance that is trusted, or None for the public one.
    """

    file: str
    name: str | None = None
    identity: str | None = None
    issuer: str | None = None
    trust: str | None = None


@dataclass(frozen=True, slots=True)
class Suppression:
    """Why a finding does not count.

    Attributes:
        kind: an ``allow-list`` entry of the policy, or the ``baseline`` file.
        reason: the entry's reason, or which baseline holds the finding.
        expires: last day of the allow-list entry as ``YYYY-MM-DD``, or None.
    """

    kind: SuppressionKind
    reason: str
    expires: str | None = None


@dataclass(frozen=True, slots=True)
class RuleInfo:
    """A rule, as SARIF and the documentation show it.

    Attributes:
        rule_id: stable id, e.g. ``LA101``.
        name: stable name in words, e.g. ``undeclared-base``.
        title: one short sentence.
        level: severity in this run (the policy may change it).
        help: what it checks and how to fix it, a few sentences of plain text.
        documentation: path of its page in the project, e.g. ``docs/rules/LA101.md``.
    """

    rule_id: str
    name: str
    title: str
    level: Level
    help: str
    documentation: str


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of the subject's repository by which a finding is mended.

    Attributes:
        file: the file, by its name inside the repository; it need not be there yet.
        field: key of the card's front matter, or None for text that is added to the end of the file.
        value: what the key shall state (added, where it lists bases), or the text.
    """

    file: str
    field: str | None
    value: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not fit.

    Attributes:
        rule_id: the rule that found it.
        level: its severity in this run.
        message: one sentence, "... is inconsistent with ...".
        evidence: what it rests on, one line each: claims quoted with file and line, the weights' sentence with p.
        fix: what to do, one sentence.
        location: where in the subject's repository to show it; always there.
        reference: the base in question as given or declared, or None where none is.
        suppression: why it does not count, or None if it does.
        fingerprint: 64 hexadecimal digits that stay equal from run to run while rule, subject's and reference's
            weights, and what is missing stay equal.
        properties: machine-readable facts: digests, relation, log10_p, licence keys.
        edits: what ``--fix`` would write, where the fix can be written by a machine.
    """

    rule_id: str
    level: Level
    message: str
    evidence: tuple[str, ...]
    fix: str
    location: Location
    reference: str | None
    suppression: Suppression | None
    fingerprint: str
    properties: Mapping[str, Scalar] = field(default_factory=dict)
    edits: tuple[Edit, ...] = ()

    @property
    def counts(self) -> bool:
        """Whether the finding is not suppressed."""
        return self.suppression is None


@dataclass(frozen=True, slots=True, repr=False)
class CheckReport(Rendered):
    """A whole check.

    Attributes:
        tool_version: version of the tool.
        checked_at: when the check began, in UTC, as ``2027-01-31T08:15:00Z``.
        subject: the model checked; its digest is ``unread`` and its parameters 0 where its weights could not be read.
        weights_read: whether the subject's weights could be read at all.
        claims: every claim, in the order read; those that the policy overrides stay listed, the policy's come first.
        declared_licence: the licence that the subject states, or None where it states none.
        concluded_licence: the licence that the weights' origin implies: that of a base that they were shown to derive
            from, or the declared one where it fits all of these; None where no comparison shows a base.
        references: every model it was held against: given ones, then the policy's, then declared ones.
        findings: all findings, suppressed ones included: errors first, then by rule.
        rules: every rule of the tool, fired or not.
        fail_on: the level at which findings fail the check.
        outcome: ``failed`` if a finding that counts is at or above ``fail_on``; else ``inconclusive`` if something
            could not be checked (and the policy does not say otherwise); else ``not-checked`` if there was no
            reference, so that no claim was held against the weights; else ``passed``.
        effort: how much of the weights was asked to be read.
        policy: the policy file, or None.
        caveats: what the reader must know before quoting this.
        seconds: wall time.
        budget: bytes of weights that a sample was allowed to read of each model, or None where nobody set any.
        library: what a library of fingerprints gave, or None where none was asked.
        coverage: what of the subject's weights can be read as numbers, and what cannot, by part and by reason.
        run: when and by which command it was made, or None where that was not recorded.
        with_declared: whether the bases that the card declares were references too.
        weights: the name of the set of weights that was asked for, or None where none was named.
        inconclusive: what was to happen where something could not be checked, or None: the check is inconclusive.
        baseline: the file of findings that do not count, where one was named; None: the policy's, if it has one.
        certificates: the certificates that were given, beside the policy's.
    """

    tool_version: str
    checked_at: str
    subject: ModelSummary
    weights_read: bool
    claims: tuple[ClaimRecord, ...]
    declared_licence: LicenceStatement | None
    concluded_licence: LicenceStatement | None
    references: tuple[ReferenceSummary, ...]
    findings: tuple[Finding, ...]
    rules: tuple[RuleInfo, ...]
    fail_on: FailOn
    outcome: Outcome
    effort: str
    policy: str | None
    caveats: tuple[str, ...]
    seconds: float
    budget: int | None
    library: LibrarySearch | None
    run: Run | None = None
    coverage: tuple[Coverage, ...] = ()
    with_declared: bool = True
    weights: str | None = None
    inconclusive: WhenInconclusive | None = None
    baseline: str | None = None
    certificates: tuple[CertificateGiven, ...] = ()
