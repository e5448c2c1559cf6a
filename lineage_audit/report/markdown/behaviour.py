"""A behaviour result as Markdown for a pull request."""

from __future__ import annotations

from lineage_audit.report.markdown.text import bullets, code, prose, table
from lineage_audit.report.numbers import share
from lineage_audit.report.wording.behaviour import (
    CONTROL_HEADINGS,
    OUTCOME_WORDS,
    asked_words,
    behaviour_facts,
    lean,
)
from lineage_audit.report.wording.sentences import first_sentence
from lineage_audit.results import Behaviour


def render_behaviour_markdown(behaviour: Behaviour) -> str:
    """A behaviour result as Markdown text, ending in a newline."""
    models = [("A", prose(asked_words(behaviour.a))), ("B", prose(asked_words(behaviour.b)))]
    facts = [(label, prose(value)) for label, value in behaviour_facts(behaviour)]
    controls = [
        (
            code(control.model.model),
            lean(control.to_a),
            lean(control.to_b),
            prose(control.model.source),
            share(control.model.answered),
        )
        for control in behaviour.controls
    ]
    blocks = (
        f"## {OUTCOME_WORDS[behaviour.outcome].capitalize()}",
        f"**{prose(first_sentence(behaviour))}**",
        prose(behaviour.summary),
        table(("", ""), [*models, *facts]),
        table(CONTROL_HEADINGS, controls) if controls else "",
        "### Caveats",
        bullets([prose(caveat) for caveat in behaviour.caveats]),
    )
    return "\n\n".join(block for block in blocks if block) + "\n"
