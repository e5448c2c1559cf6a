"""docs/thresholds.md: every number that decides, read off the fields that hold it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import chain, groupby
from operator import itemgetter

from lineage_audit.behaviour import thresholds as behaviour
from lineage_audit.comparison.verdict.registry import REGISTRY
from lineage_audit.comparison.verdict.thresholds import described
from lineage_audit.results import Scalar

_OPENING = """\
# Thresholds

What is decided by, and what each number was set on. This page is made from the values in
`lineage_audit/comparison/verdict/thresholds/`, a topic each; a JSON report states all of them under `parameters`.
[Methods](methods.md) says how they were set, and on which models they were confirmed. How much is read, how far is
searched and what a file may hold are no thresholds: they stand beside the code that spends them.
"""
_MARGINS = """\
## When a calibrated test carries a verdict alone

By its effect, with no p-value; from the third column on two models are not called independent either, and the last is
how many units, heads or layers must have been measured. Exact tests carry it by their p-value, and what is in no table
(`verdict/registry.py`) carries nothing.

| test | carries | unclear from | measured |
|---|---:|---:|---:|
"""


def page() -> str:
    """The page."""
    return "\n".join([_OPENING, *_topics(), _MARGINS + "\n".join(_margins()) + "\n"])


def _topics() -> Iterator[str]:
    for topic, rows in groupby(chain(described(), behaviour.described()), itemgetter(0)):
        lines = [_row(name, value, meaning) for _, name, value, meaning in rows]
        yield "\n".join([f"## {topic}\n", "| name | value | what it is |", "|---|---:|---|", *lines, ""])


def _row(name: str, value: Scalar, meaning: str) -> str:
    text = meaning.replace("|", "\\|")
    return f"| `{name}` | {_shown(value)} | {text[:1].upper()}{text[1:]}. |"


def _shown(value: Scalar) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _margins() -> Iterator[str]:
    for test_id, rights in REGISTRY.items():
        if margin := rights.margin:
            carries = f"{margin.effect:g}" if math.isfinite(margin.effect) else "never"
            yield f"| `{test_id}` | {carries} | {margin.unclear:g} | {margin.fewest:,} |"
