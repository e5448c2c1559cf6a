"""Every rule has an id of its own, words for people, and a page that says how to fix and how to allow."""

import ast
from pathlib import Path

import pytest

from lineage_audit.claims import RULES, rule_ids

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "rules"


def test_ids_and_names_are_unique():
    assert len(rule_ids()) == 2 * len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.rule_id)
def test_a_rule_has_its_page(rule):
    page = (PAGES / f"{rule.rule_id}.md").read_text(encoding="utf-8")
    assert page.startswith(f"# {rule.rule_id} {rule.name}\n\n{rule.title}.\n")
    for part in ("What it checks", "Evidence", "How to fix", "How to allow"):
        assert f"## {part}\n" in page
    assert f"`{rule.level}`" in page
    assert f"rule: {rule.rule_id}" in page


def test_no_page_is_left_of_a_rule_that_is_gone():
    index = {"README", "licences"}
    assert {page.stem for page in PAGES.glob("*.md")} - index == {rule.rule_id for rule in RULES}


def test_the_index_lists_every_rule():
    index = (PAGES / "README.md").read_text(encoding="utf-8")
    for rule in RULES:
        assert f"| [{rule.rule_id}]({rule.rule_id}.md) | `{rule.name}` | {rule.level} | {rule.title} |" in index


@pytest.mark.parametrize("word", ["stolen", "theft", "violat", "fake", "plagiar", "illegal"])
def test_no_rule_accuses(word):
    for path in (ROOT / "lineage_audit" / "claims").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        strings = [
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        assert not [text for text in strings if word in text.lower()], path


def test_claims_see_nothing_of_the_report_or_the_command_line():
    for path in (ROOT / "lineage_audit" / "claims").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                assert not node.module.startswith(("lineage_audit.report", "lineage_audit.cli", "rich", "click")), path
