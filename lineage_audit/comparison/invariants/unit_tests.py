"""Tests on FFN units that found each other by a few rows of ``down``, or by rows of ``up`` over the anchor tokens."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lineage_audit.comparison.evidence.base import TestDescription, not_measured, test_result
from lineage_audit.comparison.evidence.random_signs import log10_p
from lineage_audit.comparison.invariants.unit_columns import UnitMatch
from lineage_audit.comparison.verdict.thresholds import INVARIANTS
from lineage_audit.results import Evidence, LayerEvidence, NullSpread

SIGNS = TestDescription(
    "unit-column-signs",
    "Do FFN units, matched in any order by the size of a few of their numbers, have the same sign?",
    "independent trainings give each unit's sign as a fair coin; Hoeffding: p ≤ exp(−T² / 2Σx²) for T = Σx > 0",
)

AGREEMENT = TestDescription(
    "unit-column-agreement",
    "Does each FFN unit have a counterpart, in any order, that agrees with it over some channels or tokens?",
    "calibrated: the best match of a unit leads the next by noise in independent models",
    grade="calibrated",
)


def measure_signs(matches: Sequence[UnitMatch], reason: str | None, parameters: int) -> Evidence:
    """Add the cosines of what was matched, unit by unit of A.

    Args:
        matches: by layer of B, each with its best layer of A.
        reason: why signs say nothing for these models, or None.
        parameters: B's, for coverage.
    """
    if reason is not None:
        return not_measured(SIGNS, "not-applicable", reason)
    terms = _terms(matches)
    if not len(terms):
        return not_measured(SIGNS, "skipped", "no FFN unit found a counterpart")
    effect = float(np.concatenate([match.cosines for match in matches]).mean())
    return test_result(
        SIGNS,
        statistic=float(terms.sum()),
        log10_p=log10_p(terms),
        effect=effect,
        finding=f"{len(terms):,} FFN units that were matched by size agree at a mean cosine of {effect:.3f}; "
        "chance gives 0",
        count=len(terms),
        coverage=_coverage(matches, parameters),
        per_layer=tuple(
            LayerEvidence(
                match.block.layer,
                len(match.units),
                float(match.cosines.sum()),
                float(match.cosines.mean()),
                log10_p(match.cosines.astype(np.float64)),
            )
            for match in matches
            if len(match.units)
        ),
        spread=NullSpread("sign-sum", float(np.square(terms).sum()) ** 0.5),
    )


def measure_agreement(matches: Sequence[UnitMatch], reason: str | None, parameters: int) -> Evidence:
    """How many units found a counterpart, and how clearly.

    Args:
        matches: by layer of B, each with its best layer of A.
        reason: why the models have no channels in common, or None.
        parameters: B's, for coverage.
    """
    if reason is not None:
        return not_measured(AGREEMENT, "not-applicable", reason)
    if not matches:
        return not_measured(AGREEMENT, "skipped", "no rows of down could be compared")
    found = sum(len(match.units) for match in matches)
    units = sum(match.size for match in matches)
    match_margin = max(match.match_margin for match in matches)
    return test_result(
        AGREEMENT,
        statistic=found / max(1, units),
        effect=match_margin,
        finding=f"{found:,} of {units:,} FFN units of {len(matches)} layers found a counterpart over some channels or "
        f"tokens; in the clearest layer they lead the next best by {match_margin:.2f}, independent ones by under "
        f"{INVARIANTS.unit_margin:.2f}",
        count=units,
        coverage=_coverage(matches, parameters),
        per_layer=tuple(
            LayerEvidence(match.block.layer, match.size, float(len(match.units)), match.match_margin, None)
            for match in matches
        ),
    )


def _terms(matches: Sequence[UnitMatch]) -> npt.NDArray[np.float64]:
    """One sum a unit of A: several layers of B may come from one of A's, and then share its random signs."""
    if not matches:
        return np.empty(0)
    sources: dict[object, int] = {}
    labels = np.concatenate(
        [sources.setdefault(match.source, len(sources)) * 2**32 + match.a_units for match in matches]
    )
    _, numbers = np.unique(labels, return_inverse=True)
    cosines = np.concatenate([match.cosines for match in matches]).astype(np.float64)
    return np.bincount(numbers, weights=cosines).astype(np.float64)


def _coverage(matches: Sequence[UnitMatch], parameters: int) -> float:
    return sum(match.asked * match.numbers for match in matches) / max(1, parameters)
