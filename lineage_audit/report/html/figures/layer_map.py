"""Every layer of B against every layer of A: the diagonal, and where the path jumps, repeats or leaves layers out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lineage_audit.report.heat_strip import RELATED, layer_origins, shade_of
from lineage_audit.report.html.figures.drawing import WIDTH, Figure, group, line, rect, words
from lineage_audit.report.html.figures.scales import KEY_HEIGHT, numbered_ticks, shade, shade_key
from lineage_audit.report.html.markup import Markup, element
from lineage_audit.results import LayerPairs, LayerRow, WeightsFinding

_LEFT, _TOP, _RIGHT = 40.0, 34.0, WIDTH - 14.0
_MOST_TICKS = 12
_NAMED_CELLS = 1600
"""Cells up to which each says its value when pointed at."""


def layer_map(weights: WeightsFinding) -> Figure | None:
    """The map, or None where fewer than two layers were held against each other."""
    pairs = weights.layer_pairs
    if pairs is None or len(pairs.b) < 2 or not pairs.a:
        return None
    cell = (_RIGHT - _LEFT) / len(pairs.a)
    row = min(cell, 420.0 / len(pairs.b))
    bottom = _TOP + row * len(pairs.b)
    return Figure(
        name="layers",
        title="Layers of B against layers of A",
        description=_description(weights.layers),
        caption="Each row is a layer of B, each column a layer of A, shaded by the mean cosine of their rows. "
        "A frame marks the layer of A that a layer of B was matched with. A plain copy is one diagonal; "
        "repeated, moved or left-out layers break it.",
        height=bottom + 14 + KEY_HEIGHT,
        shapes=group(
            rect(_LEFT, _TOP, _RIGHT - _LEFT, bottom - _TOP, "panel"),
            _cells(pairs, cell, row),
            rect(_LEFT, _TOP, _RIGHT - _LEFT, bottom - _TOP, "frame"),
            _sources(pairs, weights.layers, cell, row),
            _axes(pairs, cell, row),
            shade_key(_LEFT, bottom + 12, "mean cosine"),
        ),
    )


def _cells(pairs: LayerPairs, cell: float, row: float) -> Iterator[Markup]:
    """The shaded cells; those of the lowest shade are left to the panel."""
    named = len(pairs.a) * len(pairs.b) <= _NAMED_CELLS
    for at_b, cosines in enumerate(pairs.cosines):
        for at_a, cosine in enumerate(cosines):
            level = shade(cosine)
            if not level:
                continue
            label = f"layer {pairs.b[at_b]} of B, layer {pairs.a[at_a]} of A: {cosine:.3f}"
            title = element("title", label) if named else None
            yield rect(_LEFT + at_a * cell, _TOP + at_b * row, cell, row, f"h{level}", title)


def _sources(pairs: LayerPairs, layers: Sequence[LayerRow], cell: float, row: float) -> Iterator[Markup]:
    """A frame around the cell of each layer of B and its layer of A, where the two are related."""
    of_a = {layer: position for position, layer in enumerate(pairs.a)}
    of_b = {layer: position for position, layer in enumerate(pairs.b)}
    for layer in layers:
        if layer.a in of_a and layer.b in of_b and shade_of(layer) in RELATED:
            x, y = _LEFT + of_a[layer.a] * cell, _TOP + of_b[layer.b] * row
            inset = min(1.5, cell / 8)
            yield rect(x + inset, y + inset, cell - 2 * inset, row - 2 * inset, "source")


def _axes(pairs: LayerPairs, cell: float, row: float) -> Iterator[Markup]:
    yield words((_LEFT + _RIGHT) / 2, 12, "layer of A", "small", "middle")
    for position in numbered_ticks(pairs.a, _MOST_TICKS):
        yield words(_LEFT + (position + 0.5) * cell, _TOP - 6, str(pairs.a[position]), "small", "middle")
    for position in numbered_ticks(pairs.b, _MOST_TICKS):
        yield words(_LEFT - 6, _TOP + (position + 0.5) * row + 3.5, str(pairs.b[position]), "small", "end")
    middle = _TOP + row * len(pairs.b) / 2
    upward = f"rotate(-90 12 {middle:.1f})"
    yield element("g", words(12, middle + 3.5, "layer of B", "small", "middle"), transform=upward)
    for position in range(1, len(pairs.b)):
        if pairs.b[position] != pairs.b[position - 1] + 1:  # layers between them were not read
            yield line(_LEFT, _TOP + position * row, _RIGHT, _TOP + position * row, "grid")


def _description(layers: Sequence[LayerRow]) -> str:
    related = [layer for layer in layers if shade_of(layer) in RELATED]
    if not related:
        return f"None of the {len(layers)} layers of B correlates with a layer of A."
    moved = layer_origins(layers)
    share = f"{len(related)} of {len(layers)} layers of B correlate with a layer of A"
    return f"{share}: {moved}." if moved else f"{share}, each with the one of its own number: a single diagonal."
