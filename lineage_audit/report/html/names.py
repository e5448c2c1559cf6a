"""Names and sentences as a page shows them: cut to a length that it can hold, powers of ten raised."""

from __future__ import annotations

import re

from lineage_audit.report.escaping import cut, cut_middle
from lineage_audit.report.html.markup import Markup, element
from lineage_audit.report.numbers import MISSING

_LONGEST_NAME = 200
_LONGEST_SENTENCE = 1200

_POWER = re.compile(r"\b10\^(-?\d+)")
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


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
