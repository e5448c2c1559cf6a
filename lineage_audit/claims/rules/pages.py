"""The pages of the rules: shipped with the package, in a checkout where they are written."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

_SHIPPED = files("lineage_audit.claims.rules") / "pages"
_WRITTEN = Path(__file__).parents[3] / "docs" / "rules"


def page_of(rule_id: str) -> str:
    """The page of a rule, in Markdown."""
    folder = _SHIPPED if _SHIPPED.is_dir() else _WRITTEN
    return (folder / f"{rule_id}.md").read_text(encoding="utf-8")
