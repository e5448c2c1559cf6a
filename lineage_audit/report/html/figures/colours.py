"""The looks of shapes as attributes of their own, for readers that know no style sheet: papers, printers, converters.

What a class looks like is said once, in ``figures.css``; here its declarations become presentation attributes, with the
light colours in place of the variables. A style sheet, where there is one, still has its say over them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from lineage_audit.report.html.palette import light_colours

_RULE = re.compile(r"svg (text|\.[\w-]+|\[class\^=\"on\"\]) \{ ([^}]*) \}")
_DECLARATION = re.compile(r"([\w-]+): ([^;]+);")
_VARIABLE = re.compile(r"var\(--(\w+)\)")
_CLASSED = re.compile(r'<(text|rect|line|circle|path|g)\b([^>]*?) class="([\w -]+)"')
_DRAWING = re.compile(r"<svg\b.*?</svg>", re.DOTALL)
_NOT_AN_ATTRIBUTE = frozenset({"font-variant-numeric"})
FONT = "'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', 'DejaVu Sans', sans-serif"


def stylesheet() -> str:
    """What the classes of shapes look like."""
    return (files("lineage_audit.report.html") / "figures.css").read_text(encoding="utf-8")


def with_colours(markup: str, answer: str) -> str:
    """Markup whose drawings bear the colours of an answer as attributes, beside their classes.

    The markup is this room's own, in which every string of a model is escaped: a class stands only where it was put.
    """
    looks = _looks(answer)
    return _DRAWING.sub(lambda drawing: _CLASSED.sub(lambda shape: _coloured(shape, looks), drawing.group()), markup)


def _coloured(shape: re.Match[str], looks: Mapping[str, Mapping[str, str]]) -> str:
    name, before, classes = shape.groups()
    attributes = dict(looks.get(name, {}))
    for class_ in classes.split():
        attributes |= looks.get(class_, {})
    shown = "".join(f' {key}="{value}"' for key, value in attributes.items() if f" {key}=" not in before)
    return f'<{name}{before} class="{classes}"{shown}'


@cache
def _looks(answer: str) -> Mapping[str, Mapping[str, str]]:
    """Class or element -> its presentation attributes."""
    colours = light_colours(answer)
    looks: dict[str, dict[str, str]] = {}
    for selector, body in _RULE.findall(stylesheet()):
        declared = {
            key: _VARIABLE.sub(lambda name: colours[name.group(1)], value)
            for key, value in _DECLARATION.findall(body)
            if key not in _NOT_AN_ATTRIBUTE
        }
        for name in [f"on{level}" for level in range(9)] if selector.startswith("[") else [selector.removeprefix(".")]:
            looks[name] = {**looks.get(name, {}), **declared}
    return looks
