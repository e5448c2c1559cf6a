"""What a merge is made of: each parent's weight with its interval, over all, by tensor group and by layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lineage_audit.report.escaping import cut, cut_middle
from lineage_audit.report.html.figures.drawing import WIDTH, Figure, circle, group, line, rect, words
from lineage_audit.report.html.figures.scales import FigureAxis
from lineage_audit.report.html.markup import Markup
from lineage_audit.report.wording.unmixing import weight
from lineage_audit.results import MergedPart, Share, Unmixing
from lineage_audit.sizes import plural

_LEFT, _TOP, _ROW, _GAP = 76.0, 24.0, 17.0, 22.0
_MOST_PARENTS = 4
_MOST_ROWS = 140


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of the figure: a part and a weight a parent; none where the parents do not differ."""

    name: str
    weights: tuple[Share, ...]


def merge_figure(unmixing: Unmixing) -> Figure | None:
    """A column a parent, or None where no weights were found."""
    parents = unmixing.parents[:_MOST_PARENTS]
    rows = [_Row("all", unmixing.weights), *(_Row(part.name, _weights(unmixing, part)) for part in unmixing.parts)]
    rows += [_Row(part.name, _weights(unmixing, part)) for part in unmixing.layers]
    rows = rows[:_MOST_ROWS]
    if not unmixing.weights or not parents:
        return None
    shown = [share for row in rows for share in row.weights]
    low, high = min(0.0, *(share.low for share in shown)), max(1.0, *(share.high for share in shown))
    width = (WIDTH - _LEFT - 8 - _GAP * (len(parents) - 1)) / len(parents)
    bottom = _TOP + _ROW * len(rows)
    columns = [FigureAxis(low, high, x, x + width) for x in (_LEFT + n * (width + _GAP) for n in range(len(parents)))]
    names = [cut_middle(parent.ref, int(width / 6.2)) for parent in parents]
    return Figure(
        name="merge",
        title="The weight of each parent",
        description=_description(unmixing),
        caption="A dot is a parent's weight in a part of the child, its line the 95% interval.",
        height=bottom + 30,
        shapes=group(
            (
                words(_LEFT - 8, _TOP + (n + 0.5) * _ROW + 3.5, cut(row.name, 12), "small", "end")
                for n, row in enumerate(rows)
            ),
            (_column(axis, name, rows, n, bottom) for n, (axis, name) in enumerate(zip(columns, names, strict=True))),
        ),
    )


def _weights(unmixing: Unmixing, part: MergedPart) -> tuple[Share, ...]:
    """Weights of a part; the whole of one source where it was taken from there."""
    if part.source is None:
        return part.weights
    taken = (1.0 if number == part.source.source else 0.0 for number in range(len(unmixing.parents)))
    return tuple(Share(value, value, value) for value in taken)


def _column(axis: FigureAxis, name: str, rows: Sequence[_Row], parent: int, bottom: float) -> Iterator[Markup]:
    yield words(axis.start, 14, name)
    yield rect(axis.start, _TOP, axis.stop - axis.start, bottom - _TOP, "panel")
    for tick in (0.0, 0.5, 1.0):
        x = axis.place(tick)
        yield line(x, _TOP, x, bottom, "grid")
        yield words(x, bottom + 14, f"{tick:g}", "small", "middle")
    yield line(axis.start, _TOP + _ROW, axis.stop, _TOP + _ROW, "axis")
    for n, row in enumerate(rows):
        if parent < len(row.weights):
            yield from _dot(axis, row.weights[parent], _TOP + (n + 0.5) * _ROW, is_first=n == 0)


def _dot(axis: FigureAxis, share: Share, y: float, *, is_first: bool) -> Iterator[Markup]:
    x = axis.place(share.value)
    yield line(axis.place(share.low), y, axis.place(share.high), y, "observed")
    yield circle(x, y, 3.6 if is_first else 2.8, "dot")
    if is_first:
        at_end = x > (axis.start + axis.stop) / 2
        yield words(x - 7 if at_end else x + 7, y + 4, f"{share.value:.2f}", "strong", "end" if at_end else None)


def _description(unmixing: Unmixing) -> str:
    shown = zip(unmixing.parents, unmixing.weights, strict=False)
    weights = ", ".join(f"{weight(share)} of {cut_middle(parent.ref, 80)}" for parent, share in shown)
    return f"{weights}; by {plural(len(unmixing.parts), 'tensor group')} and {plural(len(unmixing.layers), 'layer')}."
