"""Evidence becomes a verdict. Every threshold of the tool lives here and nowhere else.

Related only with a p-value under a stated null (or calibrated evidence with a wide margin); independent only where
the tests had the power to find a relation; everything else is inconclusive, with the reason.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lineage_audit.comparison.directed import DirectedOperation
from lineage_audit.comparison.evidence.base import DETECTION_LOG10_P
from lineage_audit.comparison.weights import Shares
from lineage_audit.results import Direction, Evidence, Grade, Relation, Verdict

RELATED_LOG10_P = DETECTION_LOG10_P
"""Combined log10 p at which two models are called related."""

UNCLEAR_LOG10_P = -3.0
"""Combined log10 p below which they are not called independent either."""

DESCRIPTIVE = frozenset(
    {"norm-gains", "aligned-norm-gains", "slopes", "ffn-assignment-spearman", "aligned-unit-cosines"}
)
"""Calibrated measurements whose p-value, if they have one, never carries a verdict."""

CALIBRATED_LOG10_P = -50.0
CALIBRATED_EFFECT = 0.5
"""The wide margin that calibrated evidence needs to carry a verdict alone."""

WEAKEST_DETECTION = 0.25
"""Largest detection limit at which "nothing found" means independent."""

NUMBERS_EXPLAIN = 0.98
"""Derived share and compared share at which comparing number by number leaves nothing to search for."""

ALIGNMENT_GAIN = 0.02
"""Explained variance that an alignment of related models must add to be reported."""

ALIGNMENT_LEFT = 0.5
ALIGNMENT_COMPARED = 0.95
"""Or what it may leave of the unexplained variance, while it compares as much: folded norms explain little, but all."""

HELD_OUT_COSINE = 0.3
"""Mean |cosine| of matched FFN units in what the matching never saw, at which calibrated evidence stands alone.

Measured in a basis in which all directions weigh the same. Independent models of one corpus and tokenizer gave up to
.11, one initialisation trained twice .3 to .65, descendants more.
"""

UNMOVED_SLOPE = 0.99
"""Slope of B on A from which A counts as unmoved since their common ancestor, so that a cut or a copy shows direction.

What training added to A itself would lower it: B's weights would not grow with A's.
"""

HELD_OUT_UNITS = 200
"""Rows and columns that the held-out measurement needs to speak."""

SMALL_SHARE = 0.5
"""Derived share below which the sentence says that only a part of B is meant."""

LEAST_COMPARED = 0.5
"""Share of B's parameters with a counterpart below which "nothing found" means nothing."""

MOST_UNPLACED = 0.05
"""Share of B's parameters under names that say nothing, in A's shapes, above which nothing found means nothing."""

SHARED_TRAINING_GAINS = 0.3
"""Correlation of centred norm gains below which related weights point to one initialisation, not to training.

One initialisation trained on two corpora gave .03; descendants .76 and more.
"""

ROLE_KEPT = 0.5
"""Squared correlation of a whole role or layer (or of all weights) above which no question of initialisation arises.

One initialisation trained on two corpora kept .27 of the variance and less; MLPs that were taken and trained on, .6.
"""

FEWEST_CHANNELS = 64
"""Channels that the norm-gain comparison needs to speak."""

DISTILLATION = "Distillation leaves no trace in the weights: it can be neither found nor excluded here."
SAME_NUMBERS = (
    "Layers, units, heads and channels were compared under their own numbers only; "
    "--effort search looks for a copy in which they were moved or rotated."
)
THROUGH_EMBEDDINGS = (
    "Other orders were looked for through the embeddings of shared tokens: a copy that lost those as well goes unseen."
)
NOT_THEFT = "Related weights say nothing of permission: the licence and the parties do."


LeftOver = Literal["nothing", "rows", "tensors"]
"""What one model holds that the other lacks; rows are those of tokens."""


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything a verdict is made from.

    Attributes:
        evidence: all tests.
        shares: how much.
        operations: what was done, if the models are related.
        same_weights: every weight that both have is bit-identical, and all were read (or the shards are equal).
        left_in_a: what A holds that B lacks.
        left_in_b: what B holds that A lacks.
        architecture: the architecture in a clause ("same architecture after two renames").
        caveats: what the reading stage has to say.
        searched: whether another order of layers, units, heads and channels was looked for.
        moved: whether one was found, so that shares and gains are those after alignment.
        turned: whether it holds a rotation, after which gains cannot be compared.
        obstacle: why the weights could hardly be compared, or None.
        slopes: of B on A's image and of A's image on B, over all matrices; None where nothing was measured.
        unplaced: share of B's parameters under names that say nothing, in shapes that A has, that resembled nothing.
    """

    evidence: tuple[Evidence, ...]
    shares: Shares
    operations: tuple[DirectedOperation, ...]
    same_weights: bool
    left_in_a: LeftOver
    left_in_b: LeftOver
    architecture: str
    caveats: tuple[str, ...]
    searched: bool
    moved: bool
    turned: bool
    obstacle: str | None
    slopes: tuple[float, float] | None = None
    unplaced: float = 0.0

    @property
    def identical(self) -> bool:
        """Both hold the same weights, and nothing else."""
        return self.same_weights and self.left_in_a == self.left_in_b == "nothing"

    @property
    def subset(self) -> Literal["a", "b"] | None:
        """The model whose every weight (and not only constants) stands bit-identical in the other, which holds more."""
        if not self.same_weights or self.identical or not self.shares.copied:
            return None
        return "b" if self.left_in_b == "nothing" else "a" if self.left_in_a == "nothing" else None


def decide(findings: Findings) -> Verdict:
    """Decide relation, direction and grade, and say it in one sentence."""
    exact = combined_log10_p(findings.evidence)
    relation, grade = _relation(findings, exact)
    related = relation in ("identical", "derived", "shared-origin")
    operations = tuple(item for item in findings.operations if related and _fits(item, relation))
    limit = detection_limit(findings.evidence)
    return Verdict(
        relation=relation,
        direction=_direction(findings, relation),
        summary=_sentence(relation, findings, exact, limit),
        grade=grade,
        log10_p=exact if grade == "exact" else _strongest_calibrated(findings.evidence),
        derived_share=findings.shares.derived if related else 0.0 if relation == "independent" else None,
        explained_variance=findings.shares.explained,
        copied_share=findings.shares.copied,
        detection_limit=limit,
        operations=tuple(item.operation for item in operations),
        caveats=_caveats(findings, relation),
    )


def _fits(item: DirectedOperation, relation: Relation) -> bool:
    """Tell whether an operation can be part of the relation: siblings of one start are no fine-tunes of each other."""
    return relation != "shared-origin" or item.operation.kind not in ("fine-tuned", "continued-pretrained")


def combined_log10_p(evidence: Sequence[Evidence]) -> float | None:
    """Bonferroni over the exact tests that were measured."""
    values = [item.log10_p for item in evidence if item.grade == "exact" and item.log10_p is not None]
    return min(0.0, min(values) + math.log10(len(values))) if values else None


def is_related(evidence: Sequence[Evidence]) -> bool:
    """Tell whether the tests call the two models related."""
    exact = combined_log10_p(evidence)
    return (exact is not None and exact <= RELATED_LOG10_P) or _stands_on_calibrated(evidence)


def detection_limit(evidence: Sequence[Evidence]) -> float | None:
    """The smallest detection limit of any test that carries a verdict."""
    limits = [item.detection_limit for item in evidence if item.detection_limit is not None]
    return min(limits) if limits else None


def _relation(findings: Findings, exact: float | None) -> tuple[Relation, Grade]:
    if findings.identical:
        return "identical", "exact"
    if findings.subset:
        return "derived", "exact"
    if exact is not None and exact <= RELATED_LOG10_P:
        return ("shared-origin" if _only_initialisation(findings) else "derived"), "exact"
    if _stands_on_calibrated(findings.evidence):
        return ("shared-origin" if _only_initialisation(findings) else "derived"), "calibrated"
    grade: Grade = "exact" if exact is not None else "calibrated"
    if findings.obstacle or (exact is not None and exact <= UNCLEAR_LOG10_P):
        return "inconclusive", grade
    limit = detection_limit(findings.evidence)
    if findings.unplaced > MOST_UNPLACED:
        return "inconclusive", grade
    enough_compared = findings.shares.compared >= LEAST_COMPARED or has_searched(findings.evidence)
    if limit is None or limit > WEAKEST_DETECTION or not enough_compared:
        return "inconclusive", grade
    return "independent", grade


def alignment_holds(evidence: Sequence[Evidence], same_numbers: Shares, aligned: Shares) -> bool:
    """Tell whether an alignment is more than a fit: confirmed by signs or by held-out rows, or by what it explains.

    Args:
        evidence: all tests, those made after the alignment included.
        same_numbers: shares without the alignment.
        aligned: shares with it.
    """
    measured = [item for item in evidence if item.log10_p is not None and item.grade == "exact"]
    confirmed = any(
        item.test_id.startswith("aligned-") and (item.log10_p or 0.0) <= RELATED_LOG10_P for item in measured
    )
    gain = (aligned.explained or 0.0) * aligned.compared - (same_numbers.explained or 0.0) * same_numbers.compared
    left, left_before = (1.0 - (shares.explained or 0.0) for shares in (aligned, same_numbers))
    as_much_compared = aligned.compared >= ALIGNMENT_COMPARED * same_numbers.compared
    gains = gain >= ALIGNMENT_GAIN or (as_much_compared and left <= ALIGNMENT_LEFT * left_before)
    related = any((item.log10_p or 0.0) <= RELATED_LOG10_P for item in measured)
    return (confirmed or related or _held_out_agrees(evidence)) and gains


def has_searched(evidence: Sequence[Evidence]) -> bool:
    """Tell whether another order, width or basis was looked for with the power to find it."""
    return any(item.test_id == "search" and (item.detection_limit or 1.0) <= WEAKEST_DETECTION for item in evidence)


def _held_out_agrees(evidence: Sequence[Evidence]) -> bool:
    """Tell whether matched units agree, by a wide margin, in what the matching never saw."""
    return any(
        item.test_id == "aligned-unit-cosines"
        and (item.effect or 0.0) >= HELD_OUT_COSINE
        and item.count >= HELD_OUT_UNITS
        for item in evidence
    )


def _stands_on_calibrated(evidence: Sequence[Evidence]) -> bool:
    """Tell whether rows of unknown matrices keep their numbers, or aligned units agree, by a wide margin."""
    return _held_out_agrees(evidence) or any(
        item.log10_p is not None and item.log10_p <= CALIBRATED_LOG10_P and (item.effect or 0.0) >= CALIBRATED_EFFECT
        for item in _calibrated_tests(evidence)
    )


def _calibrated_tests(evidence: Sequence[Evidence]) -> list[Evidence]:
    """Calibrated tests that can carry a verdict: those of units and numbers where roles are unknown or guessed."""
    return [
        item
        for item in evidence
        if item.grade == "calibrated" and item.log10_p is not None and item.test_id not in DESCRIPTIVE
    ]


def _strongest_calibrated(evidence: Sequence[Evidence]) -> float | None:
    return min((item.log10_p or 0.0 for item in _calibrated_tests(evidence)), default=None)


def _gains(findings: Findings) -> Evidence | None:
    """The norm-gain comparison that fits the way the weights were compared, if it can speak."""
    test_id = "aligned-norm-gains" if findings.moved else "norm-gains"
    for item in findings.evidence:
        if item.test_id == test_id and item.status == "measured" and item.count >= FEWEST_CHANNELS:
            return item
    return None


def _only_initialisation(findings: Findings) -> bool:
    """Tell whether the weights are related while what training alone moves is not.

    One initialisation trained twice keeps the same part of every role; where some role or layer is kept nearly whole,
    it was taken after training.
    """
    gains = _gains(findings)
    # The embeddings are what a rotation was fitted on, so that how well they fit then says nothing.
    best_part = 0.0 if findings.turned else findings.shares.best_part or 0.0
    if max(findings.shares.explained or 0.0, best_part) >= ROLE_KEPT:
        return False
    if gains is None:
        return findings.turned  # a rotation takes the gains along, and weights so far apart claim nothing more
    return (gains.effect or 0.0) < SHARED_TRAINING_GAINS


def _ancestor_unmoved(findings: Findings, shown: set[Direction]) -> bool:
    """Tell whether the earlier model stands where the common ancestor stood: a sibling of it would have moved.

    What was added in training is nearly orthogonal to the weights, so the later model's slope on an unmoved ancestor
    is one, and below one on a sibling.
    """
    slopes = findings.slopes
    if slopes is None or len(shown) != 1:
        return True
    b_on_a, a_on_b = slopes
    return (b_on_a if "a->b" in shown else a_on_b) >= UNMOVED_SLOPE


def _direction(findings: Findings, relation: Relation) -> Direction:
    """The direction that strong evidence agrees on."""
    if relation != "derived":
        return "undetermined"
    shown = {item.shows for item in findings.operations} - {"undetermined"}
    if not _ancestor_unmoved(findings, shown):
        return "undetermined"
    return shown.pop() if len(shown) == 1 else "undetermined"


def _sentence(relation: Relation, findings: Findings, log10_p: float | None, limit: float | None) -> str:
    architecture = findings.architecture[:1].upper() + findings.architecture[1:]
    if relation == "identical":
        return "Identical: B holds the very weights of A."
    if relation == "derived" and findings.subset:
        part, whole = ("B", "A") if findings.subset == "b" else ("A", "B")
        return f"Derived: every weight of {part} stands bit-identical in {whole}, which holds more."
    if relation == "derived":
        best = strongest(findings.evidence)
        found = best.finding if best else "no test was needed"
        share = findings.shares.derived
        if share is not None and share < SMALL_SHARE:
            return f"Derived in part: {share:.0%} of B's parameters share training with A's; {found}."
        return f"Derived: B's weights share training with A's; {found}."
    if relation == "shared-origin":
        return (
            "Shared origin: the weights are not independent, yet what training alone moves does not agree; "
            "one initialisation trained twice fits."
        )
    if relation == "independent":
        return (
            f"{architecture}; independent weights: no test found a relation, and one as weak as a cosine of "
            f"{limit:.3f} would have shown."
        )
    return f"Inconclusive: {_reason(findings, log10_p, limit)}."


def strongest(evidence: Sequence[Evidence]) -> Evidence | None:
    """The test to show people: the smallest p-value among the tests that carry the verdict."""
    exact = [item for item in evidence if item.grade == "exact" and item.log10_p is not None]
    combined = combined_log10_p(evidence)
    if _stands_on_calibrated(evidence) and (combined is None or combined > RELATED_LOG10_P):
        exact = []
    held_out = [item for item in evidence if item.test_id == "aligned-unit-cosines" and item.status == "measured"]
    carrying = exact or _calibrated_tests(evidence) or held_out
    return min(carrying, key=lambda item: item.log10_p or 0.0, default=None)


def _reason(findings: Findings, log10_p: float | None, limit: float | None) -> str:
    if findings.obstacle:
        return findings.obstacle
    if log10_p is not None and log10_p <= UNCLEAR_LOG10_P:
        return f"p ≤ 10^{log10_p:.1f} is too weak to call them related and too strong to call them independent"
    if findings.unplaced > MOST_UNPLACED:
        return (
            f"{findings.unplaced:.0%} of B's parameters stand under names that say nothing, in shapes that A has; "
            "under their own numbers they resemble nothing in A"
        )
    if findings.shares.compared < LEAST_COMPARED and not has_searched(findings.evidence):
        return f"only {findings.shares.compared:.0%} of B's parameters have a counterpart of the same shape in A"
    if limit is None:
        return "no test could be run with enough units"
    return f"a relation weaker than a cosine of {limit:.2f} would not have been seen"


def _caveats(findings: Findings, relation: Relation) -> tuple[str, ...]:
    caveats = list(findings.caveats)
    if relation == "derived" and _direction(findings, relation) == "undetermined":
        caveats.append(
            "Which came first is not shown: one was made from the other, or both stayed close to a common ancestor."
        )
    if relation == "derived" and _gains(findings) is None and not findings.subset:
        caveats.append("Norm gains could not speak: one initialisation trained twice is not excluded.")
    if relation in ("derived", "shared-origin", "identical"):
        caveats.append(NOT_THEFT)
    if relation == "independent":
        caveats.append(THROUGH_EMBEDDINGS if findings.searched else SAME_NUMBERS)
        caveats.append(DISTILLATION)
    return tuple(caveats)
