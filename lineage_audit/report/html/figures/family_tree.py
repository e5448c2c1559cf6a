"""A family tree, drawn: ancestors left, descendants right, every node in the middle of what comes from it.

Each node has a row of its own, half of its branches above it and half below, so that no name meets a line or a name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lineage_audit.report.escaping import cut, cut_middle
from lineage_audit.report.html.figures.drawing import WIDTH, Figure, circle, group, line, words
from lineage_audit.report.html.markup import Markup
from lineage_audit.report.wording.tree import Step, edge_words, headline, is_unknown, name_of, walk
from lineage_audit.results import FamilyTree

_LEFT, _TOP, _ROW = 12.0, 16.0, 34.0
_WIDEST_STEP, _ROOM_FOR_DEPTH = 34.0, 150.0
_MOST_ROWS = 400
_GAP = 5.0  # between the centre of a node and the end of a line
_BESIDE = 0.8  # of that gap: how far a second arrow stands from the first


@dataclass(frozen=True, slots=True)
class _Placed:
    """A node where it is drawn.

    Attributes:
        step: the node, as it was met.
        x: where it stands from the left.
        y: where it stands from the top.
        before: the number of the step that it hangs on, or None for a root.
    """

    step: Step
    x: float
    y: float
    before: int | None


def family_tree(tree: FamilyTree) -> Figure | None:
    """Every group of relatives, and below them the models that stand alone; None where there are no models."""
    steps = list(walk(tree))[:_MOST_ROWS]
    if not steps:
        return None
    placed = _placed(steps)
    first = {node.step.identifier: node for node in reversed(placed) if not node.step.again}
    shown = [node for node in placed if not node.step.again]
    return Figure(
        name="tree",
        title="Family tree",
        description=f"{headline(tree)}. " + " ".join(_sentence(tree, step) for step in steps if step.edge),
        caption="Lines join nearest relatives. An arrow points to what was made from the other; on a plain line which "
        "came first is not shown. A ring is an ancestor that was not among the models, a dashed line a merge's other "
        "parent.",
        height=_TOP + _ROW * len(shown),
        shapes=group(
            (_branch(node, placed[node.before], first) for node in placed if node.before is not None),
            (_node(tree, node) for node in shown),
        ),
    )


def _placed(steps: Sequence[Step]) -> list[_Placed]:
    """Give every node its place; a merge that is met again keeps the one that it has."""
    before = [_before(steps, position) for position in range(len(steps))]
    width = min(_WIDEST_STEP, _ROOM_FOR_DEPTH / max(1, *(step.depth for step in steps)))
    rows = {position: row for row, position in enumerate(_in_order(steps, before))}
    return [
        _Placed(step, _LEFT + width * step.depth, _TOP + _ROW * rows.get(position, 0), before[position])
        for position, step in enumerate(steps)
    ]


def _before(steps: Sequence[Step], position: int) -> int | None:
    """The step that a node hangs on."""
    step = steps[position]
    return None if step.edge is None else next(n for n in range(position - 1, -1, -1) if steps[n].depth < step.depth)


def _in_order(steps: Sequence[Step], before: Sequence[int | None]) -> Iterator[int]:
    """Positions from top to bottom: half of a node's branches, the node, the other half."""
    branches: dict[int | None, list[int]] = {}
    for position, step in enumerate(steps):
        if not step.again:
            branches.setdefault(before[position], []).append(position)
    waiting: list[tuple[int, bool]] = [(root, False) for root in reversed(branches.get(None, []))]
    while waiting:
        position, is_open = waiting.pop()
        under = branches.get(position, [])
        if is_open or not under:
            yield position
            continue
        half = len(under) // 2
        waiting += [(below, False) for below in reversed(under[half:])]
        waiting.append((position, True))
        waiting += [(above, False) for above in reversed(under[:half])]


def _node(tree: FamilyTree, node: _Placed) -> Iterator[Markup]:
    step = node.step
    unknown = is_unknown(tree, step.identifier)
    yield circle(node.x, node.y, 4.5, "unknown" if unknown else "dot")
    room = int((WIDTH - node.x - 16) / 6.4)
    yield words(
        node.x + 11, node.y + 4, cut_middle(name_of(tree, step.identifier), room), "small" if unknown else "label"
    )
    if note := _note(tree, step):
        yield words(node.x + 11, node.y + 16, cut(note, room), "small")


def _note(tree: FamilyTree, step: Step) -> str:
    """What led to a node: its edge's words, or a merge's weights from all its parents."""
    if step.edge is None:
        return ""
    weights = [edge.share for edge in tree.edges if edge.kind == "merge" and edge.target == step.identifier]
    if step.edge.kind == "merge" and len(weights) > 1 and all(weight is not None for weight in weights):
        return "merged, " + " and ".join(f"{weight:.2f}" for weight in weights)
    return edge_words(step.edge)


def _branch(node: _Placed, parent: _Placed, first: Mapping[str, _Placed]) -> Iterator[Markup]:
    """The line from a node to what hangs on it: up or down, then right; an arrow head where the order is shown."""
    step, target = node.step, first.get(node.step.identifier)
    if target is None or step.edge is None:
        return
    if step.again:
        yield from _to_other_parent(parent, target)
        return
    class_ = "guide" if step.edge.kind == "origin" else "axis"
    side = _side(parent, target)
    yield line(parent.x, parent.y + side, parent.x, target.y, class_)
    yield line(parent.x, target.y, target.x - _GAP, target.y, class_)
    if not step.edge.directed:
        return
    yield _head_right(target.x, target.y) if step.away else _head_upright(parent.x, parent.y + side * 1.2, -side)


def _to_other_parent(parent: _Placed, merge: _Placed) -> Iterator[Markup]:
    """The dashed line from a merge's other parent, left of the names that stand between them."""
    side = _side(parent, merge)
    if merge.x > parent.x:
        y = merge.y - _BESIDE * side
        yield line(parent.x, parent.y + side, parent.x, y, "guide")
        yield line(parent.x, y, merge.x - _GAP, y, "guide")
        yield _head_right(merge.x, y)
        return
    if merge.x < parent.x:
        yield line(parent.x - _GAP, parent.y, merge.x, parent.y, "guide")
    yield line(merge.x, parent.y + (side if merge.x == parent.x else 0), merge.x, merge.y - side, "guide")
    yield _head_upright(merge.x, merge.y - side * 1.2, side)


def _side(start: _Placed, end: _Placed) -> float:
    """Where a line leaves a node: below it, or above."""
    return _GAP if end.y > start.y else -_GAP


def _head_right(x: float, y: float) -> Markup:
    """An arrow head before a node, pointing right at it."""
    return group(line(x - 9, y - 3, x - _GAP, y, "axis"), line(x - 9, y + 3, x - _GAP, y, "axis"))


def _head_upright(x: float, tip: float, side: float) -> Markup:
    """An arrow head that points down at its tip, or up where the side is above."""
    back = tip - (4 if side > 0 else -4)
    return group(line(x - 3, back, x, tip, "axis"), line(x + 3, back, x, tip, "axis"))


def _sentence(tree: FamilyTree, step: Step) -> str:
    edge = step.edge
    if edge is None:
        return ""
    source, target = (cut_middle(name_of(tree, end), 60) for end in (edge.source, edge.target))
    words_ = f" ({edge_words(edge)})" if edge_words(edge) else ""
    return f"{target} was made from {source}{words_}." if edge.directed else f"{source} and {target}{words_}."
