"""Singular values of deltas of low rank: a small panel a matrix, the cliff after the rank, the edge of rounding."""

from __future__ import annotations

from collections.abc import Iterator
from math import floor, log10

from lineage_audit.report.escaping import cut
from lineage_audit.report.html.figures.drawing import WIDTH, Figure, circle, file_name, group, line, rect, words
from lineage_audit.report.html.figures.scales import FigureAxis
from lineage_audit.report.html.markup import Markup, with_powers
from lineage_audit.report.numbers import coefficient
from lineage_audit.results import DeltaSpectrum, Operation

_COLUMNS = 3
_GAP, _LEFT = 12.0, 36.0
_WIDTH = (WIDTH - _LEFT - 8 - _GAP * (_COLUMNS - 1)) / _COLUMNS
_PANEL, _ROW = 84.0, 124.0
_MOST_PANELS = 12
_MOST_LABELS = 4


def spectrum_figure(operation: Operation) -> Figure | None:
    """The spectra behind an operation of low rank, or None where it has none."""
    shown = [spectrum for spectrum in operation.spectra[:_MOST_PANELS] if any(value > 0 for value in spectrum.values)]
    if not shown:
        return None
    positive = [value for spectrum in shown for value in (*spectrum.values, spectrum.edge) if value > 0]
    lowest, highest = floor(log10(max(min(positive), 1e-12 * max(positive)))), log10(max(positive)) + 0.2
    scale = FigureAxis(float(lowest), highest, _PANEL, 0.0)
    return Figure(
        name=file_name(f"spectrum-{operation.kind}"),
        title=f"Spectrum of the delta: {operation.kind}",
        description=_description(shown),
        caption="Singular values of B − A, one panel a matrix, over the size of A's matrix (logarithmic). "
        "The filled ones make up the rank; below the dashed line is what rounding alone gives.",
        height=_ROW * -(-len(shown) // _COLUMNS) + 8,
        shapes=group(_panel(position, spectrum, scale) for position, spectrum in enumerate(shown)),
    )


def _panel(position: int, spectrum: DeltaSpectrum, scale: FigureAxis) -> Iterator[Markup]:
    x = _LEFT + (position % _COLUMNS) * (_WIDTH + _GAP)
    y = 18.0 + (position // _COLUMNS) * _ROW
    yield words(x, y - 6, f"{cut(spectrum.role, 12)}, layer {spectrum.layer}", "label")
    yield rect(x, y, _WIDTH, _PANEL, "panel")
    decades = floor(scale.high) - int(scale.low)
    for exponent in range(floor(scale.high), int(scale.low) - 1, -max(1, -(-decades // _MOST_LABELS))):
        at = y + scale.place(float(exponent))
        yield line(x, at, x + _WIDTH, at, "grid")
        if position % _COLUMNS == 0:
            yield words(x - 4, at + 3.5, with_powers(f"10^{exponent}"), "small", "end")
    if spectrum.edge > 0 and log10(spectrum.edge) >= scale.low:
        at = y + scale.place(log10(spectrum.edge))
        yield line(x, at, x + _WIDTH, at, "guide")
    yield from _values(x, y, spectrum, scale)


def _values(x: float, y: float, spectrum: DeltaSpectrum, scale: FigureAxis) -> Iterator[Markup]:
    step = _WIDTH / (len(spectrum.values) + 1)
    for n, value in enumerate(spectrum.values):
        at = y + scale.place(max(scale.low, log10(value) if value > 0 else scale.low))
        yield circle(x + (n + 1) * step, at, 2.2, "dot" if n < spectrum.rank else "null")
    cliff = x + (spectrum.rank + 0.5) * step
    yield line(cliff, y, cliff, y + _PANEL, "threshold")
    yield words(cliff + 4, y + 12, f"rank {spectrum.rank}", "small")


def _description(spectra: list[DeltaSpectrum]) -> str:
    return " ".join(_cliff(spectrum) for spectrum in spectra)


def _cliff(spectrum: DeltaSpectrum) -> str:
    last = spectrum.values[min(spectrum.rank, len(spectrum.values)) - 1] if spectrum.rank else 0.0
    following = spectrum.values[spectrum.rank] if spectrum.rank < len(spectrum.values) else 0.0
    place = f"{cut(spectrum.role, 40)} in layer {spectrum.layer}"
    return f"{place}: value {spectrum.rank} is {coefficient(last)}, the next one {coefficient(following)}."
