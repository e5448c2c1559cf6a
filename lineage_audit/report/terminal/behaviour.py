"""A behaviour result on a terminal: the answer, the numbers, the controls, what to keep in mind."""

from __future__ import annotations

from rich.console import Console

from lineage_audit.report.escaping import cut, cut_middle
from lineage_audit.report.numbers import duration, share
from lineage_audit.report.terminal.page import LABEL_STYLE, QUIET, Cell, Column, Page
from lineage_audit.report.wording.behaviour import (
    CONTROL_HEADINGS,
    OUTCOME_MEANINGS,
    OUTCOME_WORDS,
    asked_words,
    behaviour_facts,
    lean,
)
from lineage_audit.report.wording.sentences import first_sentence
from lineage_audit.results import Behaviour, ControlLean

_STYLES = {"leans": "bold yellow", "none": "bold green", "inconclusive": "bold magenta"}
_COLUMNS: tuple[Column, ...] = tuple(
    (heading, "right" if heading.startswith("Lean") or heading == "Answered" else "left")
    for heading in CONTROL_HEADINGS
)  # fmt: skip
_LONGEST = 200
_MOST_CONTROLS = 5


def render_behaviour_terminal(behaviour: Behaviour, *, console: Console) -> None:
    """Print a behaviour result."""
    page = Page(console)
    title = page.text(f"lineage-audit {behaviour.tool_version}", LABEL_STYLE)
    page.line(page.joined((title, page.text(f"  behave, {duration(behaviour.seconds)}", QUIET))))
    page.blank()
    models = (("Model A", behaviour.a), ("Model B", behaviour.b))
    page.labelled([(label, (cut_middle(asked_words(model), _LONGEST),)) for label, model in models], label_style=QUIET)
    page.blank()
    outcome = behaviour.outcome
    page.line(page.joined((page.text(OUTCOME_WORDS[outcome], _STYLES[outcome]), f"  {OUTCOME_MEANINGS[outcome]}")))
    page.line(page.text(first_sentence(behaviour), LABEL_STYLE))
    page.line(page.text(behaviour.summary, QUIET))
    page.blank()
    page.labelled([(label, (cut(value, 2 * _LONGEST),)) for label, value in behaviour_facts(behaviour)])
    if behaviour.controls:
        page.blank()
        page.table(_COLUMNS, map(_row, behaviour.controls[:_MOST_CONTROLS]))
        left = len(behaviour.controls) - _MOST_CONTROLS
        if left > 0:
            page.line(page.text(f"and {left:,} more in the details", QUIET))
    page.blank()
    page.labelled([("Caveats", (page.listed([("•", caveat) for caveat in behaviour.caveats]),))])


def render_behaviour_details(behaviour: Behaviour, *, console: Console) -> None:
    """Print every control, and what pins everyone's answers."""
    page = Page(console)
    page.heading("Every control")
    page.table(_COLUMNS, map(_row, behaviour.controls))
    page.heading("What pins the answers")
    models = (behaviour.a, behaviour.b, *(control.model for control in behaviour.controls))
    page.labelled((cut_middle(model.model, 24), (page.text(model.answers, QUIET),)) for model in models)


def _row(control: ControlLean) -> tuple[Cell, ...]:
    return (
        cut_middle(control.model.model, 40),
        lean(control.to_a),
        lean(control.to_b),
        cut(control.model.source, 24),
        share(control.model.answered),
    )
