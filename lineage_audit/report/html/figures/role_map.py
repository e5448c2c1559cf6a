"""What each role keeps in each layer: correlations as a heat map, with their numbers where there is room."""

from __future__ import annotations

from collections.abc import Iterator

from lineage_audit.report.escaping import cut
from lineage_audit.report.html.figures.drawing import WIDTH, Figure, group, rect, words
from lineage_audit.report.html.figures.scales import KEY_HEIGHT, numbered_ticks, shade, shade_key
from lineage_audit.report.html.markup import Markup, element
from lineage_audit.report.numbers import coefficient
from lineage_audit.results import RoleLayer, WeightsFinding

_LEFT, _TOP, _RIGHT = 62.0, 34.0, WIDTH - 8.0
_ROW = 24.0
_MOST_TICKS = 14
_ROOM_FOR_A_NUMBER = 26.0
_NAMED_CELLS = 1200


def role_map(weights: WeightsFinding) -> Figure | None:
    """The map of roles and layers, or None where no matrix was measured in a layer."""
    cells = weights.cells
    if not cells:
        return None
    roles = list(dict.fromkeys(cell.role for cell in cells))
    layers = sorted({cell.layer for cell in cells})
    width, bottom = (_RIGHT - _LEFT) / len(layers), _TOP + _ROW * len(roles)
    return Figure(
        name="roles",
        title="Correlation by role and layer",
        description=_description(cells),
        caption="How strongly each matrix of B correlates with its counterpart in A; squared, it is the share of "
        "variance that A explains.",
        height=bottom + 14 + KEY_HEIGHT,
        shapes=group(
            rect(_LEFT, _TOP, _RIGHT - _LEFT, bottom - _TOP, "panel"),
            _cells(cells, roles, layers, width),
            rect(_LEFT, _TOP, _RIGHT - _LEFT, bottom - _TOP, "frame"),
            _axes(roles, layers, width),
            shade_key(_LEFT, bottom + 12, "correlation"),
        ),
    )


def _cells(cells: tuple[RoleLayer, ...], roles: list[str], layers: list[int], width: float) -> Iterator[Markup]:
    of_role = {role: position for position, role in enumerate(roles)}
    of_layer = {layer: position for position, layer in enumerate(layers)}
    for cell in cells:
        level = shade(cell.correlation)
        if level is None:
            continue
        x, y = _LEFT + of_layer[cell.layer] * width, _TOP + of_role[cell.role] * _ROW
        label = f"{cut(cell.role, 40)}, layer {cell.layer}: {coefficient(cell.correlation)}"
        named = element("title", label) if len(cells) <= _NAMED_CELLS else None
        yield rect(x + 0.5, y + 0.5, width - 1 if width > 4 else width, _ROW - 1, f"h{level}", named)
        if width >= _ROOM_FOR_A_NUMBER:
            yield words(x + width / 2, y + _ROW / 2 + 3.5, _short(cell.correlation), f"on{level}", "middle")


def _short(correlation: float) -> str:
    """A correlation in a cell, towards zero: ``.98``, ``0``; ``1`` is a whole one."""
    hundredths = int(abs(correlation) * 100 + 1e-9)
    sign = "−" if correlation < 0 < hundredths else ""
    return f"{sign}{hundredths / 100:.2f}".replace("0.", ".") if 0 < hundredths < 100 else f"{sign}{hundredths // 100}"


def _axes(roles: list[str], layers: list[int], width: float) -> Iterator[Markup]:
    yield words((_LEFT + _RIGHT) / 2, 12, "layer of B", "small", "middle")
    for position in numbered_ticks(layers, _MOST_TICKS):
        yield words(_LEFT + (position + 0.5) * width, _TOP - 6, str(layers[position]), "small", "middle")
    for position, role in enumerate(roles):
        yield words(_LEFT - 6, _TOP + (position + 0.5) * _ROW + 3.5, cut(role, 12), "small", "end")


def _description(cells: tuple[RoleLayer, ...]) -> str:
    lowest, highest = (choose(cells, key=lambda cell: cell.correlation) for choose in (min, max))
    return (
        f"Correlations go from {coefficient(lowest.correlation)} ({cut(lowest.role, 40)}, layer {lowest.layer}) to "
        f"{coefficient(highest.correlation)} ({cut(highest.role, 40)}, layer {highest.layer})."
    )
