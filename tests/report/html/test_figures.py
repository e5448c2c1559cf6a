import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage_audit.report import figure_files
from lineage_audit.report.html.figures import compare_figures
from lineage_audit.report.html.figures.drawing import file_name
from lineage_audit.report.html.figures.null import null_figure
from lineage_audit.report.html.figures.scales import SHADES_FROM, FigureAxis, numbered_ticks, shade
from lineage_audit.results import NullSpread
from tests.report.checks import FAILED
from tests.report.hostile import NASTY, with_every_string
from tests.report.html.samples import APART, GROWN, MERGED, RICH, TREE, TUNED

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("name", RICH)
def test_every_figure_is_a_file_that_stands_alone(name):
    for file, text in figure_files(RICH[name]).items():
        root = ElementTree.fromstring(text)
        assert re.fullmatch(r"[a-z0-9-]+\.svg", file)
        assert root.tag == f"{SVG}svg"
        assert root.find(f"{SVG}title").text
        assert root.find(f"{SVG}desc").text
        assert "url(" not in text
        assert "href" not in text
        assert len(text) < 300_000


def test_a_comparison_draws_what_it_has():
    assert set(figure_files(TUNED)) == {
        "null-ffn-signs.svg", "null-vo-signs.svg", "null-ffn-fixed-points.svg", "layers.svg", "roles.svg", "recipe.svg",
        "spectrum-lora-merged.svg", "differences.svg", "deviations.svg", "controls.svg",
    }  # fmt: skip
    assert set(figure_files(APART)) >= {"layers.svg", "roles.svg"}
    assert set(figure_files(FAILED)) == {"references.svg"}
    assert set(figure_files(MERGED)) == {"merge.svg"}
    assert set(figure_files(TREE)) == {"tree.svg"}
    assert not figure_files(RICH["unclear"])


def test_figures(golden):
    for file, text in (figure_files(TUNED) | figure_files(MERGED) | figure_files(TREE)).items():
        golden(file, text)


@pytest.mark.parametrize("text", NASTY)
def test_no_string_changes_a_figure_s_elements_or_leaves_its_folder(text):
    shapes = [[node.tag for node in ElementTree.fromstring(file).iter()] for file in _hostile("word").values()]
    hostile = _hostile(text)
    assert [[node.tag for node in ElementTree.fromstring(file).iter()] for file in hostile.values()] == shapes
    assert all(re.fullmatch(r"[a-z0-9-]+\.svg", name) for name in hostile)


def _hostile(text):
    return figure_files(with_every_string(TUNED, text))


@given(st.text())
def test_names_of_files_are_plain(text):
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", file_name(text))


def test_the_map_of_a_grown_model_shows_its_jump():
    figure = next(figure for figure in compare_figures(GROWN) if figure.name == "layers")
    assert "0–23 from 0–23, 24–47 from 8–31" in figure.description
    rows = re.findall(r'<rect x="([\d.]+)" y="([\d.]+)" [^>]*class="h8"', figure.shapes.text)
    places = sorted((float(y), float(x)) for x, y in rows)[:-1]  # the last one is in the key
    assert len(places) == 48
    jumps = [n for n in range(1, 48) if places[n][1] < places[n - 1][1]]
    assert jumps == [24]


def test_the_observed_statistic_stands_where_it_belongs():
    test = replace(TUNED.evidence[0], statistic=2.0, spread=NullSpread("sign-sum", 1.0))
    near, far = (null_figure(replace(test, statistic=value), -6.0).shapes.text for value in (2.0, 4000.0))
    for shapes in (near, far):
        observed = float(re.search(r'x1="([\d.]+)"[^>]*class="observed"', shapes).group(1))
        threshold = float(re.search(r'x1="([\d.]+)"[^>]*class="threshold"', shapes).group(1))
        assert (observed > threshold) == (shapes is far)
    assert "logarithmic" in far
    assert "logarithmic" not in near
    assert null_figure(replace(test, spread=None), -6.0) is None
    assert "threshold" not in null_figure(test, None).shapes.text


@given(st.floats(-50, 0), st.floats(1, 1e9), st.booleans())
def test_axes_rise_and_mark_what_they_hold(low, high, bent):
    axis = FigureAxis(low, high, 10.0, 350.0, bent)
    places = [axis.place(low + (high - low) * step / 20) for step in range(21)]
    assert places == sorted(places)
    ticks = axis.ticks(8)
    assert 1 <= len(ticks) <= 10
    assert all(9.99 <= axis.place(tick) <= 350.01 for tick in ticks)


def test_shades():
    assert [shade(value) for value in (None, float("nan"), -0.5, 0.0, 1.0)] == [None, None, 0, 0, len(SHADES_FROM)]
    assert [shade(start) for start in SHADES_FROM] == list(range(1, 9))


def test_ticks_of_many_layers_are_round():
    numbers = list(range(80))
    assert [numbers[at] for at in numbered_ticks(numbers, 12)] == [0, 10, 20, 30, 40, 50, 60, 70]
    assert numbered_ticks([3, 9, 17], 12) == [0, 1, 2]


def test_what_people_draw_stands_beside_what_unrelated_weights_give():
    figures = {figure.name: figure for figure in compare_figures(TUNED)}
    assert "100% of the differences" in figures["differences"].description
    assert "nothing in common 50% do" in figures["differences"].description
    assert figures["controls"].description.startswith("norm-cosine 0.999: tells nothing")
    assert figures["controls"].shapes.text.count('class="rest"') == 3
    assert figures["deviations"].shapes.text.count("<circle") == 3
