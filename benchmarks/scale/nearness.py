"""How near two strangers come to a relation: the statistic that is closest to its threshold, and how close it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lineage_audit.comparison.verdict.registry import rights_of
from lineage_audit.comparison.verdict.thresholds import RELATION


@dataclass(frozen=True, slots=True)
class Nearest:
    """A statistic over its threshold.

    Attributes:
        statistic: what it is called.
        share: the statistic over the value from which on two models are not called independent; a relation needs twice
            that value, or more.
    """

    statistic: str
    share: float


def nearest(document: Mapping[str, Any]) -> Nearest:
    """Read off a report which statistic comes nearest to its threshold."""
    return max(_shares(document), key=lambda item: item.share)


def _shares(document: Mapping[str, Any]) -> Iterator[Nearest]:
    """The p-values of all exact tests together, and every effect that may speak without one."""
    combined = document["verdict"]["log10_p"]
    yield Nearest("log10 p of the exact tests", (combined or 0.0) / RELATION.unclear_log10_p)
    for item in document["evidence"]:
        margin = rights_of(item["test_id"]).margin
        if margin is not None and item["status"] == "measured" and item["count"] >= margin.fewest:
            yield Nearest(item["test_id"], (item["effect"] or 0.0) / margin.unclear)
