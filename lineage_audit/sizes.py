"""Sizes, counts and runs of numbers as people write them: ``64MiB``, ``1.5G``, ``32 layers``, ``0–3, 7``."""

from __future__ import annotations

import re
from collections.abc import Sequence

LEAST_BUDGET = 2**20
"""Fewest bytes of a model from which anything can be said."""
_UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30}
_PLURALS = {"matrix": "matrices"}
_SIZE = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)\s*([kmg]?)i?b?", re.IGNORECASE)


def read_size(text: str) -> int | None:
    """The number of bytes that a text writes, or None where it writes none.

    >>> read_size("1.5 MiB")
    1572864
    """
    found = _SIZE.fullmatch(text.strip())
    return int(float(found[1]) * _UNITS[found[2].lower()]) if found is not None else None


def plural(count: int, noun: str) -> str:
    """A count with its noun: ``1 layer``, ``32 layers``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {_PLURALS.get(noun, noun + 's')}"


def ranges(numbers: Sequence[int]) -> str:
    """Consecutive numbers joined; ``numbers`` in rising order."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs)
