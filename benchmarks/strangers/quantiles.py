"""The p-values of strangers against those of chance, as a picture: a line above the diagonal rejects too often."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from benchmarks.strangers.counting import Pool, by_test

_SIDE, _MARGIN, _UNIT = 420, 46, 62
"""Pixels of the picture, of its margin, and of a power of ten."""

_POINTS = 120
"""Points of a line."""

_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555555", "#117733", "#882255")


def quantile_plot(pools: Sequence[Pool]) -> str:
    """An SVG with one line a test: -log10 p of its pairs, falling, over what as many uniform p-values would show."""
    found = {test: np.sort(-values) for test, values in by_test(pools).items()}
    lines = [_line(values, _COLOURS[number % len(_COLOURS)]) for number, values in enumerate(found.values())]
    labels = [
        f'<text x="{_MARGIN + 12}" y="{_MARGIN + 16 * (number + 1)}" fill="{_COLOURS[number % len(_COLOURS)]}">{test} '
        f"({len(values):,})</text>"
        for number, (test, values) in enumerate(found.items())
    ]
    low, high = _SIDE - _MARGIN, _MARGIN
    frame = f'<path d="M{_MARGIN} {high}V{low}H{low}" fill="none" stroke="#888"/>'
    diagonal = f'<path d="M{_MARGIN} {low}L{low} {high}" stroke="#888" stroke-dasharray="4 4"/>'
    words = (
        f'<text x="{_SIDE // 2}" y="{_SIDE - 12}" text-anchor="middle">-log10 p by chance</text>'
        f'<text x="14" y="{_SIDE // 2}" text-anchor="middle" transform="rotate(-90 14 {_SIDE // 2})">-log10 p seen'
        "</text>"
    )
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_SIDE} {_SIDE}" font-family="sans-serif" '
    head += 'font-size="11">'
    return "\n".join(
        [head, '<rect width="100%" height="100%" fill="#fff"/>', frame, diagonal, words, *lines, *labels, "</svg>\n"]
    )


def _line(values: npt.NDArray[np.float64], colour: str) -> str:
    """One test's line, from its largest p-value to its smallest; of the many large ones a few are drawn."""
    count = len(values)
    ranks = np.unique(count - np.geomspace(1, count, min(count, _POINTS)).round().astype(np.int64))
    points = zip(
        _MARGIN - _UNIT * np.log10((count - ranks) / (count + 1)), _SIDE - _MARGIN - _UNIT * values[ranks], strict=True
    )
    path = "L".join(f"{x:.1f} {max(0.0, y):.1f}" for x, y in points)
    return f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
