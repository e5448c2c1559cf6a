"""Numbers that people quote, in words."""

from __future__ import annotations

from collections.abc import Mapping

from lineage_audit.report.numbers import MISSING
from lineage_audit.results import Control, ControlKind, ControlledNumber

NOTE = "None of these decides anything here; the verdict stands on the tests."

_KIND_WORDS: Mapping[ControlKind, str] = {
    "here": "measured in this run",
    "zoo": "measured on trained models",
    "library": "measured in this run",
    "published": "published",
}


def value_words(number: ControlledNumber) -> str:
    """The value of these two models."""
    return MISSING if number.value is None else f"{number.value:.3f}"


def range_words(control: Control) -> str:
    """From the smallest value to the largest."""
    return f"{control.low:.3f}" if control.low == control.high else f"{control.low:.3f} to {control.high:.3f}"


def control_words(control: Control) -> str:
    """One control: its range, what it is, and where it comes from."""
    source = f", {control.source}" if control.source else ""
    return f"{range_words(control)}: {control.name} ({control.count:,}; {_KIND_WORDS[control.kind]}{source})"
