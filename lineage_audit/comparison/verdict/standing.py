"""What the tests carry together: a combined p-value, a detection limit, an alignment, a calibrated verdict."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lineage_audit.comparison.shares.weights import Shares
from lineage_audit.comparison.verdict.registry import Margin, rights_of
from lineage_audit.comparison.verdict.thresholds import ALIGNMENT, INDEPENDENCE, RELATION
from lineage_audit.results import Evidence


def exact_tests(evidence: Sequence[Evidence]) -> list[Evidence]:
    """The tests whose p-values count as they stand."""
    return [
        item
        for item in evidence
        if item.grade == "exact" and item.log10_p is not None and rights_of(item.test_id).rejects
    ]


def _limits(evidence: Sequence[Evidence]) -> list[float]:
    """Detection limits that count."""
    return [
        item.detection_limit for item in evidence if item.detection_limit is not None and rights_of(item.test_id).limits
    ]


def combined_log10_p(evidence: Sequence[Evidence]) -> float | None:
    """Bonferroni over the exact tests that were measured."""
    values = [item.log10_p or 0.0 for item in exact_tests(evidence)]
    return min(0.0, min(values) + math.log10(len(values))) if values else None


def is_related(evidence: Sequence[Evidence]) -> bool:
    """Tell whether the tests call the two models related."""
    exact = combined_log10_p(evidence)
    return (exact is not None and exact <= RELATION.related_log10_p) or stands_on_calibrated(evidence)


def has_effect(evidence: Sequence[Evidence]) -> bool:
    """Tell whether an exact test that rejects shows more than a trace, over all units or in one layer."""
    exact = exact_tests(evidence)
    said = [(part.effect, part.log10_p) for part in exact]
    said += [(part.effect, part.log10_p) for item in exact for part in item.per_layer]
    return any(
        (effect or 0.0) >= RELATION.least_effect and (log10_p or 0.0) <= RELATION.related_log10_p
        for effect, log10_p in said
    )


def detection_limit(evidence: Sequence[Evidence]) -> float | None:
    """The smallest detection limit of any test that carries a verdict; less than the least effect is never shown."""
    limits = _limits(evidence)
    return _at_least_the_floor(min(limits)) if limits else None


def _at_least_the_floor(limit: float) -> float:
    """What nine of ten relations exceed: the limit of a test, or the least effect and what its mean may fall short."""
    return max(limit, RELATION.least_effect + limit / 4)


def alignment_holds(evidence: Sequence[Evidence], same_numbers: Shares, aligned: Shares) -> bool:
    """Tell whether an alignment is more than a fit: confirmed by signs or by held-out rows, or by what it explains.

    Args:
        evidence: all tests, those made after the alignment included.
        same_numbers: shares without the alignment.
        aligned: shares with it.
    """
    measured = exact_tests(evidence)
    confirmed = any(
        rights_of(item.test_id).is_aligned and (item.log10_p or 0.0) <= RELATION.related_log10_p for item in measured
    )
    gain = (aligned.explained or 0.0) * aligned.compared - (same_numbers.explained or 0.0) * same_numbers.compared
    left, left_before = (1.0 - (shares.explained or 0.0) for shares in (aligned, same_numbers))
    as_much_compared = aligned.compared >= ALIGNMENT.alignment_compared * same_numbers.compared
    gains = gain >= ALIGNMENT.alignment_gain or (as_much_compared and left <= ALIGNMENT.alignment_left * left_before)
    related = any((item.log10_p or 0.0) <= RELATION.related_log10_p for item in measured)
    return (confirmed or related or _calibrated_agreement(evidence) >= 1.0) and gains


def has_searched(evidence: Sequence[Evidence]) -> bool:
    """Tell whether another order, width or basis was looked for with the power to find it."""
    return any(
        item.test_id == "search" and (item.detection_limit or 1.0) <= INDEPENDENCE.weakest_detection
        for item in evidence
    )


def has_asked_invariants(evidence: Sequence[Evidence]) -> bool:
    """Tell whether attention and FFNs were looked for under every order, with the power to find a copy."""
    limit = limit_in_other_orders(evidence)
    return limit is not None and limit <= INDEPENDENCE.weakest_moved_detection


def limit_in_other_orders(evidence: Sequence[Evidence]) -> float | None:
    """The weakest copy that the invariants would have found in another order, or None where they could not be asked."""
    said = {item.test_id: item for item in evidence if item.status != "skipped"}
    keys, units = said.get("rotary-signs"), said.get("unit-column-agreement")
    return keys.detection_limit if keys is not None and units is not None else None


def has_power(evidence: Sequence[Evidence]) -> bool:
    """Tell whether a relation that matters would have been seen, in place or under other orders."""
    limit = detection_limit(evidence)
    in_place = limit is not None and limit <= INDEPENDENCE.weakest_detection
    return in_place or has_asked_invariants(evidence)


def stated_limit(evidence: Sequence[Evidence]) -> float | None:
    """The limit to state: the weakest of the questions that were asked, in place and under other orders."""
    in_place = _limits([item for item in evidence if not rights_of(item.test_id).asks_moved])
    moved = _limits([item for item in evidence if rights_of(item.test_id).asks_moved])
    return max((_at_least_the_floor(min(limits)) for limits in (in_place, moved) if limits), default=None)


def _calibrated_agreement(evidence: Sequence[Evidence]) -> float:
    """How far units agree in what no matching looked at: 1 where that alone carries a verdict."""
    return max((_agreement(item) for item in evidence), default=0.0)


def stands_on_invariants(evidence: Sequence[Evidence]) -> bool:
    """Tell whether nothing but the invariants shows a relation: no test under own numbers, none after an alignment."""
    others = [item for item in evidence if not rights_of(item.test_id).is_invariant]
    return is_related(evidence) and not is_related(others)


def is_half_agreed(evidence: Sequence[Evidence]) -> bool:
    """Tell whether something agrees by more than independent models were seen to, if by less than a verdict needs."""
    return any(_unclear_agreement(item) >= 1.0 for item in evidence)


def strongest_agreement(evidence: Sequence[Evidence]) -> Evidence | None:
    """The measurement that shows most of it; None where there is none."""
    measured = [item for item in evidence if _unclear_agreement(item) > 0.0]
    return max(measured, key=_unclear_agreement, default=None)


def _agreement(item: Evidence) -> float:
    """The effect in units of the one that carries a verdict."""
    margin = _margin(item)
    return 0.0 if margin is None else (item.effect or 0.0) / margin.effect


def _unclear_agreement(item: Evidence) -> float:
    """The effect in units of the one from which on models are not called independent."""
    margin = _margin(item)
    return 0.0 if margin is None else (item.effect or 0.0) / margin.unclear


def _margin(item: Evidence) -> Margin | None:
    """The margin that holds for a measurement, if it was made on enough."""
    margin = rights_of(item.test_id).margin
    return margin if margin is not None and item.status == "measured" and item.count >= margin.fewest else None


def stands_on_calibrated(evidence: Sequence[Evidence]) -> bool:
    """Tell whether rows of unknown matrices keep their numbers, or aligned units agree, by a wide margin."""
    return _calibrated_agreement(evidence) >= 1.0 or any(
        item.log10_p is not None
        and item.log10_p <= RELATION.calibrated_log10_p
        and (item.effect or 0.0) >= RELATION.calibrated_effect
        for item in _calibrated_tests(evidence)
    )


def _calibrated_tests(evidence: Sequence[Evidence]) -> list[Evidence]:
    """Calibrated tests that can carry a verdict: those of units and numbers where roles are unknown or guessed."""
    return [
        item
        for item in evidence
        if item.grade == "calibrated" and item.log10_p is not None and rights_of(item.test_id).rejects
    ]


def strongest_calibrated(evidence: Sequence[Evidence]) -> float | None:
    """The smallest log10 p of the calibrated tests that can carry a verdict; None without any."""
    return min((item.log10_p or 0.0 for item in _calibrated_tests(evidence)), default=None)


def strongest(evidence: Sequence[Evidence]) -> Evidence | None:
    """The test to show people: the smallest p-value among the tests that carry the verdict, or what agrees most."""
    exact = exact_tests(evidence)
    combined = combined_log10_p(evidence)
    if combined is None or combined > RELATION.related_log10_p:
        agreeing = max(evidence, key=_agreement, default=None)
        if agreeing is not None and _agreement(agreeing) >= 1.0:
            return agreeing
        exact = [] if stands_on_calibrated(evidence) else exact
    carrying = exact or _calibrated_tests(evidence)
    return min(carrying, key=lambda item: item.log10_p or 0.0, default=strongest_agreement(evidence))
