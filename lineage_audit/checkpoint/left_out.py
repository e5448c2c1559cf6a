"""Weights that are there, or should be, and were not read: named wherever the model is spoken of."""

from __future__ import annotations

from msgspec import Struct


class LeftOut(Struct, frozen=True):
    """One thing that was left out.

    Attributes:
        sentence: what, and why, for a report.
        settles: nothing of the model can hide in it: a comparison without it says as much as one with it. Otherwise
            no check passes on what was read alone.
        bytes: how much is stored there, or None where that is not known.
    """

    sentence: str
    settles: bool = False
    bytes: int | None = None
