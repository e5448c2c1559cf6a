"""The layers of B on a line: one cell a layer, the darker the closer to its layer of A.

The strip is text alone. Colour, where there is any, repeats what the shade already says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from lineage_audit.results import LayerRow

_CELLS_A_LINE = 80


@dataclass(frozen=True, slots=True)
class _Shade:
    """One shade: from which correlation on it is used, and how it is drawn and named."""

    at_least: float
    block: str
    letter: str
    meaning: str


# Two unrelated layers correlate at about one over the square root of their size: far below a tenth.
_SHADES = (
    _Shade(0.9, "█", "#", "≥ 0.9"),
    _Shade(0.5, "▓", "+", "≥ 0.5"),
    _Shade(0.1, "▒", "-", "≥ 0.1"),
    _Shade(float("-inf"), "░", ".", "< 0.1"),
)
RELATED = _SHADES[:-1]
NOT_COMPARED = _Shade(float("nan"), "·", "?", "not compared")


def shade_of(layer: LayerRow) -> _Shade:
    """The shade of one layer of B."""
    if layer.a is None or layer.correlation is None or not isfinite(layer.correlation):
        return NOT_COMPARED
    return next(shade for shade in _SHADES if layer.correlation >= shade.at_least)


def strip_lines(layers: Sequence[LayerRow], width: int) -> tuple[tuple[LayerRow, ...], ...]:
    """The layers cut into lines of equal length that fit ``width``: whole tens, at most 80 cells."""
    cells = min(_CELLS_A_LINE, max(width // 10 * 10, 10))
    return tuple(tuple(layers[start : start + cells]) for start in range(0, len(layers), cells))


def shades_used(layers: Sequence[LayerRow]) -> tuple[_Shade, ...]:
    """The shades that occur, for the legend, darkest first."""
    used = {shade_of(layer) for layer in layers}
    return tuple(shade for shade in (*_SHADES, NOT_COMPARED) if shade in used)


def layer_origins(layers: Sequence[LayerRow]) -> str:
    """Where the layers of B stand in A, as runs: ``0–23 from 0–23, 24–47 from 8–31``; empty if in place.

    A layer that correlates with none of A comes from nowhere, whichever it was compared with.
    """
    related = [layer for layer in layers if shade_of(layer) in RELATED]
    if all(layer.a == layer.b for layer in related):
        return ""
    return ", ".join(map(_run_words, _runs(related)))


def _runs(layers: Sequence[LayerRow]) -> list[list[LayerRow]]:
    runs: list[list[LayerRow]] = []
    for layer in layers:
        if runs and _follows(runs[-1][-1], layer):
            runs[-1].append(layer)
        else:
            runs.append([layer])
    return runs


def _follows(before: LayerRow, layer: LayerRow) -> bool:
    """Whether a layer continues a run: the next one on both sides."""
    return (layer.b, layer.a) == (before.b + 1, None if before.a is None else before.a + 1)


def _run_words(run: Sequence[LayerRow]) -> str:
    first, last = run[0], run[-1]
    if first is last:
        return f"{first.b} from {first.a}"
    return f"{first.b}–{last.b} from {first.a}–{last.a}"
