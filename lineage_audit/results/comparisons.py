"""What comparing one model with many gave, as plain frozen values."""

from __future__ import annotations

from dataclasses import dataclass

from lineage_audit.results.comparison import ModelSummary, Report
from lineage_audit.results.rendered import Rendered
from lineage_audit.results.run import Run


@dataclass(frozen=True, slots=True)
class UnreadModel:
    """A model that could not be compared.

    Attributes:
        ref: the reference as it was given.
        reason: one line that says why and what to do.
    """

    ref: str
    reason: str


@dataclass(frozen=True, slots=True, repr=False)
class Comparisons(Rendered):
    """One model held against many others.

    Attributes:
        tool_version: version of the tool.
        a: model A as it was read once, for all of them.
        reports: a comparison for every other model that could be read, in the order given; B is the other model.
        unread: the models that could not, in the order given.
        seconds: how long all of it took.
        run: when and by which command it was made, or None where that was not recorded.
    """

    tool_version: str
    a: ModelSummary
    reports: tuple[Report, ...]
    unread: tuple[UnreadModel, ...]
    seconds: float
    run: Run | None = None
