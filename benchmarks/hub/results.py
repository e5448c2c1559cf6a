"""What was found, one line of JSON a pair, written as soon as it is known, so that a run can be taken up again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from benchmarks.zoo.measurement import Said

Status = Literal["measured", "skipped", "failed"]


@dataclass(frozen=True, slots=True)
class Line:
    """One pair's outcome.

    Attributes:
        a: repository A.
        b: repository B.
        effort: how far the audit might read.
        status: measured; skipped where a repository may not be read or is gone; failed where trying again may help.
        reason: why it was not measured, or None.
        said: the tool's answer, or None.
        explained_before: share of B's variance that A explains at the same index, or None.
        bytes_read: of both models.
    """

    a: str
    b: str
    effort: str
    status: Status
    reason: str | None
    said: Said | None
    explained_before: float | None
    bytes_read: int

    @property
    def key(self) -> tuple[str, str]:
        """The two names."""
        return self.a, self.b


def append(path: Path, line: Line) -> None:
    """Add a line to the results."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(line)) + "\n")


def read(path: Path, effort: str) -> Mapping[tuple[str, str], Line]:
    """Read what is known at an effort: the last line of each pair; one cut short by an interruption is passed over."""
    found: dict[tuple[str, str], Line] = {}
    if not path.exists():
        return found
    for text in path.read_text(encoding="utf-8").splitlines():
        try:
            line = _line(json.loads(text))
        except (ValueError, TypeError):
            continue
        if line.effort == effort:
            found[line.key] = line
    return found


def _line(entry: dict[str, object]) -> Line:
    said = entry.pop("said")
    if isinstance(said, dict):
        said = Said(**{**said, "operations": tuple(said["operations"]), "details": tuple(said["details"])})
    return Line(said=said, **entry)  # type: ignore[arg-type]
