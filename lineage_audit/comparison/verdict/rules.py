"""The rules of a verdict, in order: the first that holds decides the relation, its grade and the reason.

Nothing else decides. A rule reads complete findings and thresholds, never a sentence.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from lineage_audit.comparison.verdict.deltas import advise_on_delta, describe_delta
from lineage_audit.comparison.verdict.findings import Findings, SumEquality, other_than
from lineage_audit.comparison.verdict.registry import rights_of
from lineage_audit.comparison.verdict.standing import (
    combined_log10_p,
    detection_limit,
    has_asked_invariants,
    has_effect,
    has_power,
    has_searched,
    is_half_agreed,
    is_related,
    limit_in_other_orders,
    stands_on_calibrated,
    stands_on_invariants,
    strongest_agreement,
)
from lineage_audit.comparison.verdict.thresholds import INDEPENDENCE, RELATION, SLOPES, TRAINING
from lineage_audit.results import Cause, Grade, Relation


class VerdictRule(Struct, frozen=True):
    """One rule.

    Attributes:
        name: what it is called in tests and in docs.
        relation: what it decides.
        holds: when.
        grade: what the decision stands on, given the findings.
        reason: why nothing can be said, for a sentence; of inconclusive rules alone.
        cause: what a shared origin shares; of such rules alone.
    """

    name: str
    relation: Relation
    holds: Callable[[Findings], bool]
    grade: Callable[[Findings], Grade]
    reason: Callable[[Findings], str] | None = None
    cause: Callable[[Findings], Cause] | None = None


def rule_of(findings: Findings) -> VerdictRule:
    """The first rule that holds; the last one always does."""
    return next(rule for rule in RULES if rule.holds(findings))


def _exact(findings: Findings) -> float | None:
    return combined_log10_p(findings.evidence)


def _rejects(findings: Findings) -> bool:
    exact = _exact(findings)
    return exact is not None and exact <= RELATION.related_log10_p


def _is_unclear(findings: Findings) -> bool:
    exact = _exact(findings)
    return exact is not None and exact <= RELATION.unclear_log10_p


def _is_training_unshown(findings: Findings) -> bool:
    """Tell whether the weights are related while what training alone moves does not clearly agree.

    What is bit-identical was copied, but for tokens that neither run came across. How much is explained says nothing:
    a start that training hardly moved explains nearly all.
    """
    if _was_copied(findings) or _holds_a_derived_part(findings):
        return False
    gains = findings.gains
    if gains is not None:
        agreement = gains.effect or 0.0
        needed = TRAINING.clear_training_gains if _one_holds_the_other(findings) else TRAINING.gains_alike
        return agreement < needed
    if not _one_holds_the_other(findings):
        return True
    if max(findings.shares.explained or 0.0, _best_part(findings)) >= TRAINING.role_kept:
        return False
    # a rotation takes the gains along, and weights so far apart claim nothing more
    explains_little = (findings.shares.explained or 0.0) < TRAINING.least_explained
    return findings.rotated or (explains_little and stands_on_invariants(findings.evidence))


def _one_holds_the_other(findings: Findings) -> bool:
    """Tell whether the layers of one model are the other's and something new, as far as that was measured.

    Two runs from one start each lack what the other learnt: the slopes of their layers on each other are alike, and
    below one.
    """
    return findings.layer_slopes is None or max(findings.layer_slopes) >= SLOPES.kept_whole[0]


def _holds_a_derived_part(findings: Findings) -> bool:
    """Tell whether a part is derived by itself: gains of the whole are the core's, and say nothing of a tower."""
    return any(rule_of(part.findings).relation in ("identical", "derived") for part in findings.parts)


def _best_part(findings: Findings) -> float:
    """What is explained of the role or layer that is kept best; after a rotation the embeddings fit anyway."""
    return 0.0 if findings.rotated else findings.shares.best_part or 0.0


def _cause(findings: Findings) -> Cause:
    """What was shared: a start where gains are at chance and no part is kept as training keeps it, else untold."""
    gains = findings.gains
    at_chance = gains is not None and (gains.effect or 0.0) < TRAINING.shared_training_gains
    return "initialisation" if at_chance and _best_part(findings) < TRAINING.role_kept else "untold"


def _untold(_: Findings) -> Cause:
    return "untold"


def _only_channels_reject(findings: Findings) -> bool:
    """Tell whether the residual channels alone agree, while every order of what the layers hold was asked for.

    Signs of what the layers hold may have been drawn anew: then sizes still agree.
    """
    if not (_rejects(findings) and not _is_moved_unasked(findings)) or _was_copied(findings):
        return False
    if is_half_agreed([item for item in findings.evidence if not rights_of(item.test_id).sees_basis]):
        return False
    exact = [item for item in findings.evidence if item.grade == "exact" and item.log10_p is not None]
    others = [item for item in exact if not rights_of(item.test_id).sees_basis]
    return len(others) >= TRAINING.fewest_layer_tests and all(
        (item.log10_p or 0.0) > RELATION.unclear_log10_p for item in others
    )


def _rejects_a_trace(findings: Findings) -> bool:
    """Tell whether the p-values reject while next to nothing is shared: many units make a trace of anything clear."""
    shared = max((findings.shares.explained or 0.0) ** 0.5, findings.shares.copied or 0.0)
    return _rejects(findings) and shared < RELATION.least_effect and not has_effect(findings.evidence)


def _is_the_sum(findings: Findings, equal: SumEquality) -> bool:
    """Tell whether so much of one model is what the other is written as the sum of, to within rounding."""
    found = findings.written_sum
    related = is_related(findings.evidence) or findings.subset is not None
    return found is not None and found.equal == equal and related


def _is_delta(findings: Findings) -> bool:
    """Tell whether one looks like a delta checkpoint, which no test can read alone: nothing found then clears it."""
    return findings.delta is not None


def _rejects_initialisation(findings: Findings) -> bool:
    return _rejects(findings) and _is_training_unshown(findings)


def _agrees(findings: Findings) -> bool:
    return stands_on_calibrated(findings.evidence)


def _agrees_initialisation(findings: Findings) -> bool:
    return _agrees(findings) and _is_training_unshown(findings)


def _is_half_agreed(findings: Findings) -> bool:
    return is_half_agreed(findings.evidence)


def _copied_beyond_chance(findings: Findings) -> bool:
    return (findings.shares.copied or 0.0) > INDEPENDENCE.copied_unclear


def _explained_beyond_chance(findings: Findings) -> bool:
    limit = INDEPENDENCE.moved_explained_unclear if findings.moved else INDEPENDENCE.explained_unclear
    return (findings.shares.explained or 0.0) > limit


def _was_copied(findings: Findings) -> bool:
    """Tell whether weights are bit-identical that any training moves: rows of tokens that never came stay as drawn."""
    return (findings.shares.copied_beside_tokens or 0.0) > INDEPENDENCE.copied_unclear


def _is_unplaced(findings: Findings) -> bool:
    return findings.unplaced > INDEPENDENCE.most_unplaced


def _is_moved_unasked(findings: Findings) -> bool:
    """Tell whether nobody looked for a copy in another order, basis or width."""
    return not (findings.searched or has_asked_invariants(findings.evidence))


def _is_hardly_compared(findings: Findings) -> bool:
    asked = has_searched(findings.evidence) or has_asked_invariants(findings.evidence)
    return findings.shares.compared < INDEPENDENCE.least_compared and not asked


def _is_powerless(findings: Findings) -> bool:
    return not has_power(findings.evidence)


def _is_partly_unread(findings: Findings) -> bool:
    return bool(findings.unread)


def _of_exact(_: Findings) -> Grade:
    return "exact"


def _of_calibrated(_: Findings) -> Grade:
    return "calibrated"


def _of_what_was_measured(findings: Findings) -> Grade:
    return "exact" if _exact(findings) is not None else "calibrated"


def _say_obstacle(findings: Findings) -> str:
    return findings.obstacle or ""


def _say_delta(findings: Findings) -> str:
    if findings.delta is None:
        return ""
    base = other_than(findings.delta)
    described, advice = describe_delta(findings.delta), advise_on_delta(findings.delta)
    return f"{described} (norm gains near 0 where {base}'s are not); {advice}"


def _say_unclear(findings: Findings) -> str:
    said = f"p ≤ 10^{_exact(findings):.1f} is too weak to call them related and too strong to call them independent"
    return said + _what_would_tell(findings)


def _say_trace(findings: Findings) -> str:
    return (
        f"p ≤ 10^{_exact(findings):.1f}, but no more is shared than a mean cosine of "
        f"{RELATION.least_effect:.2f}: too little to call it weights"
    )


def _say_agreement(findings: Findings) -> str:
    found = strongest_agreement(findings.evidence)
    what = found.finding if found else "parts agree"
    return f"{what}: too little to call them related, too much to call them independent" + _what_would_tell(findings)


def _what_would_tell(findings: Findings) -> str:
    return "" if findings.searched else "; --effort search reads what would tell"


def _say_copied(findings: Findings) -> str:
    return (
        f"{findings.shares.copied or 0.0:.1%} of what was compared is bit-identical beyond chance, while no test "
        "found a relation; see the roles in the details"
    )


def _say_explained(findings: Findings) -> str:
    return (
        f"A's weights explain {findings.shares.explained or 0.0:.1%} of the variance of B's, more than independent "
        "models were seen to, while no test found a relation; see the roles in the details"
    )


def _say_unplaced(findings: Findings) -> str:
    return (
        f"{findings.unplaced:.0%} of B's parameters stand under names that say nothing, in shapes that A has; "
        "under their own numbers they resemble nothing in A"
    )


def _say_moved_unasked(findings: Findings) -> str:
    limit = limit_in_other_orders(findings.evidence)
    asked = (
        "no other order could be asked for from a sample"
        if limit is None
        else f"in another order a sample would have seen no copy weaker than a cosine of {limit:.2f}"
    )
    return (
        f"under their own numbers nothing was found, and {asked}; --effort search looks for what was moved or rotated"
    )


def _say_hardly_compared(findings: Findings) -> str:
    return f"only {findings.shares.compared:.0%} of B's parameters have a counterpart of the same shape in A"


def _say_powerless(findings: Findings) -> str:
    limit = detection_limit(findings.evidence)
    if limit is None:
        return "no test could be run with enough units"
    return f"a relation weaker than a cosine of {limit:.2f} would not have been seen"


def _say_partly_unread(findings: Findings) -> str:
    letter, left = findings.unread[0]
    return f"nothing was found, but not all was looked at; {letter}: {left.sentence.rstrip('.')}"


RULES: tuple[VerdictRule, ...] = (
    VerdictRule("same-weights", "identical", lambda found: found.identical, _of_exact),
    VerdictRule("same-sum", "identical", lambda found: _is_the_sum(found, "everything"), _of_what_was_measured),
    VerdictRule(
        "same-sum-as-read", "derived", lambda found: _is_the_sum(found, "what-was-read"), _of_what_was_measured
    ),
    VerdictRule("subset", "derived", lambda found: found.subset is not None, _of_exact),
    VerdictRule("trace", "inconclusive", _rejects_a_trace, _of_exact, _say_trace),
    VerdictRule("residual-basis", "shared-origin", _only_channels_reject, _of_exact, cause=_untold),
    VerdictRule("rejected-initialisation", "shared-origin", _rejects_initialisation, _of_exact, cause=_cause),
    VerdictRule("rejected", "derived", _rejects, _of_exact),
    VerdictRule("agreed-initialisation", "shared-origin", _agrees_initialisation, _of_calibrated, cause=_cause),
    VerdictRule("agreed", "derived", _agrees, _of_calibrated),
    VerdictRule("delta-checkpoint", "inconclusive", _is_delta, _of_what_was_measured, _say_delta),
    VerdictRule(
        "obstacle", "inconclusive", lambda found: found.obstacle is not None, _of_what_was_measured, _say_obstacle
    ),
    VerdictRule("unclear-p", "inconclusive", _is_unclear, _of_what_was_measured, _say_unclear),
    VerdictRule("half-agreed", "inconclusive", _is_half_agreed, _of_calibrated, _say_agreement),
    VerdictRule("copied-part", "inconclusive", _copied_beyond_chance, _of_calibrated, _say_copied),
    VerdictRule("explained-part", "inconclusive", _explained_beyond_chance, _of_calibrated, _say_explained),
    VerdictRule("unplaced", "inconclusive", _is_unplaced, _of_what_was_measured, _say_unplaced),
    VerdictRule("hardly-compared", "inconclusive", _is_hardly_compared, _of_what_was_measured, _say_hardly_compared),
    VerdictRule("powerless", "inconclusive", _is_powerless, _of_what_was_measured, _say_powerless),
    VerdictRule("moved-unasked", "inconclusive", _is_moved_unasked, _of_what_was_measured, _say_moved_unasked),
    VerdictRule("partly-unread", "inconclusive", _is_partly_unread, _of_what_was_measured, _say_partly_unread),
    VerdictRule("nothing-found", "independent", lambda _: True, _of_what_was_measured),
)
