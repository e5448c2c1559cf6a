"""A new test is shown in every report from its first day, and decides nothing until the registry gives it a right."""

from __future__ import annotations

import pytest

from lineage_audit.comparison import compare_checkpoints, evidence
from lineage_audit.comparison.evidence import base
from lineage_audit.results import Evidence
from tests.models import llama, llama_config, model

TEST = base.TestDescription("my-test", "What it asks?", "its null, and the bound on its p-value")


def _certain(comparison: base.WeightComparison) -> Evidence:
    """As sure as a test can be, of everything."""
    count = comparison.parameters
    return base.test_result(TEST, statistic=99.0, log10_p=-9999.0, effect=1.0, finding="all", count=count, coverage=1.0)


def test_a_line_in_the_list_shows_it_and_gives_it_no_say(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = (model(llama(seed), llama_config()) for seed in (1, 2))
    before = compare_checkpoints(a, b)
    monkeypatch.setattr(evidence, "TESTS", (*evidence.TESTS, _certain))
    after = compare_checkpoints(a, b)
    assert {item.test_id for item in after.evidence} - {item.test_id for item in before.evidence} == {"my-test"}
    assert after.verdict == before.verdict
