"""The rules: one file a concern, one table entry a rule, ids that never change their meaning."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from lineage_audit.claims.rules import (
    bases,
    cards,
    certificates,
    contradictions,
    licence_claims,
    licence_fit,
    obligations,
    open_questions,
    relations,
    templates,
    unchecked,
)
from lineage_audit.claims.rules.base import Draft, Rule

__all__ = ["RULES", "Draft", "Rule", "page_of", "rule_ids"]

RULES: tuple[Rule, ...] = tuple(
    sorted(
        (
            *bases.RULES,
            *open_questions.RULES,
            *cards.RULES,
            *certificates.RULES,
            *relations.RULES,
            *licence_fit.RULES,
            *obligations.RULES,
            *contradictions.RULES,
            *licence_claims.RULES,
            *templates.RULES,
            *unchecked.RULES,
        ),
        key=lambda rule: rule.rule_id,
    )
)
"""Every rule, by id."""


def rule_ids() -> dict[str, str]:
    """Rule id and rule name -> rule id, for whoever writes a policy."""
    return {name: rule.rule_id for rule in RULES for name in (rule.rule_id, rule.name)}


_SHIPPED = files("lineage_audit.claims.rules") / "pages"
_WRITTEN = Path(__file__).parents[3] / "docs" / "rules"


def page_of(rule_id: str) -> str:
    """The page of a rule, in Markdown."""
    folder = _SHIPPED if _SHIPPED.is_dir() else _WRITTEN
    return (folder / f"{rule_id}.md").read_text(encoding="utf-8")
