"""The page of a behaviour result: the answer and its chance first, then every control."""

from __future__ import annotations

from lineage_audit.report.escaping import cut_middle
from lineage_audit.report.html.markup import Markup, element, joined, name, opening, sentence
from lineage_audit.report.html.page import HtmlPage, PageSection
from lineage_audit.report.html.sections import run
from lineage_audit.report.html.sections.answer import facts, said
from lineage_audit.report.html.tables import Cell, Column, Value, number_columns, table
from lineage_audit.report.numbers import share
from lineage_audit.report.wording.behaviour import (
    CONTROL_HEADINGS,
    OUTCOME_MEANINGS,
    OUTCOME_WORDS,
    behaviour_facts,
    lean,
)
from lineage_audit.results import Asked, Behaviour, ControlLean

_FOOT = "lineage-audit {}. Answers show no descent of weights, and say nothing of who learned from whom."
_ACCENTS = {"leans": "shared-origin", "none": "independent", "inconclusive": "inconclusive"}


def behaviour_page(behaviour: Behaviour) -> HtmlPage:
    """A behaviour result as a page."""
    sections = (
        run.caveats(behaviour.caveats),
        PageSection("controls", "Controls, strongest lean first", "", _controls(behaviour)),
        run.pinned(_models(behaviour)),
        run.reproduce(_command(behaviour), behaviour.parameters.items(), behaviour.run),
    )
    title = f"{OUTCOME_WORDS[behaviour.outcome].capitalize()}: {cut_middle(behaviour.b.model, 80)}"
    return HtmlPage(
        title, _ACCENTS[behaviour.outcome], _head(behaviour), sections, _FOOT.format(behaviour.tool_version)
    )  # fmt: skip


def _head(behaviour: Behaviour) -> Markup:
    outcome = behaviour.outcome
    models = (("A", behaviour.a), ("B", behaviour.b))
    who = ((element("dt", f"Model {letter}"), element("dd", name(model.model))) for letter, model in models)
    return joined(
        run.brand(behaviour, "behave"),
        said(OUTCOME_WORDS[outcome], OUTCOME_MEANINGS[outcome], behaviour),
        element("p", sentence(opening(behaviour.summary)), class_="terms"),
        element("dl", who, class_="who"),
        facts(behaviour_facts(behaviour)),
        run.first_caveats(behaviour.caveats),
        run.first_pinned(_models(behaviour)),
        run.command_line(_command(behaviour)),
    )


def _controls(behaviour: Behaviour) -> Markup:
    control, to_a, to_b, through, answered = CONTROL_HEADINGS
    columns = (Column(control), *number_columns(to_a, to_b), Column(through), *number_columns(answered))
    return table("Every control", columns, map(_row, behaviour.controls)) or element("p", "None.")


def _row(control: ControlLean) -> tuple[Cell, ...]:
    return (
        name(control.model.model),
        Value(lean(control.to_a), control.to_a),
        Value(lean(control.to_b), control.to_b),
        sentence(control.model.source),
        Value(share(control.model.answered), control.model.answered),
    )


def _models(behaviour: Behaviour) -> list[run.Pinned]:
    controls = (control.model for control in behaviour.controls)
    return [_pinned(model) for model in (behaviour.a, behaviour.b, *controls)]


def _pinned(model: Asked) -> run.Pinned:
    weights = f"weights {model.digest}; " if model.digest else ""
    return model.model, model.revision, f"{weights}answers {model.answers}"


def _command(behaviour: Behaviour) -> list[str]:
    controls = [word for control in behaviour.controls for word in ("--control", control.model.model)]
    manner = [] if behaviour.manner == "text" else ["--manner", behaviour.manner]
    return ["lineage-audit", "behave", behaviour.a.model, behaviour.b.model, *controls, *manner]
