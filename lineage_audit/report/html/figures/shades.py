"""The key of a heat map: every shade with the value from which on it is used."""

from __future__ import annotations

from lineage_audit.report.html.figures.drawing import group, rect, words
from lineage_audit.report.html.figures.scales import SHADES_FROM
from lineage_audit.report.html.markup import Markup

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
