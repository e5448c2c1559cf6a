"""Each number with its controls, and the sentence whether it tells anything."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files

from lineage_audit.comparison.controls.numbers import NUMBERS, Number
from lineage_audit.comparison.controls.quoted import Quoted
from lineage_audit.results import Control, ControlledNumber, DeviationCurve, QuotedFigures


def controls_of(quoted: Quoted) -> tuple[ControlledNumber, ...]:
    """Every number of two models, with what unrelated ones give."""
    return tuple(_beside(number, quoted) for number in NUMBERS)


def with_further(numbers: Sequence[ControlledNumber], further: Mapping[str, Control]) -> tuple[ControlledNumber, ...]:
    """The same numbers, those that have one beside a further control.

    Args:
        numbers: each number with its controls.
        further: the further control of a number, by its id.
    """
    return tuple(_with(one, further[one.number_id]) if one.number_id in further else one for one in numbers)


def _with(one: ControlledNumber, control: Control) -> ControlledNumber:
    number = next(number for number in NUMBERS if number.number_id == one.number_id)
    controls = (*one.controls, control)
    return replace(one, controls=controls, says=_says(number, one.value, controls))


def figures_of(quoted: Quoted) -> QuotedFigures | None:
    """What a picture of them needs: the histogram of differences, and the curves; None where there is neither."""
    curves = tuple(
        DeviationCurve(str(role), curve.layers, tuple(map(float, curve.a)), tuple(map(float, curve.b)))
        for role, curve in quoted.curves.items()
    )
    return QuotedFigures(quoted.differences, curves) if curves or quoted.differences else None


@cache
def shipped_controls() -> Mapping[str, tuple[Control, ...]]:
    """Controls that came with the package, by the number's id."""
    text = (files("lineage_audit.comparison.controls") / "controls.json").read_text(encoding="utf-8")
    return {number: tuple(Control(**control) for control in found) for number, found in json.loads(text).items()}


def _beside(number: Number, quoted: Quoted) -> ControlledNumber:
    value, here = number.value(quoted), number.here(quoted)
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
        return f"tells nothing: {nearest.name} give {end:.4g}"
    side = "below" if number.nearer_is_less else "above"
    count = sum(control.count for control in controls)
    return f"{side} all of {count:,} controls (nearest {end:.4g}: {nearest.name}); no p-value follows from that"
