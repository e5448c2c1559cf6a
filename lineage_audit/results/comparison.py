"""What a comparison found, as plain frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from lineage_audit.results.certificates import CertificateLink, Grade
from lineage_audit.results.controls import ControlledNumber, QuotedFigures
from lineage_audit.results.figures import DeltaSpectrum, ExplainedStage, LayerPairs, NullSpread, RoleLayer
from lineage_audit.results.metadata import ArchitectureFinding, NamesFinding, PromptingFinding, TokenizerFinding
from lineage_audit.results.rendered import Rendered
from lineage_audit.results.requantization import Requantization
from lineage_audit.results.run import PairCoverage, Run

Relation = Literal["identical", "derived", "shared-origin", "independent", "inconclusive"]
RELATED: tuple[Relation, ...] = ("identical", "derived", "shared-origin")
"""Relations that say the weights are not independent, the closest first."""

Direction = Literal["a->b", "b->a", "undetermined"]
Way = Literal["a->b", "b->a"]
"""One model made from the other, as it may have been or cannot."""
OPPOSITE: Mapping[Way, Way] = {"a->b": "b->a", "b->a": "a->b"}
Cause = Literal["initialisation", "training", "untold"]
Status = Literal["measured", "skipped", "not-applicable"]
Effort = Literal["metadata", "sample", "search", "full"]
OperationKind = Literal[
    "renamed-tensors",
    "fused-tensors",
    "cast",
    "quantized",
    "fine-tuned",
    "lora-merged",
    "continued-pretrained",
    "noise-added",
    "merged",
    "layers-removed",
    "layers-duplicated",
    "layers-replaced",
    "width-pruned",
    "experts-upcycled",
    "vocabulary-extended",
    "vocabulary-replaced",
    "units-permuted",
    "units-rescaled",
    "signs-flipped",
    "heads-permuted",
    "channels-permuted",
    "residual-rotated",
    "norms-folded",
    "direction-ablated",
    "pruned-unstructured",
    "pruned-n:m",
    "rescaled",
    "low-rank-truncated",
    "edited",
    "interpolated",
    "layers-reordered",
    "layers-merged",
    "layers-inserted",
    "heads-merged",
    "width-grown",
    "gains-moved",
    "stream-scaled",
    "stream-shifted",
    "changed",
]
Scalar = str | int | float | bool | None


DigestMethod = Literal["file-hashes", "headers", "unread"]
"""How a digest is made: SHA-256 over the sorted SHA-256s of the weight files, one a line; or over every tensor's name,
type, shape and place, which pins no value."""


@dataclass(frozen=True, slots=True)
class WeightFile:
    """A weight file and its hash, as ``sha256sum`` gives it; else a hash of what was read of it.

    Attributes:
        file: its name inside the repository.
        size: in bytes.
        sha256: in hexadecimal, or None where the host does not publish it and the file was not read whole.
        ranges_sha256: where that is None, SHA-256 over a line ``start-stop sha256`` for each range that was read, by
            their places; None where nothing was.
    """

    file: str
    size: int
    sha256: str | None
    ranges_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class ModelSummary:
    """One of the two models, as the report's head shows it.

    Attributes:
        ref: the reference as the user gave it.
        revision: the pinned commit, or None.
        digest: what pins the content.
        format: weight format.
        architecture: the class or model type that its configuration names, or ``unknown``.
        parameters: number of stored weights.
        layers: number of layers.
        bytes_read: bytes read from it in this run.
        license: the licence that its card states, or None.
        base_models: the base models that its card states.
        digest_method: how the digest was made.
        files: its weight files.
        scratch_claim: the sentence in which its card says that it was trained from scratch, or None; asked of models
            that are compared and found to be derived or identical.
    """

    ref: str
    revision: str | None
    digest: str
    format: str
    architecture: str
    parameters: int
    layers: int
    bytes_read: int
    license: str | None
    base_models: tuple[str, ...]
    digest_method: DigestMethod = "unread"
    files: tuple[WeightFile, ...] = ()
    scratch_claim: str | None = None


@dataclass(frozen=True, slots=True)
class RoleDelta:
    """How the weights of one role differ, over every layer that was read.

    Attributes:
        role: the role.
        parameters: parameters compared (read on both sides).
        correlation: uncentred correlation of A and B (centred for norm gains and biases), -1 to 1.
        relative_delta: size of B - A over size of A (Frobenius norms).
        copied_share: share of bit-identical parameters, constants excluded; None where sketches cannot tell.
        row_cosine: median cosine of row i of A with row i of B, or None for vectors.
    """

    role: str
    parameters: int
    correlation: float
    relative_delta: float
    copied_share: float | None
    row_cosine: float | None


@dataclass(frozen=True, slots=True)
class LayerRow:
    """One layer of B, the layer of A it was compared with, and what the matrices of both have in common."""

    b: int
    a: int | None
    correlation: float | None
    log10_p: float | None
    relative_delta: float | None
    copied_share: float | None


@dataclass(frozen=True, slots=True)
class WeightsFinding:
    """How the weights compare: a sentence, by role, by layer, by both, and by pairs of layers where rows were kept."""

    summary: str
    compared_share: float
    roles: tuple[RoleDelta, ...]
    layers: tuple[LayerRow, ...]
    cells: tuple[RoleLayer, ...] = ()
    layer_pairs: LayerPairs | None = None
    stages: tuple[ExplainedStage, ...] = ()


@dataclass(frozen=True, slots=True)
class LayerEvidence:
    """What one layer adds to a test, and the bound that it would give alone (uncorrected), if any."""

    layer: int
    count: int
    statistic: float
    effect: float
    log10_p: float | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """One statistical test and what it gave.

    Attributes:
        test_id: stable id, e.g. ``ffn-signs``.
        question: what the test asks, in one plain sentence.
        status: measured, skipped or not-applicable.
        reason: why it was not measured, else None.
        statistic: the test statistic.
        log10_p: upper bound of the decimal logarithm of the p-value under ``null``; None if it gives no p-value.
        null: the null hypothesis and the bound used.
        grade: ``exact`` if the p-value holds for every pair of independent trainings, else ``calibrated``.
        effect: effect size in -1 to 1 (a mean cosine or a share of units).
        finding: the effect in one plain sentence ("2,064 of 2,064 FFN units ...").
        count: units, channels or heads that entered.
        coverage: share of B's parameters that the test looked at.
        detection_limit: smallest true cosine that this test would have detected at the verdict's level, or None.
        per_layer: the same by layer.
        spread: how the statistic is spread under the null, or None where that is not known.
    """

    test_id: str
    question: str
    status: Status
    reason: str | None
    statistic: float | None
    log10_p: float | None
    null: str
    grade: Grade
    effect: float | None
    finding: str
    count: int
    coverage: float
    detection_limit: float | None
    per_layer: tuple[LayerEvidence, ...] = ()
    spread: NullSpread | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that was done to the weights on the way from one model to the other."""

    kind: OperationKind
    detail: str
    evidence: str
    spectra: tuple[DeltaSpectrum, ...] = ()


@dataclass(frozen=True, slots=True)
class PartVerdict:
    """The answer for one part of model B: a language model, a tower, a projector, an encoder.

    Attributes:
        parts: its names; several where parts are searched and tested together.
        relation: how it relates to A's.
        grade: whether that stands on exact p-values or on calibrated evidence.
        log10_p: decimal logarithm of the combined p-value of its own tests (an upper bound), or None.
        derived_share: share of its parameters that match A's, where it is related.
        explained_variance: parameter-weighted squared correlation with A's.
        copied_share: share of its parameters that are bit-identical in A, constants excluded.
        detection_limit: smallest true cosine that its tests would have detected, or None.
        finding: the strongest test, or why nothing can be said.
    """

    parts: tuple[str, ...]
    relation: Relation
    grade: Grade
    log10_p: float | None
    derived_share: float | None
    explained_variance: float | None
    copied_share: float | None
    detection_limit: float | None
    finding: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer.

    Attributes:
        relation: how the two models' weights relate.
        direction: which came first, ``undetermined`` unless shown.
        summary: one sentence for a person.
        grade: whether it stands on exact p-values or on calibrated evidence.
        log10_p: decimal logarithm of the combined p-value (an upper bound), or None.
        derived_share: share of B's parameters in units, heads and channels significantly matched to A.
        explained_variance: parameter-weighted squared correlation of B with A.
        copied_share: share of B's parameters bit-identical in A, constants excluded.
        detection_limit: smallest true cosine that the run would have detected at p <= 1e-6, or None.
        operations: what was done on the way.
        caveats: what the reader must know before quoting this.
        cause: of a shared origin what was shared, as far as it is told; None for other relations.
        parts: the answer for each part of B alone; empty where B is of one part.
        excluded: the ways that do not fit, if neither file was made to fit: ``b->a`` where A was not made from B, both
            where neither was made from the other. The other way may be a descent, or the two be siblings.
    """

    relation: Relation
    direction: Direction
    summary: str
    grade: Grade
    log10_p: float | None
    derived_share: float | None
    explained_variance: float | None
    copied_share: float | None
    detection_limit: float | None
    operations: tuple[Operation, ...]
    caveats: tuple[str, ...]
    cause: Cause | None = None
    parts: tuple[PartVerdict, ...] = ()
    excluded: tuple[Way, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Report(Rendered):
    """A whole comparison.

    Attributes:
        tool_version: version of the tool.
        a: model A.
        b: model B.
        effort: how much of the weights was read.
        parameters: every parameter of the run that changes a number.
        seconds: how long it took.
        verdict: the answer.
        architecture: how the architectures compare.
        names: how the tensor names compare.
        tokenizer: how the tokenizers compare.
        weights: how the weights compare.
        evidence: every test and what it gave.
        run: when and by which command it was made, or None where that was not recorded.
        coverage: what of both models' weights was compared, and what was left out, by part and by reason.
        requantization: whether the codes of one model are the other's numbers, quantised, where one is stored so.
        prompting: how chat templates and generation settings compare, or None where neither model has any.
        controls: numbers that people quote, each beside what unrelated models give; none of them decides anything.
        quoted: what people draw of two models, or None where nothing of it can be had.
        certificate: the certificate that was asked for, or None where none was.
    """

    tool_version: str
    a: ModelSummary
    b: ModelSummary
    effort: Effort
    parameters: Mapping[str, Scalar]
    seconds: float
    verdict: Verdict
    architecture: ArchitectureFinding
    names: NamesFinding
    tokenizer: TokenizerFinding
    weights: WeightsFinding
    evidence: tuple[Evidence, ...]
    run: Run | None = None
    coverage: PairCoverage = field(default_factory=PairCoverage)
    requantization: Requantization | None = None
    prompting: PromptingFinding | None = None
    controls: tuple[ControlledNumber, ...] = ()
    quoted: QuotedFigures | None = None
    certificate: CertificateLink | None = None
