"""The page of thresholds is made from the fields that decide; a report states each of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from lineage_audit.comparison.verdict import described, stated

PAGE = Path(__file__).parents[2] / "docs" / "thresholds.md"

_HEAD = """# Thresholds

What the verdict decides by, and what each number was set on. This page is made from
`lineage_audit/comparison/verdict/thresholds.py`, which holds them all; a JSON report states them under `parameters`.
[Methods](methods.md) says how they were set, and on which models they were confirmed.
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
    text = "\n".join(lines)
    return text.replace("|\n## ", "|\n\n## ") + "\n"


def test_the_page_says_what_decides(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-goldens"):
        PAGE.write_text(_page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == _page()


def test_names_are_told_apart() -> None:
    assert len(stated()) == len(list(described()))
    assert stated()["related_log10_p"] == -6.0
