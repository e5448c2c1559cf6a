"""The command ``explain``: a rule's page, by id or name; the list of all rules."""

import pytest

from lineage_audit.claims import RULES
from tests.cli.running import called


@pytest.mark.parametrize("name", ["LA101", "la101", "undeclared-base"])
def test_a_rule_is_explained_by_id_or_name(name):
    done = called("explain", name)
    assert done.returncode == 0
    assert done.stdout.startswith("# LA101 undeclared-base\n")
    assert "## How to fix" in done.stdout


def test_without_a_rule_all_are_listed():
    done = called("explain")
    assert done.returncode == 0
    assert [line.split()[0] for line in done.stdout.splitlines()] == [rule.rule_id for rule in RULES]


def test_an_unknown_rule_is_one_error():
    done = called("explain", "LA000")
    assert done.returncode == 2
    assert "is no rule" in done.stderr
