"""HTML and SVG from typed calls: every plain string is escaped, and only `Markup` passes as it is.

A name that a repository chose can hold anything. Here it reaches a page through `element` alone, which shows hidden
characters as escapes and turns ``<``, ``>``, ``&`` and quotes into entities, in text and in attributes alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from lineage_audit.report.escaping import cut, cut_middle, printable
from lineage_audit.report.numbers import MISSING

_Attribute = str | int | float | bool | None
_VOID = frozenset({"meta", "br", "hr"})
_EMPTY_SHAPES = frozenset({"path", "rect", "line", "circle"})
_LONGEST_NAME = 200
_LONGEST_SENTENCE = 1200
_POWER = re.compile(r"\b10\^(-?\d+)")
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class Markup:
    """Markup that is escaped already."""

    text: str

    def __bool__(self) -> bool:
        return bool(self.text)


Child = Markup | str | Iterable["Child"] | None

NOTHING = Markup("")


def element(name: str, *children: Child, **attributes: _Attribute) -> Markup:
    """An element with its attributes and children.

    Args:
        name: the element's name.
        children: markup as it is, strings escaped, None left out, and any of them in iterables.
        attributes: a trailing underscore is dropped and others become hyphens (``class_``, ``aria_label``); None and
            False leave an attribute out, True writes its bare name.
    """
    opening = f"<{name}{''.join(_attributes(attributes))}"
    if name in _VOID:
        return Markup(f"{opening}>")
    if name in _EMPTY_SHAPES and not children:
        return Markup(f"{opening}/>")
    return Markup(f"{opening}>{joined(*children).text}</{name}>")


def joined(*children: Child) -> Markup:
    """Children one after another."""
    return Markup("".join(_texts(children)))


def lines(*children: Child) -> Markup:
    """Children, each on a line of its own; empty ones are left out."""
    return Markup("\n".join(text for child in children if (text := joined(child).text)))


def escaped(text: str) -> str:
    """Text as it may stand between tags or in a quoted attribute, on one line, nothing in it hidden."""
    return escape(printable(text))


def number(value: float) -> str:
    """A coordinate with at most two decimals."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _texts(children: Iterable[Child]) -> Iterable[str]:
    for child in children:
        if isinstance(child, Markup):
            yield child.text
        elif isinstance(child, str):
            yield escaped(child)
        elif child is not None:
            yield from _texts(child)


def _attributes(attributes: dict[str, _Attribute]) -> Iterable[str]:
    for key, value in attributes.items():
        name = key.rstrip("_").replace("_", "-")
        if value is None or value is False:
            continue
        if value is True:
            yield f" {name}"
            continue
        shown = number(value) if isinstance(value, float) else str(value)
        yield f' {name}="{escaped(shown)}"'


def name(text: str | None) -> Markup:
    """A name, path or value as it stands in a file."""
    shown = cut_middle(text, _LONGEST_NAME) if text and text.strip() else MISSING
    return element("code", shown)


def sentence(text: str | None) -> Markup:
    """Words, kept apart from the direction of their neighbours."""
    shown = cut(text, _LONGEST_SENTENCE) if text and text.strip() else MISSING
    return element("bdi", with_powers(shown))


def opening(text: str) -> str:
    """Words with a capital at their start."""
    return text[:1].upper() + text[1:]


def with_powers(text: str) -> str:
    """Words in which ``10^-447`` reads 10⁻⁴⁴⁷."""
    return _POWER.sub(lambda power: "10" + power.group(1).translate(_RAISED), text)
