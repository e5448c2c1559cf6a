from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage_audit.report.heat_strip import (
    NOT_COMPARED,
    layer_origins,
    shade_of,
    shades_used,
    strip_lines,
)
from lineage_audit.results import LayerRow


def row(b, a, correlation=1.0):
    return LayerRow(b, a, correlation, None, None, None)


@pytest.mark.parametrize(
    ("correlation", "block"),
    [(1.0, "█"), (0.9, "█"), (0.89, "▓"), (0.5, "▓"), (0.1, "▒"), (0.0, "░"), (-1.0, "░"), (nan, "·")],
)
def test_shade_follows_the_correlation(correlation, block):
    assert shade_of(row(0, 0, correlation)).block == block


def test_layers_without_a_counterpart_have_their_own_sign():
    assert shade_of(row(0, None)) is NOT_COMPARED
    assert shade_of(row(0, 0, None)) is NOT_COMPARED


@given(st.integers(0, 300), st.integers(-5, 200))
def test_lines_hold_every_layer_once(count, width):
    layers = [row(b, b) for b in range(count)]
    lines = strip_lines(layers, width)
    assert [layer for line in lines for layer in line] == layers
    assert all(len(line) <= 80 for line in lines)


def test_long_models_wrap_at_eighty_cells():
    assert [len(line) for line in strip_lines([row(b, b) for b in range(126)], 99)] == [80, 46]


def test_legend_names_what_occurs():
    layers = [row(0, 0, 0.95), row(1, None), row(2, 2, 0.2)]
    assert [shade.meaning for shade in shades_used(layers)] == ["≥ 0.9", "≥ 0.1", "not compared"]


def test_origins_are_told_as_runs():
    upscaled = [row(b, b if b < 24 else b - 16) for b in range(48)]
    assert layer_origins(upscaled) == "0–23 from 0–23, 24–47 from 8–31"
    assert layer_origins([row(0, 0), row(1, 5), row(2, None), row(3, 6)]) == "0 from 0, 1 from 5, 3 from 6"


def test_layers_in_place_or_unrelated_have_no_origins():
    assert layer_origins([row(b, b) for b in range(4)]) == ""
    assert layer_origins([row(b, 3 - b, 0.01) for b in range(4)]) == ""
    assert layer_origins([]) == ""
