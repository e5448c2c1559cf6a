"""What was measured becomes an outcome and its words: one ordered list of rules, the first that speaks decides."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from msgspec import Struct

from lineage_audit.behaviour.leaning import Leaning
from lineage_audit.behaviour.thresholds import ASKING, LEAN
from lineage_audit.results import BehaviourOutcome


class LeanCase(Struct, frozen=True):
    """What the rules look at.

    Attributes:
        stops: how many stops all models answered.
        controls: names of the controls.
        measured: the lean and those of the controls, or None where there was too little to measure.
    """

    stops: int
    controls: tuple[str, ...]
    measured: Leaning | None

    @property
    def limit(self) -> float | None:
        """The smallest lean that these controls let be seen."""
        if self.measured is None:
            return None
        beyond_controls = self.measured.largest_control + LEAN.margin
        return min(1.0, max(LEAN.least_effect, beyond_controls, self.measured.closest_controls))

    @property
    def least_p(self) -> float:
        """The smallest p-value that so many controls allow."""
        return 1 / (1 + len(self.controls))


class _Decision(Struct, frozen=True):
    """An outcome and its reason in one sentence."""

    outcome: BehaviourOutcome
    summary: str


Rule = Callable[[LeanCase], _Decision | None]


def decide(case: LeanCase) -> _Decision:
    """The decision of the first rule that speaks; the last one always does."""
    return next(decision for rule in _RULES if (decision := rule(case)) is not None)


def _too_few_controls(case: LeanCase) -> _Decision | None:
    if len(case.controls) >= LEAN.fewest_controls:
        return None
    given = f"{len(case.controls)} controls were given, {LEAN.fewest_controls} are the fewest"
    return _Decision("inconclusive", f"{given}: what unrelated models have in common is not known")


def _too_few_stops(case: LeanCase) -> _Decision | None:
    if case.measured is not None and case.stops >= ASKING.fewest_stops:
        return None
    return _Decision(
        "inconclusive", f"all models answered {case.stops:,} stops, {ASKING.fewest_stops:,} are the fewest; see what "
        "each of them left unanswered"
    )  # fmt: skip


def _controls_lean(case: LeanCase) -> _Decision | None:
    measured, _ = _measured(case)
    if measured.largest_control + LEAN.margin <= LEAN.largest_limit:
        return None
    strongest = case.controls[int(max(measured.to_a, measured.to_b, key=max).argmax())]
    return _Decision(
        "inconclusive",
        f"a control leans by {measured.largest_control:.2f} itself ({strongest}), so that no lean could be told from "
        "it; leave it out if it is related to A or B",
    )


def _controls_alike(case: LeanCase) -> _Decision | None:
    measured, _ = _measured(case)
    seen = max(LEAN.least_effect, measured.largest_control + LEAN.margin) <= measured.effect
    if measured.closest_controls < measured.effect or not (seen or measured.closest_controls > LEAN.largest_limit):
        return None
    first, second = (case.controls[n] for n in np.unravel_index(measured.among.argmax(), measured.among.shape))
    return _Decision(
        "inconclusive",
        f"partial correlation {measured.effect:.2f}, but two controls, which are taken for unrelated, share "
        f"{measured.closest_controls:.2f} ({first}, {second}); leave one of them out if they are of one origin",
    )


def _controls_unlike(case: LeanCase) -> _Decision | None:
    measured, limit = _measured(case)
    if measured.effect < limit or measured.unlike <= LEAN.most_unlike:
        return None
    return _Decision(
        "inconclusive",
        f"partial correlation {measured.effect:.2f}, but the controls are unlike A and B: they leave "
        f"{measured.unlike:.1f} times as much of them unexplained as of each other; give controls of their kind",
    )


def _leans(case: LeanCase) -> _Decision | None:
    measured, limit = _measured(case)
    if measured.effect < limit:
        return None
    return _Decision(
        "leans",
        f"answers lean to A: partial correlation {measured.effect:.2f} ({measured.low:.2f} to {measured.high:.2f}), of "
        f"{len(case.controls)} controls none above {measured.largest_control:.2f}, no two share more than "
        f"{measured.closest_controls:.2f}; p ≤ 1/{1 + len(case.controls)}",
    )


def _unclear(case: LeanCase) -> _Decision | None:
    measured, limit = _measured(case)
    if measured.effect < LEAN.unclear_effect or measured.effect <= measured.largest_control:
        return None
    return _Decision(
        "inconclusive",
        f"partial correlation {measured.effect:.2f}, more than any control's ({measured.largest_control:.2f} at most) "
        f"and less than the {limit:.2f} that strangers are known not to reach",
    )


def _none(case: LeanCase) -> _Decision:
    measured, limit = _measured(case)
    return _Decision(
        "none", f"no lean seen: partial correlation {measured.effect:.2f}; a lean of {limit:.2f} would have shown"
    )


_RULES: tuple[Rule, ...] = (
    _too_few_controls,
    _too_few_stops,
    _controls_lean,
    _controls_alike,
    _controls_unlike,
    _leans,
    _unclear,
    _none,
)


def _measured(case: LeanCase) -> tuple[Leaning, float]:
    """What the first two rules have made sure of."""
    if case.measured is None or case.limit is None:
        raise ValueError("nothing was measured")
    return case.measured, case.limit
