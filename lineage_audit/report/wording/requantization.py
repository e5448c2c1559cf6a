"""A quantisation made again, in the cells of a table."""

from __future__ import annotations

from collections.abc import Mapping

from lineage_audit.report.numbers import share
from lineage_audit.results import Requantization, RequantizedOutcome, RequantizedTensor

REQUANTIZED_HEADS = ("Matrix", "Codes equal", "Constants equal", "Nearest", "Steps away", "By chance", "Outcome")

OUTCOME_WORDS: Mapping[RequantizedOutcome, str] = {
    "remade": "made again",
    "nearest": "nearest on its own scales",
    "apart": "apart",
}

_MOST = 200


def most_apart(found: Requantization) -> tuple[RequantizedTensor, ...]:
    """The matrices to show: those that are furthest from being made again first, not more than fit on a page."""
    order = {"apart": 0, "nearest": 1, "remade": 2}
    ranked = sorted(found.tensors, key=lambda one: (order[one.outcome], one.nearest))
    return tuple(ranked[:_MOST])


def requantized_cells(tensor: RequantizedTensor) -> tuple[str, ...]:
    """What stands beside a matrix's name."""
    return (
        _of(tensor.equal, tensor.codes, tensor.rule),
        _of(tensor.equal_constants, tensor.constants, tensor.rule),
        share(tensor.nearest),
        f"{tensor.steps:.3f}",
        share(tensor.chance),
        OUTCOME_WORDS[tensor.outcome],
    )


def _of(equal: int, count: int, rule: str | None) -> str:
    return f"{equal:,} of {count:,}" if rule is not None else "no rule"
