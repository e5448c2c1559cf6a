"""The cells of tables that every format shows: parts with their verdicts, quoted numbers, a quantisation made again."""

from __future__ import annotations

from collections.abc import Mapping

from lineage_audit.report.numbers import MISSING, detection_limit, p_value, share
from lineage_audit.results import (
    Control,
    ControlKind,
    ControlledNumber,
    PartVerdict,
    Requantization,
    RequantizedOutcome,
    RequantizedTensor,
)

PART_HEADS = ("Part of B", "Relation", "If independent", "Derived", "Copied", "Limit")
"""The heads of the table of parts, a row a part."""

REQUANTIZED_HEADS = ("Matrix", "Codes equal", "Constants equal", "Nearest", "Steps away", "By chance", "Outcome")
"""The heads of the table of a quantisation made again, a row a matrix."""

_REQUANTIZED_WORDS: Mapping[RequantizedOutcome, str] = {
    "remade": "made again",
    "nearest": "nearest on its own scales",
    "apart": "apart",
}
_MOST_MATRICES = 200

CONTROLS_NOTE = "None of these decides anything here; the verdict stands on the tests."
"""What stands below quoted numbers."""

_CONTROL_WORDS: Mapping[ControlKind, str] = {
    "here": "measured in this run",
    "zoo": "measured on trained models",
    "library": "measured in this run",
    "published": "published",
}


def most_apart(found: Requantization) -> tuple[RequantizedTensor, ...]:
    """The matrices to show: those that are furthest from being made again first, not more than fit on a page."""
    order = {"apart": 0, "nearest": 1, "remade": 2}
    ranked = sorted(found.tensors, key=lambda one: (order[one.outcome], one.nearest))
    return tuple(ranked[:_MOST_MATRICES])


def requantized_cells(tensor: RequantizedTensor) -> tuple[str, ...]:
    """What stands beside a matrix's name."""
    return (
        _equal_of(tensor.equal, tensor.codes, tensor.rule),
        _equal_of(tensor.equal_constants, tensor.constants, tensor.rule),
        share(tensor.nearest),
        f"{tensor.steps:.3f}",
        share(tensor.chance),
        _REQUANTIZED_WORDS[tensor.outcome],
    )


def _equal_of(equal: int, count: int, rule: str | None) -> str:
    return f"{equal:,} of {count:,}" if rule is not None else "no rule"


def value_words(number: ControlledNumber) -> str:
    """The value of these two models."""
    return MISSING if number.value is None else f"{number.value:.3f}"


def range_words(control: Control) -> str:
    """From the smallest value to the largest."""
    return f"{control.low:.3f}" if control.low == control.high else f"{control.low:.3f} to {control.high:.3f}"


def control_words(control: Control) -> str:
    """One control: its range, what it is, and where it comes from."""
    source = f", {control.source}" if control.source else ""
    return f"{range_words(control)}: {control.name} ({control.count:,}; {_CONTROL_WORDS[control.kind]}{source})"


def _part_words(part: PartVerdict) -> str:
    """The names of a part in words: ``vision tower``, ``decoder and embeddings``."""
    return " and ".join(name.replace("_", " ") for name in part.parts)


def part_cells(part: PartVerdict) -> tuple[str, ...]:
    """What stands in its row, in the order of the heads."""
    return (
        _part_words(part),
        part.relation,
        p_value(part.log10_p),
        share(part.derived_share),
        share(part.copied_share),
        detection_limit(part.detection_limit),
    )


def part_sentence(part: PartVerdict) -> str:
    """A part with its relation, in a line: ``vision tower: derived (p ≤ 10^-210)``."""
    return f"{_part_words(part)}: {part.relation} ({p_value(part.log10_p)})"
