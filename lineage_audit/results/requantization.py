"""Whether one model's codes are the other's numbers, quantised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

RequantizedOutcome = Literal["remade", "nearest", "apart"]


@dataclass(frozen=True, slots=True)
class RequantizedTensor:
    """One stored matrix on a grid, held against the other model's numbers, quantised.

    Attributes:
        name: the stored name.
        layer: its layer, or None outside the layers.
        scheme: how it is stored.
        rule: the rule that reproduced most of it, or None where no rule makes such a grid without further data.
        codes: codes that were compared.
        equal: codes that are those of the rule.
        ties: further codes and constants that are as near: what was rounded lies in the middle between two of them.
        constants: scales, zero points and offsets that were compared.
        equal_constants: those of them that are the rule's.
        nearest: share of the codes that are the nearest rounding of the numbers on the scales that are stored.
        steps: mean distance of the codes from the numbers, in steps of the grid; rounding to nearest leaves about .25.
        chance: what ``nearest`` is for the same numbers in another order of rows.
        outcome: ``remade`` by the rule, codes and constants; ``nearest`` on its own scales; or ``apart``.
    """

    name: str
    layer: int | None
    scheme: str
    rule: str | None
    codes: int
    equal: int
    ties: int
    constants: int
    equal_constants: int
    nearest: float
    steps: float
    chance: float
    outcome: RequantizedOutcome


@dataclass(frozen=True, slots=True)
class Requantization:
    """The numbers of one model, quantised as the other is stored, against that other.

    Attributes:
        summary: one sentence.
        of: the model whose numbers were quantised.
        stored: the model whose codes they were held against.
        is_whole: every row was looked at, not some.
        tensors: each stored matrix that was asked.
        unasked: matrices on grids that were not asked, each with its reason.
        bytes_read: bytes that were read for it of both models together, beside those of the comparison.
    """

    summary: str
    of: Literal["a", "b"]
    stored: Literal["a", "b"]
    is_whole: bool
    tensors: tuple[RequantizedTensor, ...]
    unasked: tuple[str, ...] = ()
    bytes_read: int = 0
