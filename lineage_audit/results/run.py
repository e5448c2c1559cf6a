"""The run that a result came from: when and by which command it was made, and what of the models was looked at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Run:
    """The run that a result came from.

    Attributes:
        date: when it ended, in UTC, as ``2026-01-31T09:30:00Z``.
        command: the words of the command line, or empty where it was called from Python.
        auditor: who ran it, where that was said.
    """

    date: str
    command: tuple[str, ...] = ()
    auditor: str | None = None


@dataclass(frozen=True, slots=True)
class Coverage:
    """Weights of one part that were looked at, or left out for one reason.

    Attributes:
        part: the part of the model (``language_model``), or ``beside the model`` for files that were left out.
        reason: why they were left out; None where they were looked at.
        tensors: stored tensors that hold them; one that is split between rows counts in each.
        parameters: their weights.
        bytes: what is stored of them, scales and the like included.
        first: the name of the first tensor.
    """

    part: str
    reason: str | None
    tensors: int
    parameters: int
    bytes: int
    first: str


@dataclass(frozen=True, slots=True)
class PairCoverage:
    """What of the two models of a comparison was compared; empty for a model that a fingerprint stands for."""

    a: tuple[Coverage, ...] = ()
    b: tuple[Coverage, ...] = ()
