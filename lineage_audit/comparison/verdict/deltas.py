"""What is said of a delta checkpoint: weights published as their difference from a base."""

from __future__ import annotations

from lineage_audit.comparison.verdict.findings import Letter, other_than


def describe_delta(delta: Letter) -> str:
    """What the model looks like."""
    return f"{delta} looks like a delta checkpoint, a model's weights less those of a base"


def advise_on_delta(delta: Letter) -> str:
    """What to compare instead."""
    return f"compare {other_than(delta)}+{delta} with the finished model, or give {delta} its own base"
