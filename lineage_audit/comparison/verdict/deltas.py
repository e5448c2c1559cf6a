"""What is said of a delta checkpoint: weights published as their difference from a base."""

from __future__ import annotations

from lineage_audit.comparison.verdict.findings import Findings, other_than


def describe_delta(findings: Findings) -> str:
    """What the model looks like."""
    return f"{findings.delta} looks like a delta checkpoint, a model's weights less those of a base"


def advise_on_delta(findings: Findings) -> str:
    """What to compare instead."""
    letter = findings.delta or "B"
    return f"compare {other_than(letter)}+{letter} with the finished model, or give {letter} its own base"
