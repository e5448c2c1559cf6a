"""The page of thresholds is made from the fields that decide; a report states each of them."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from lineage_audit.comparison.verdict import REGISTRY, described, stated

PAGE = Path(__file__).parents[2] / "docs" / "thresholds.md"

_HEAD = """# Thresholds

What the verdict decides by, and what each number was set on. This page is made from
`lineage_audit/comparison/verdict/thresholds.py`, which holds them all; a JSON report states them under `parameters`.
[Methods](methods.md) says how they were set, and on which models they were confirmed.
"""
_MARGINS = """## When a calibrated test carries a verdict alone

By its effect, with no p-value; from the third column on two models are not called independent either, and the last is
how many units, heads or layers must have been measured. Exact tests carry it by their p-value, and what is in no table
(`verdict/registry.py`) carries nothing.
"""


def _page() -> str:
    """The page as the fields say it."""
    lines, last = [_HEAD], ""
    for topic, name, value, meaning in described():
        if topic != last:
            lines += [f"## {topic}\n", "| name | value | what it is |", "|---|---:|---|"]
        cells = (f"`{name}`", f"{value:g}", meaning[:1].upper() + meaning[1:] + ".")
        lines.append(f"| {' | '.join(cells)} |")
        last = topic
    lines += [_MARGINS, "| test | carries | unclear from | measured |", "|---|---:|---:|---:|"]
    for test_id, rights in REGISTRY.items():
        if margin := rights.margin:
            carries = f"{margin.effect:g}" if math.isfinite(margin.effect) else "never"
            lines.append(f"| `{test_id}` | {carries} | {margin.unclear:g} | {margin.fewest:,} |")
    text = "\n".join(lines)
    return text.replace("|\n## ", "|\n\n## ") + "\n"


def test_the_page_says_what_decides(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-goldens"):
        PAGE.write_text(_page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == _page()


def test_names_are_told_apart() -> None:
    assert len(stated()) == len(list(described()))
    assert stated()["related_log10_p"] == -6.0
