"""An unmixing as Markdown: the method, the weights, the parts, and the recipe folded away."""

from __future__ import annotations

from collections.abc import Sequence

from lineage_audit.report.escaping import cut_middle, printable
from lineage_audit.report.markdown.text import bullets, code, folded, prose, table
from lineage_audit.report.numbers import coefficient, magnitude, share
from lineage_audit.report.wording.sentences import first_sentence
from lineage_audit.report.wording.unmixing import (
    METHOD_MEANINGS,
    METHOD_WORDS,
    method_facts,
    part_weights,
    source_references,
    source_words,
    weight,
)
from lineage_audit.results import MergedPart, Unmixing

_LONGEST_REFERENCE = 120


def render_unmix_markdown(unmixing: Unmixing) -> str:
    """An unmixing as Markdown text, ending in a newline."""
    blocks = (
        f"## {METHOD_WORDS[unmixing.method]}: {METHOD_MEANINGS[unmixing.method]}",
        f"**{prose(first_sentence(unmixing))}**",
        _weights(unmixing),
        table(("", ""), method_facts(unmixing)),
        _parts(unmixing, "By tensor group", unmixing.parts),
        folded("By layer", _parts(unmixing, "", unmixing.layers)),
        folded("mergekit recipe", _recipe(unmixing.recipe)),
        "### Caveats",
        bullets(map(prose, unmixing.caveats)) or "None.",
        f"<sub>lineage-audit {prose(unmixing.tool_version)}, unmix.</sub>",
    )
    return "\n\n".join(block for block in blocks if block) + "\n"


def _weights(unmixing: Unmixing) -> str:
    rows = [
        (_reference(parent.ref), weight(found))
        for parent, found in zip(unmixing.parents, unmixing.weights, strict=False)
    ]
    return table(("Parent", "Weight (95% interval)"), rows)


def _reference(reference: str) -> str:
    return code(cut_middle(reference, _LONGEST_REFERENCE))


def _parts(unmixing: Unmixing, title: str, parts: Sequence[MergedPart]) -> str:
    if not parts:
        return ""
    references = source_references(unmixing)
    numbers = [f"Parent {number + 1}" for number in range(len(unmixing.parents))]
    head = ("Part", "Parameters", *numbers, "Residual", "Unexplained", "Taken from")
    rows = [
        (
            prose(part.name),
            magnitude(part.parameters),
            *part_weights(part, len(unmixing.parents)),
            coefficient(part.residual),
            share(part.unexplained),
            prose(source_words(part.source, references)),
        )
        for part in parts
    ]
    return "\n\n".join(filter(None, (f"### {title}" if title else "", table(head, rows))))


def _recipe(recipe: str | None) -> str:
    """The recipe as a block of code; a name that holds backticks cannot end it, since the fence is longer."""
    if not recipe:
        return ""
    lines = [printable(line) for line in recipe.splitlines()]
    longest = max((len(run) for line in lines for run in _backticks(line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}yaml", *lines, fence])


def _backticks(line: str) -> list[str]:
    """Every run of backticks in a line."""
    return [run for run in "".join(c if c == "`" else " " for c in line).split() if run]
