"""The picture of p-values holds a line a test, on the diagonal where they are those of chance."""

from __future__ import annotations

import math
from xml.etree import ElementTree

from benchmarks.strangers.counting import Pair
from benchmarks.strangers.quantiles import quantile_plot

COUNT = 99


def _pairs(power: float) -> list[Pair]:
    """Pairs whose p-values are those of chance, to a power."""
    return [Pair("plain", n, {"ffn-signs": power * math.log10((n + 1) / (COUNT + 1))}) for n in range(COUNT)]


def _points(svg: str) -> list[tuple[float, float]]:
    path = next(one for one in ElementTree.fromstring(svg).iter() if one.get("stroke-width") == "1.5")
    x_y = (place.split() for place in (path.get("d") or "")[1:].split("L"))
    return [(float(x), float(y)) for x, y in x_y]


def test_chance_lies_on_the_diagonal_and_more_above_it() -> None:
    for x, y in _points(quantile_plot(_pairs(1.0))):
        assert abs((x - 46) - (420 - 46 - y)) < 0.2
    x, y = _points(quantile_plot(_pairs(2.0)))[-1]
    assert (420 - 46 - y) > 1.9 * (x - 46)
    assert "ffn-signs (99)" in quantile_plot(_pairs(1.0))
