"""A family tree, drawn from each root outward: one row a model, its descendants indented below it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lineage_audit.report.escaping import cut, cut_middle
from lineage_audit.report.html.figures.drawing import WIDTH, Figure, circle, group, line, words
from lineage_audit.report.html.markup import Markup
from lineage_audit.report.wording.tree import Step, edge_words, headline, is_unknown, name_of, walk
from lineage_audit.results import FamilyTree

_LEFT, _TOP, _ROW = 12.0, 14.0, 34.0
_DEEPEST = 10
_MOST_ROWS = 400


def family_tree(tree: FamilyTree) -> Figure | None:
    """Every group of relatives, and below them the models that stand alone; None where there are no models."""
    steps = list(walk(tree))[:_MOST_ROWS]
    if not steps:
        return None
    indent = min(20.0, 130.0 / max(1, *(step.depth for step in steps)))
    rows = (_row(tree, steps, position, indent) for position in range(len(steps)))
    return Figure(
        name="tree",
        title="Family tree",
        description=f"{headline(tree)}. " + " ".join(_sentence(tree, step) for step in steps if step.edge),
        caption="Lines join nearest relatives. An arrow points to what was made from the other; on a plain line which "
        "came first is not shown. A ring is an ancestor that was not among the models.",
        height=_TOP + _ROW * len(steps),
        shapes=group(rows),
    )


def _row(tree: FamilyTree, steps: Sequence[Step], position: int, indent: float) -> Iterator[Markup]:
    step = steps[position]
    x, y = _LEFT + indent * min(step.depth, _DEEPEST), _TOP + _ROW * position
    if step.edge is not None:
        before = next(n for n in range(position - 1, -1, -1) if steps[n].depth == step.depth - 1)
        yield from _branch(step, x, y, _TOP + _ROW * before, indent)
    unknown = is_unknown(tree, step.identifier)
    yield circle(x, y, 4.5, "unknown" if unknown else "again" if step.again else "dot")
    room = int((WIDTH - x - 16) / 6.4)
    yield words(x + 11, y + 4, cut_middle(name_of(tree, step.identifier), room), "small" if unknown else "label")
    if step.edge is not None:
        note = edge_words(step.edge) + (", drawn above" if step.again else "")
        yield words(x + 11, y + 16, cut(note, room), "small")


def _branch(step: Step, x: float, y: float, y_before: float, indent: float) -> Iterator[Markup]:
    """The line from the model before: down, then right; an arrow head at the end that was made from the other."""
    corner = x - indent
    class_ = "guide" if step.edge and step.edge.kind == "origin" else "axis"
    yield line(corner, y_before + 5, corner, y, class_)
    yield line(corner, y, x - 5, y, class_)
    if step.edge is not None and step.edge.directed:
        if step.away:
            yield group(line(x - 9, y - 3, x - 5, y, "axis"), line(x - 9, y + 3, x - 5, y, "axis"))
        else:
            tip = y_before + 6
            yield group(line(corner - 3, tip + 4, corner, tip, "axis"), line(corner + 3, tip + 4, corner, tip, "axis"))


def _sentence(tree: FamilyTree, step: Step) -> str:
    edge = step.edge
    if edge is None:
        return ""
    source, target = (cut_middle(name_of(tree, end), 60) for end in (edge.source, edge.target))
    words_ = f" ({edge_words(edge)})" if edge_words(edge) else ""
    return f"{target} was made from {source}{words_}." if edge.directed else f"{source} and {target}{words_}."
