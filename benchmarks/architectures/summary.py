"""What a sweep's table comes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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


def summary_of(rows: Sequence[Sequence[str]]) -> Summary:
    """Sum up rows of ``sweep.Row``, as they stand in the file."""
    built = [row for row in rows if row[1] != "-"]
    return Summary(
        built=len(built),
        mapped=sum(float(row[1]) >= 0.99 for row in built),
        found=sum(_is_exact(row[3]) and _is_exact(row[5]) for row in built),
        accused=sum(row[4].startswith(RELATED) for row in built),
        errors=sum(cell.startswith("error") for row in built for cell in row[3:6]),
    )


def _is_exact(verdict: str) -> bool:
    return verdict.startswith(RELATED) and "(" in verdict
