"""The whole way from answers to a result."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from lineage_audit.behaviour.answers import Answers
from lineage_audit.behaviour.gram import gram_of
from lineage_audit.behaviour.leaning import Leaning, leaning
from lineage_audit.behaviour.prompts import PromptSet
from lineage_audit.behaviour.thresholds import LEAN, stated
from lineage_audit.behaviour.verdict import LeanCase, decide
from lineage_audit.errors import LineageAuditError
from lineage_audit.results import Asked, Behaviour, ControlLean, WeightsBeside
from lineage_audit.version import __version__

_WHAT_IT_MEANS = (
    "a lean says that the answers have something in common that the controls' have not; one corpus, one recipe of "
    "training or a common teacher give it too, and it does not say who learned from whom"
)
_RANKS = (
    "the p-value is a rank: it holds as far as the controls are to each model what the other one would be if it had "
    "nothing to do with it (as large, as good, trained on such texts)"
)
_FEW_TOKENS = "{} shows a part of its answers only; what it does not show was hidden in all models"
_TWICE = "controls that gave the answers of another model that is there, and were left out: {}"


def held_against(
    a: Answers, b: Answers, controls: Sequence[Answers], prompts: PromptSet, weights: WeightsBeside | None = None
) -> Behaviour:
    """Hold B's answers against A's, beside controls.

    Args:
        a: the answers of the model that B may have learned from.
        b: the other model's.
        controls: those of models that have nothing to do with either.
        prompts: the prompt set that all were asked.
        weights: what the weights of the two say, to stand beside.

    Raises:
        LineageAuditError: they were not asked the same, or not in the same manner.
    """
    started = time.perf_counter()
    _require_one_question((a, b, *controls), prompts)
    kept = _each_once(controls, (a, b))
    models = (a, b, *kept)
    gram = gram_of(models, prompts)
    measured = leaning(gram) if len(kept) >= LEAN.fewest_controls and gram.stops else None
    case = LeanCase(gram.stops, tuple(control.model for control in kept), measured)
    decision = decide(case)
    return Behaviour(
        tool_version=__version__,
        a=asked(a),
        b=asked(b),
        outcome=decision.outcome,
        summary=decision.summary,
        effect=measured.effect if measured else None,
        low=measured.low if measured else None,
        high=measured.high if measured else None,
        p_value=measured.p_value if measured else None,
        least_p=case.least_p,
        detection_limit=case.limit,
        controls=_leans(kept, measured),
        prompts=prompts.name,
        manner=a.manner,
        stops=gram.stops,
        weights=weights,
        parameters=dict(stated()),
        caveats=tuple(_caveats(models, len(controls) - len(kept))),
        seconds=time.perf_counter() - started,
    )


def _leans(controls: Sequence[Answers], measured: Leaning | None) -> tuple[ControlLean, ...]:
    """Every control with what it has in common with the two models, the strongest lean first."""
    if measured is None:
        return tuple(ControlLean(asked(control), None, None) for control in controls)
    strongest_first = np.argsort(-np.maximum(measured.to_a, measured.to_b), kind="stable")
    return tuple(
        ControlLean(asked(controls[n]), float(measured.to_a[n]), float(measured.to_b[n])) for n in strongest_first
    )


def asked(answers: Answers) -> Asked:
    """A model as a result names it."""
    answered = answers.answered
    return Asked(
        model=answers.model,
        revision=answers.revision,
        digest=answers.digest,
        source=answers.source,
        answers=answers.content,
        answered=float(answered.mean()),
        unseen=float(answers.unseen[answered].mean()) if answered.any() else 1.0,
    )


def _require_one_question(models: Sequence[Answers], prompts: PromptSet) -> None:
    for answers in models:
        if answers.prompts != prompts.name or len(answers.unseen) != prompts.stops:
            raise LineageAuditError(
                f"{answers.model}: answers prompt set {answers.prompts}, not {prompts.name}; ask it anew"
            )
        if answers.manner != models[0].manner:
            raise LineageAuditError(
                f"{answers.model}: was asked by {answers.manner}, {models[0].model} by {models[0].manner}; answers to "
                "the two cannot be held against each other"
            )


def _each_once(controls: Sequence[Answers], apart_from: Sequence[Answers]) -> list[Answers]:
    """The controls that are neither of the models nor given twice."""
    known = {answers.content for answers in apart_from}
    kept = []
    for control in controls:
        if control.content not in known:
            known.add(control.content)
            kept.append(control)
    return kept


def _caveats(models: Sequence[Answers], left_out: int) -> list[str]:
    partly = [answers.model for answers in models if asked(answers).unseen > 0.001]
    twice = [_TWICE.format(left_out)] if left_out else []
    return [_WHAT_IT_MEANS, _RANKS, *map(_FEW_TOKENS.format, partly), *twice]
