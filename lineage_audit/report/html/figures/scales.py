"""Scales: from a measured value to a place or a shade."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import asinh, isfinite

from lineage_audit.report.html.figures.drawing import group, rect, words
from lineage_audit.report.html.markup import Markup

SHADES_FROM = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9)
"""A correlation at or above the n-th number has shade n; two unrelated layers stay below the first or second."""


@dataclass(frozen=True, slots=True)
class FigureAxis:
    """A horizontal or vertical axis: values from ``low`` to ``high`` on places from ``start`` to ``stop``.

    ``bent`` axes are linear near zero and logarithmic beyond, so that a statistic thousands of standard deviations
    away stands on one picture with its null.
    """

    low: float
    high: float
    start: float
    stop: float
    bent: bool = False

    def place(self, value: float) -> float:
        """Where a value stands."""
        low, high, at = (asinh(x) if self.bent else x for x in (self.low, self.high, value))
        return self.start + (self.stop - self.start) * (at - low) / ((high - low) or 1.0)

    def ticks(self, most: int) -> list[float]:
        """Round values to mark."""
        if self.bent:
            return _thinned(_bent_ticks(self.low, self.high), most)
        step = _round_step((self.high - self.low) / most)
        first = -(-self.low // step)
        return [step * (first + n) for n in range(int((self.high - first * step) / step + 1e-9) + 1)]


def shade(value: float | None) -> int | None:
    """The shade of a correlation or cosine, 0 to 8; None for none. What is negative has none in common."""
    if value is None or not isfinite(value):
        return None
    return bisect_right(SHADES_FROM, value)


def numbered_ticks(numbers: Sequence[int], most: int) -> list[int]:
    """Positions of those numbers to write at an axis: every one, or every fifth, tenth, ..."""
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if len(numbers) <= step * most)
    return [position for position, number in enumerate(numbers) if number % step == 0 or len(numbers) <= most]


def _bent_ticks(low: float, high: float) -> list[float]:
    positive = [float(m * 10**exponent) for exponent in range(13) for m in (1, 3)]
    return [value for value in (*(-x for x in reversed(positive)), 0.0, *positive) if low <= value <= high]


def _thinned(ticks: list[float], most: int) -> list[float]:
    """Tens alone, then every other ten, where there are too many."""
    if len(ticks) <= most:
        return ticks
    tens = [x for x in ticks if x == 0 or str(abs(int(x))).strip("0") == "1"]
    step = 1 + (len(tens) - 1) // most
    return [x for n, x in enumerate(tens) if n % step == tens.index(0.0) % step] if 0.0 in tens else tens[::step]


def _round_step(rough: float) -> float:
    """The least of 1, 2, 5 times a power of ten that is at least as large."""
    power = 1e-12
    while power * 10 < rough:
        power *= 10
    return next((power * m for m in (1, 2, 5, 10) if power * m >= rough * 0.999999), power * 10)


KEY_HEIGHT = 34.0


def shade_key(x: float, y: float, what: str) -> Markup:
    """The shades side by side, their lower ends below them."""
    width = 23.0
    starts = [f"{start:g}".removeprefix("0") for start in SHADES_FROM]
    return group(
        (rect(x + n * width, y, width, 9, f"h{n}") for n in range(len(SHADES_FROM) + 1)),
        rect(x, y, width * (len(SHADES_FROM) + 1), 9, "frame"),
        (words(x + (n + 1) * width, y + 20, start, "small", "middle") for n, start in enumerate(starts)),
        words(x + width * (len(SHADES_FROM) + 1) + 8, y + 8, what, "small"),
    )
