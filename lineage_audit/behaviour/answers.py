"""What a model answered to a prompt set: how likely it holds each opening at each stop, without its tokenizer."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import numpy.typing as npt

from lineage_audit.behaviour.openings import CLASSES
from lineage_audit.results import Manner

LEAST_PROBABILITY = 1e-7
"""What is less likely is written as this: half precision holds no less."""


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """One model's answers.

    Attributes:
        model: its reference.
        revision: the pinned commit, or None.
        digest: what pins its weights, or None of an endpoint, whose weights nobody sees.
        prompts: name of the prompt set.
        manner: how it was asked.
        source: through what: ``transformers`` or the protocol of an endpoint.
        seen: float32 ``[stops, classes]``, the probability that was seen of each class.
        unseen: float32 ``[stops]``, how much probability was not seen; NaN at stops without an answer.
    """

    model: str
    revision: str | None
    digest: str | None
    prompts: str
    manner: Manner
    source: str
    seen: npt.NDArray[np.float32]
    unseen: npt.NDArray[np.float32]

    @property
    def answered(self) -> npt.NDArray[np.bool_]:
        """Which stops have an answer."""
        return np.isfinite(self.unseen)

    @property
    def content(self) -> str:
        """SHA-256 of the numbers: two files with one content are one model's answers, whatever they are called."""
        return sha256(self.seen.tobytes() + self.unseen.tobytes()).hexdigest()


def no_answers(stops: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """``seen`` and ``unseen`` before anything was asked."""
    return np.zeros((stops, CLASSES), dtype=np.float32), np.full(stops, np.nan, dtype=np.float32)
