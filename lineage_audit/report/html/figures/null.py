"""The observed statistic on its null: where independent models fall, from where on models count as related, and these.

For a sum of fair signs the curve is Hoeffding's bound itself, exp(-t²/2) at t standard deviations. For units that keep
their number it is the Poisson distribution that the bound L^F / F! belongs to.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, lgamma, log, sqrt

from lineage_audit.report.html.figures.drawing import WIDTH, Figure, circle, file_name, group, line, path, rect, words
from lineage_audit.report.html.figures.scales import FigureAxis
from lineage_audit.report.html.markup import Markup, with_powers
from lineage_audit.report.numbers import p_value, quantity
from lineage_audit.results import Evidence, NullSpread
from lineage_audit.results.figures import NullFamily

_LEFT, _RIGHT, _TOP, _BASE = 14.0, WIDTH - 14.0, 34.0, 132.0
_HEIGHT = 170.0
_HILL = 0.72
"""Height of the null's hill as a share of the observed line's."""

_LINEAR_TO: Mapping[NullFamily, float] = {"sign-sum": 26.0, "fixed-points": 60.0}
"""Largest value up to which an axis stays linear."""

_LN10 = log(10.0)


def null_figure(test: Evidence, level: float | None) -> Figure | None:
    """One test's statistic on its null, or None for a test whose null has no known spread.

    Args:
        test: a measured test.
        level: log10 p from which on this test alone makes two models related, or None if it never does.
    """
    spread, statistic = test.spread, test.statistic
    if test.status != "measured" or spread is None or statistic is None or spread.scale <= 0:
        return None
    if spread.family == "sign-sum":
        observed, threshold = statistic / spread.scale, None if level is None else sqrt(-2 * level * _LN10)
        shown = _deviations(observed)
    else:
        observed, threshold = statistic, None if level is None else _fixed_points_at(level, spread.scale)
        shown = f"{quantity(observed)} fixed points" if observed != 1 else "1 fixed point"
    axis = _axis(spread, observed, threshold)
    return Figure(
        name=file_name(f"null-{test.test_id}"),
        title=f"{test.test_id}: {with_powers(p_value(test.log10_p))}",
        description=_description(spread, shown, threshold),
        caption=test.question,
        height=_HEIGHT,
        shapes=group(
            _related(axis, threshold),
            _null(axis, spread),
            _x_axis(axis, spread),
            _mark(axis, observed, shown),
        ),
    )


def _deviations(observed: float) -> str:
    """Standard deviations with three digits: ``−1.13 σ``, ``45.4 σ``, ``1,204 σ``."""
    digits = 2 if abs(observed) < 10 else 1 if abs(observed) < 100 else 0
    return f"{observed:,.{digits}f} σ".replace("-", "−")


def _axis(spread: NullSpread, observed: float, threshold: float | None) -> FigureAxis:
    """An axis that holds the null, the threshold and the observed statistic."""
    if spread.family == "sign-sum":
        low, high = min(-4.0, observed * 1.12), max(6.0, threshold or 0.0, observed * 1.06)
    else:
        low, high = 0.0, max(spread.scale + 4 * sqrt(spread.scale), (threshold or 0.0) * 1.1, observed * 1.06)
    linear_to = max(_LINEAR_TO[spread.family], 4 * spread.scale if spread.family == "fixed-points" else 0.0)
    return FigureAxis(low, high, _LEFT, _RIGHT, bent=max(-low, high) > linear_to)


def _null(axis: FigureAxis, spread: NullSpread) -> Markup:
    """The null as an area, as high as the figure where it is highest."""
    if spread.family == "sign-sum":
        grid = [-5 + step / 10 for step in range(101)]
        curve = [(x, exp(-x * x / 2)) for x in grid if axis.low <= x <= axis.high]
    else:
        most = int(spread.scale + 6 * sqrt(spread.scale) + 3)
        heights = [_poisson(count, spread.scale) for count in range(most + 1)]
        curve = [
            (max(axis.low, count + side), height / max(heights))
            for count, height in enumerate(heights)
            for side in (-0.5, 0.5)
            if count + side <= axis.high
        ]
    points = [(axis.place(x), _BASE - (_BASE - _TOP) * _HILL * height) for x, height in curve]
    outline = [(points[0][0], _BASE), *points, (points[-1][0], _BASE)]
    return path(outline, "null", closed=True)


def _related(axis: FigureAxis, threshold: float | None) -> Markup:
    """The region in which a statistic makes two models related."""
    if threshold is None:
        return group()
    x = axis.place(threshold)
    at_end = x > WIDTH - 100
    label = words(x - 4 if at_end else x + 4, _TOP - 22, "related from here", "small", "end" if at_end else None)
    area = rect(x, _TOP - 14, max(0.0, _RIGHT - x), _BASE - _TOP + 14, "related")
    return group(area, line(x, _TOP - 32, x, _BASE, "threshold"), label)


def _x_axis(axis: FigureAxis, spread: NullSpread) -> Markup:
    ticks = axis.ticks(8)
    unit = "standard deviations of the null" if spread.family == "sign-sum" else "units that keep their number"
    bent = ", logarithmic beyond the first" if axis.bent else ""
    return group(
        line(_LEFT, _BASE, _RIGHT, _BASE, "axis"),
        (line(axis.place(tick), _BASE, axis.place(tick), _BASE + 4, "axis") for tick in ticks),
        (words(axis.place(tick), _BASE + 15, f"{tick:,.10g}".replace("-", "−"), "small", "middle") for tick in ticks),
        words(WIDTH / 2, _BASE + 32, unit + bent, "small", "middle"),
    )


def _mark(axis: FigureAxis, observed: float, shown: str) -> Markup:
    x = axis.place(observed)
    at_end = x > WIDTH - 110
    return group(
        line(x, _TOP, x, _BASE, "observed"),
        circle(x, _TOP, 4, "dot"),
        words(x - 9 if at_end else x + 9, _TOP + 4, shown, "strong", "end" if at_end else None),
    )


def _description(spread: NullSpread, shown: str, threshold: float | None) -> str:
    if spread.family == "sign-sum":
        null = "Independent models fall around 0, nearly all within 3 standard deviations"
        related = None if threshold is None else f"{threshold:.1f} σ"
    else:
        null = f"Independent models keep about {quantity(spread.scale)} units"
        related = None if threshold is None else quantity(threshold)
    counts = "it carries no verdict alone" if related is None else f"models count as related from {related} on"
    return f"{null}; {counts}. Observed: {shown}."


def _fixed_points_at(level: float, blocks: float) -> float:
    """The least count whose bound L^F / F! reaches a level."""
    fixed = int(blocks) + 1
    while (fixed * log(blocks) - lgamma(fixed + 1)) / _LN10 > level and fixed < 1_000_000:
        fixed += 1
    return float(fixed)


def _poisson(count: int, mean: float) -> float:
    return exp(count * log(mean) - mean - lgamma(count + 1))
