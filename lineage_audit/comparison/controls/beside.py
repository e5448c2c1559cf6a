"""Each number with its controls, and the sentence whether it tells anything."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

from lineage_audit.comparison.controls.numbers import NUMBERS, Compared, Number
from lineage_audit.results import Control, ControlledNumber


def controls_of(compared: Compared) -> tuple[ControlledNumber, ...]:
    """Every number of two models, with what unrelated ones give."""
    return tuple(_beside(number, compared) for number in NUMBERS)


@cache
def shipped_controls() -> Mapping[str, tuple[Control, ...]]:
    """Controls that came with the package, by the number's id."""
    text = (files("lineage_audit.comparison.controls") / "controls.json").read_text(encoding="utf-8")
    return {number: tuple(Control(**control) for control in found) for number, found in json.loads(text).items()}


def _beside(number: Number, compared: Compared) -> ControlledNumber:
    value, here = number.value(compared), number.here(compared)
    controls = (*((here,) if here else ()), *shipped_controls().get(number.number_id, ()))
    return ControlledNumber(number.number_id, number.question, value, controls, _says(number, value, controls))


def _says(number: Number, value: float | None, controls: Sequence[Control]) -> str:
    if value is None:
        return "cannot be told of these two"
    if not controls:
        return "tells nothing: no unrelated models were measured"
    nearest = (
        min(controls, key=lambda one: one.low) if number.nearer_is_less else max(controls, key=lambda one: one.high)
    )
    end = nearest.low if number.nearer_is_less else nearest.high
    is_within = value >= end if number.nearer_is_less else value <= end
    if is_within:
        return f"tells nothing: {nearest.name} give {end:.3g}"
    side = "below" if number.nearer_is_less else "above"
    count = sum(control.count for control in controls)
    return f"{side} all of {count:,} controls (nearest {end:.3g}: {nearest.name}); no p-value follows from that"
