"""The picture of p-values holds a line a test, on the diagonal where they are those of chance."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np

from benchmarks.strangers.counting import Pool
from benchmarks.strangers.quantiles import quantile_plot

COUNT = 99


def _pools(power: float) -> list[Pool]:
    """A pool whose p-values are those of chance, to a power."""
    return [Pool("plain", 0, COUNT, {"ffn-signs": power * np.log10(np.arange(1, COUNT + 1) / (COUNT + 1))})]


def _points(svg: str) -> list[tuple[float, float]]:
    path = next(one for one in ElementTree.fromstring(svg).iter() if one.get("stroke-width") == "1.5")
    x_y = (place.split() for place in (path.get("d") or "")[1:].split("L"))
    return [(float(x), float(y)) for x, y in x_y]


def test_chance_lies_on_the_diagonal_and_more_above_it() -> None:
    for x, y in _points(quantile_plot(_pools(1.0))):
        assert abs((x - 46) - (420 - 46 - y)) < 0.2
    x, y = _points(quantile_plot(_pools(2.0)))[-1]
    assert (420 - 46 - y) > 1.9 * (x - 46)
    assert "ffn-signs (99)" in quantile_plot(_pools(1.0))
