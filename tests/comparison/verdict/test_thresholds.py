"""A report states every number that decides, each under a name of its own."""

from __future__ import annotations

from lineage_audit.comparison.verdict.thresholds import described, stated


def test_names_are_told_apart() -> None:
    names = [name for _, name, _, _ in described()]
    assert len(names) == len(set(names)) == len(stated())
    assert stated()["related_log10_p"] == -6.0
    assert stated()["slopes.kept_whole"] == "0.97 to 1.1"


def test_every_number_is_explained() -> None:
    assert all(topic and meaning for topic, _, _, meaning in described())
