"""What people draw of two models in public, beside what unrelated weights give: differences, deviations, numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from lineage_audit.report.escaping import cut
from lineage_audit.report.html.figures.drawing import WIDTH, Figure, circle, group, line, path, rect, words
from lineage_audit.report.html.figures.scales import FigureAxis
from lineage_audit.report.html.markup import Markup
from lineage_audit.report.wording.cells import range_words, value_words
from lineage_audit.results import Control, ControlledNumber, DeviationCurve, DifferenceHistogram, QuotedFigures

_LEFT, _RIGHT = 14.0, WIDTH - 14.0


def difference_figure(quoted: QuotedFigures | None) -> Figure | None:
    """The histogram of the weights' differences on that of weights that have nothing in common."""
    if quoted is None or quoted.differences is None:
        return None
    found = quoted.differences
    top, base = 30.0, 140.0
    axis = FigureAxis(found.edges[0], found.edges[-1], _LEFT, _RIGHT)
    highest = max((*found.here, *found.other_rows), default=0.0) or 1.0
    return Figure(
        name="differences",
        title="Differences of the weights",
        description=_said_of_differences(found),
        caption="B − A in standard deviations of A's weights, over the rows that were kept (line), and B's rows less "
        "A's neighbouring ones (grey), which have nothing in common. A narrow line is no p-value.",
        height=base + 38,
        shapes=group(
            path(_outline(found.other_rows, axis, base, (base - top) / highest), "null", closed=True),
            path(_steps(found.here, axis, base, (base - top) / highest), "observed"),
            line(_LEFT, base, _RIGHT, base, "axis"),
            (words(axis.place(tick), base + 14, f"{tick:g}".replace("-", "−"), "small", "middle") for tick in _TICKS),
            words(WIDTH / 2, base + 30, "standard deviations of A's weights", "small", "middle"),
        ),
    )


_TICKS = (-3, -2, -1, 0, 1, 2, 3)


def _steps(shares: Sequence[float], axis: FigureAxis, base: float, scale: float) -> list[tuple[float, float]]:
    """The upper edge of a histogram."""
    width = (axis.stop - axis.start) / max(1, len(shares))
    return [
        (axis.start + (place + side) * width, base - scale * share)
        for place, share in enumerate(shares)
        for side in (0, 1)
    ]


def _outline(shares: Sequence[float], axis: FigureAxis, base: float, scale: float) -> list[tuple[float, float]]:
    return [(axis.start, base), *_steps(shares, axis, base, scale), (axis.stop, base)]


def _said_of_differences(found: DifferenceHistogram) -> str:
    within, other = (_within_half(found.edges, shares) for shares in (found.here, found.other_rows))
    return (
        f"{within:.0%} of the differences lie within half a standard deviation of A's weights; of weights that have "
        f"nothing in common {other:.0%} do."
    )


def _within_half(edges: Sequence[float], shares: Sequence[float]) -> float:
    middles = ((low + high) / 2 for low, high in pairwise(edges))
    return sum(share for middle, share in zip(middles, shares, strict=True) if abs(middle) <= 0.5)


def deviation_figure(quoted: QuotedFigures | None) -> Figure | None:
    """The standard deviations of q, k, v and o over the layers, of both models, a panel a role."""
    curves = [curve for curve in quoted.deviations if len(curve.layers) > 1] if quoted is not None else []
    if not curves:
        return None
    return Figure(
        name="deviations",
        title="Standard deviations over the layers",
        description="; ".join(f"{curve.role}: {len(curve.layers)} layers" for curve in curves) + ".",
        caption="Of B (line) and A (dots), each over its own mean. Depth, width and recipe shape such curves: what "
        "unrelated models' curves correlate at stands beside the number itself.",
        height=18.0 + _PANEL_ROW * -(-len(curves) // 2),
        shapes=group(_curves(place, curve) for place, curve in enumerate(curves)),
    )


_PANEL_WIDTH, _PANEL, _PANEL_ROW = (WIDTH - 36) / 2, 66.0, 98.0


def _curves(place: int, curve: DeviationCurve) -> Iterator[Markup]:
    x, y = 14.0 + (place % 2) * (_PANEL_WIDTH + 8), 22.0 + (place // 2) * _PANEL_ROW
    a, b = _over_mean(curve.a), _over_mean(curve.b)
    across = FigureAxis(float(curve.layers[0]), float(curve.layers[-1]), x + 6, x + _PANEL_WIDTH - 6)
    along = FigureAxis(min(*a, *b), max(*a, *b), y + _PANEL - 5, y + 5)
    yield words(x, y - 6, cut(curve.role, 12), "label")
    yield rect(x, y, _PANEL_WIDTH, _PANEL, "panel")
    yield path([(across.place(n), along.place(v)) for n, v in zip(curve.layers, b, strict=True)], "observed")
    yield group(circle(across.place(n), along.place(v), 2, "again") for n, v in zip(curve.layers, a, strict=True))
    yield words(x, y + _PANEL + 13, f"layer {curve.layers[0]}", "small")
    yield words(x + _PANEL_WIDTH, y + _PANEL + 13, f"{curve.layers[-1]}", "small", "end")


def _over_mean(values: Sequence[float]) -> list[float]:
    mean = sum(values) / len(values)
    return [value / mean if mean else value for value in values]


def controls_figure(numbers: Sequence[ControlledNumber]) -> Figure | None:
    """Every number as a dot beside the ranges that unrelated models give."""
    shown = [number for number in numbers if number.value is not None and number.controls]
    if not shown:
        return None
    heights = [_ROW + _LINE * len(number.controls) for number in shown]
    tops = [6.0 + sum(heights[:place]) for place in range(len(shown))]
    return Figure(
        name="controls",
        title="Numbers that people quote, and controls",
        description=". ".join(f"{number.number_id} {value_words(number)}: {number.says}" for number in shown) + ".",
        caption="The mark is what these two models give; a grey bar is the range over unrelated models or weights. A "
        "mark within a bar tells nothing.",
        height=tops[-1] + heights[-1] + 8,
        shapes=group(_number(number, top) for number, top in zip(shown, tops, strict=True)),
    )


_ROW, _LINE = 30.0, 23.0


def _number(number: ControlledNumber, top: float) -> Iterator[Markup]:
    value = number.value or 0.0
    ends = [value, *(end for control in number.controls for end in (control.low, control.high))]
    low, high = min(0.0, *ends), max(1.0, *ends)
    axis = FigureAxis(low, high, _LEFT, _RIGHT)
    yield words(_LEFT, top + 12, f"{number.number_id}  {value_words(number)}", "strong")
    bottom = top + 18 + _LINE * len(number.controls)
    for place, control in enumerate(number.controls):
        yield from _control(control, axis, axis.place(value), top + 18 + _LINE * place)
    yield line(_LEFT, bottom, _RIGHT, bottom, "grid")


def _control(control: Control, axis: FigureAxis, mark: float, top: float) -> Iterator[Markup]:
    start, stop = axis.place(control.low), axis.place(control.high)
    yield rect(start - 1, top, max(2.0, stop - start + 2), 6, "rest")
    yield line(mark, top - 2, mark, top + 8, "observed")
    yield words(_LEFT, top + 17, f"{range_words(control)}  {cut(control.name, 56)}", "small")
