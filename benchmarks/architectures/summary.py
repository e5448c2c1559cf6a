"""What a sweep's table comes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.architectures.sweep import Finding, Row

ENOUGH_MAPPED = 0.99
RELATED = ("identical", "derived", "shared-origin")


@dataclass(frozen=True, slots=True)
class Summary:
    """How many model types were built, mapped, found by an exact test, accused wrongly, and ended in an error."""

    built: int
    mapped: int
    found: int
    accused: int
    errors: int

    @property
    def is_wrong(self) -> bool:
        """Whether a stranger was called related, or anything ended in an error."""
        return bool(self.accused or self.errors)

    def written(self) -> str:
        """The summary as a sentence."""
        return (
            f"{self.built} types built: {self.mapped} mapped to 99%; noisy and permuted copy found by an exact test in "
            f"{self.found}; strangers related: {self.accused}; errors: {self.errors}"
        )


def summary_of(rows: Sequence[Row]) -> Summary:
    """Sum up the rows of a sweep."""
    built = [row for row in rows if row.not_built is None]
    return Summary(
        built=len(built),
        mapped=sum(row.mapped >= ENOUGH_MAPPED for row in built),
        found=sum(_is_exact(row.noisy) and _is_exact(row.permuted) for row in built),
        accused=sum(row.stranger is not None and row.stranger.relation in RELATED for row in built),
        errors=sum(
            finding is not None and finding.error is not None
            for row in built
            for finding in (row.noisy, row.stranger, row.permuted)
        ),
    )


def _is_exact(finding: Finding | None) -> bool:
    return finding is not None and finding.relation in RELATED and bool(finding.exact_tests)
