"""Shapes of a figure, and the figure itself: inline in a page, or an SVG file of its own.

A figure is 360 units wide, so that its words keep their size on a phone. Colours are classes: the page says what they
are in light and in dark; a file bears them as attributes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lineage_audit.report.escaping import cut
from lineage_audit.report.html.figures.colours import FONT, with_colours
from lineage_audit.report.html.markup import Child, Markup, element, joined

WIDTH = 360.0

_NOT_IN_A_NAME = re.compile(r"[^a-z0-9]+")
_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure.

    Attributes:
        name: what its file and its ids are called, in lower-case letters, digits and hyphens.
        title: what it shows, a few words.
        description: what is to be seen in it, for whoever does not see it.
        caption: how to read it, one or two sentences.
        height: its height at a width of `WIDTH`.
        shapes: what is drawn.
    """

    name: str
    title: str
    description: str
    caption: str
    height: float
    shapes: Markup


def file_name(text: str) -> str:
    """A text as the name of a figure: nothing in it can leave a folder or start an option."""
    return _NOT_IN_A_NAME.sub("-", cut(text, _LONGEST_NAME).lower()).strip("-") or "figure"


def inline(figure: Figure) -> Markup:
    """A figure in a page: title, drawing and caption."""
    drawing = element(
        "svg",
        element("desc", figure.description, id=f"{figure.name}-description"),
        figure.shapes,
        viewBox=f"0 0 {WIDTH:g} {figure.height:g}",
        role="img",
        aria_labelledby=f"{figure.name}-title",
        aria_describedby=f"{figure.name}-description",
    )
    title = element("p", figure.title, class_="figure-title", id=f"{figure.name}-title")
    return element("figure", title, drawing, element("figcaption", figure.caption), id=f"figure-{figure.name}")


def standalone(figure: Figure, answer: str) -> str:
    """A figure as an SVG file in the light colours of an answer, its title drawn above it.

    Every colour and size is an attribute, so that it looks the same in a paper, a browser and a converter.
    """
    top = 30.0
    height = figure.height + top + 6
    drawing = element(
        "svg",
        element("title", figure.title, id="title"),
        element("desc", figure.description, id="description"),
        rect(0, 0, WIDTH, height, "paper"),
        words(12, 20, figure.title, "title"),
        element("g", figure.shapes, transform=f"translate(12 {top:g}) scale({(WIDTH - 24) / WIDTH:.4f})"),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH:g} {height:g}",
        width=2 * WIDTH,
        height=2 * height,
        font_family=FONT,
        role="img",
        aria_labelledby="title",
        aria_describedby="description",
    )
    return f"{with_colours(drawing.text, answer)}\n"


def words(x: float, y: float, text: str, class_: str = "label", anchor: str | None = None) -> Markup:
    """Words that start (or with ``anchor`` end, or are centred) at a place on their base line."""
    return element("text", text, x=float(x), y=float(y), class_=class_, text_anchor=anchor)


def rect(x: float, y: float, width: float, height: float, class_: str, *children: Child) -> Markup:
    """A rectangle."""
    corner, size = {"x": float(x), "y": float(y)}, {"width": float(width), "height": float(height)}
    return element("rect", *children, **corner, **size, class_=class_)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    """A straight line."""
    return element("line", x1=float(x1), y1=float(y1), x2=float(x2), y2=float(y2), class_=class_)


def circle(x: float, y: float, radius: float, class_: str) -> Markup:
    """A dot."""
    return element("circle", cx=float(x), cy=float(y), r=float(radius), class_=class_)


def path(points: list[tuple[float, float]], class_: str, *, closed: bool = False) -> Markup:
    """A line through points, or the area within them."""
    steps = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return element("path", d=f"M{steps}{'Z' if closed else ''}", class_=class_)


def group(*children: Child) -> Markup:
    """Shapes together."""
    return joined(*children)
