from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage_audit.report.escaping import printable
from lineage_audit.report.html.markup import Markup, element, joined, number, with_powers
from lineage_audit.report.html.palette import ACCENTS, LEVELS, contrast, ramp, readable_on
from tests.report.html.reading import Page


@given(st.text())
def test_text_stays_text_in_content_and_in_attributes(text):
    made = element("p", text, element("b", "x"), title=text).text
    page = Page(made)
    assert [tag for tag, _ in page.elements] == ["p", "b"]
    assert page.elements[0][1]["title"] == printable(text)
    assert unescape(made.split(">", 1)[1].split("<")[0]) == printable(text)


def test_children_may_be_nested_or_missing():
    assert element("p", None, ["a", ("b", None)], Markup("<i>c</i>")).text == "<p>ab<i>c</i></p>"
    assert not joined(None, "")


def test_attributes():
    made = element("th", scope="col", class_=None, aria_label="x", hidden=True, disabled=False, x=1.50)
    assert made.text == '<th scope="col" aria-label="x" hidden x="1.5"></th>'


@pytest.mark.parametrize(("value", "shown"), [(1.0, "1"), (0.0, "0"), (-0.001, "0"), (12.345, "12.35"), (100.0, "100")])
def test_coordinates_are_short(value, shown):
    assert number(value) == shown


def test_powers_are_raised():
    assert with_powers("p ≤ 10^-447 and 10^6, not 2^10") == "p ≤ 10⁻⁴⁴⁷ and 10⁶, not 2^10"


@pytest.mark.parametrize("name", ACCENTS)
def test_colours_can_be_read(name):
    accent = ACCENTS[name]
    for colour, paper, panel in ((accent.light, "#ffffff", "#f6f6f4"), (accent.dark, "#14161a", "#1c1f25")):
        assert min(contrast(colour, paper), contrast(colour, panel)) >= 4.5
        shades = ramp(panel, colour)
        assert (len(shades), shades[0], shades[-1]) == (LEVELS, panel, colour)
        assert all(contrast(shade, readable_on(shade)) >= 4.5 for shade in shades)
        steps = [contrast(shade, panel) for shade in shades]
        assert steps == sorted(steps)
    for quiet, paper in (("#5d636e", "#f6f6f4"), ("#a3a9b5", "#1c1f25")):
        assert contrast(quiet, paper) >= 4.5
