"""The words that every format of a behaviour result shares; none of them says that anything was derived."""

from __future__ import annotations

from collections.abc import Mapping

from lineage_audit.report.numbers import MISSING, detection_limit, share
from lineage_audit.results import Asked, Behaviour, BehaviourOutcome, ControlLean
from lineage_audit.sizes import plural

OUTCOME_WORDS: Mapping[BehaviourOutcome, str] = {
    "leans": "ANSWERS LEAN",
    "none": "NO LEAN SEEN",
    "inconclusive": "INCONCLUSIVE",
}
"""Outcome -> the word that heads the report."""

OUTCOME_MEANINGS: Mapping[BehaviourOutcome, str] = {
    "leans": "B's answers share with A's what no mix of the controls explains",
    "none": "nothing beyond what unrelated models share",
    "inconclusive": "not enough to tell, which is not a pass",
}

CONTROL_HEADINGS = ("Control", "Lean to A", "Lean to B", "Asked through", "Answered")


def asked_words(asked: Asked) -> str:
    """A model, through what it was asked, and how much of it was seen."""
    unseen = f", {share(asked.unseen)} of the probability not shown" if asked.unseen > 0 else ""
    return f"{asked.model} ({asked.source}, {share(asked.answered)} of the stops answered{unseen})"


def behaviour_facts(behaviour: Behaviour) -> tuple[tuple[str, str], ...]:
    """Effect, chance, limit, controls, and what was asked."""
    asked = f"{behaviour.stops:,} stops of prompt set {behaviour.prompts} that all answered, as {behaviour.manner}"
    facts = (
        ("Effect", _effect_words(behaviour)),
        ("False-alarm rate", _chance_words(behaviour)),
        ("Would have shown", f"an effect of {detection_limit(behaviour.detection_limit)}"),
        ("Controls", control_words(behaviour)),
        ("Asked", asked),
    )
    if behaviour.weights is None:
        return facts
    beside = f"{behaviour.weights.relation}: {behaviour.weights.summary}"
    return (*facts, ("Weights say", f"{beside} (neither answer moves the other)"))


def _effect_words(behaviour: Behaviour) -> str:
    """The partial correlation with its interval."""
    if behaviour.effect is None or behaviour.low is None or behaviour.high is None:
        return "not measured"
    return f"partial correlation {lean(behaviour.effect)} ({lean(behaviour.low)} to {lean(behaviour.high)})"


def _chance_words(behaviour: Behaviour) -> str:
    """The p-value as the rank that it is, beside the least that so many controls allow."""
    ranks = len(behaviour.controls) + 1
    if behaviour.p_value is None:
        return f"not measured; {plural(len(behaviour.controls), 'control')} would allow no less than 1 in {ranks}"
    rank = round(behaviour.p_value * ranks)
    least = "" if rank == 1 else f"; the least that so many controls allow is 1 in {ranks}"
    return f"p ≤ {rank}/{ranks}, by rank among held-out controls{least}"


def control_words(behaviour: Behaviour) -> str:
    """How many there are, and the strongest lean among them."""
    count = plural(len(behaviour.controls), "control")
    strongest = max((strength(control) for control in behaviour.controls), default=None)
    return count if strongest is None or behaviour.effect is None else f"{count}, lean {lean(strongest)} at most"


def strength(control: ControlLean) -> float:
    """The stronger one of a control's two leans."""
    return max(control.to_a or 0.0, control.to_b or 0.0)


def lean(value: float | None) -> str:
    """A partial correlation with two digits."""
    return MISSING if value is None else f"{value + 0.0:.2f}"
