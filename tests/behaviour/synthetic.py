"""Answers drawn by a formula: what all models share, what those of one corpus share, and what is a model's own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from lineage_audit.behaviour import Answers, prompt_set
from lineage_audit.behaviour.openings import CLASSES

PROMPTS = prompt_set()
_SHAPE = (PROMPTS.stops, CLASSES)


def drawn(seed: int) -> npt.NDArray[np.float64]:
    """A field of logits of size 1."""
    return np.random.default_rng(seed).normal(size=_SHAPE)


COMMON = 2.0 * drawn(1)


def answers(name: str, *parts: npt.NDArray[np.float64], manner: str = "text") -> Answers:
    """The answers whose logits are what all models share and these parts."""
    logits = COMMON + sum(parts)
    likely = np.exp(logits - logits.max(axis=1, keepdims=True))
    seen = (likely / likely.sum(axis=1, keepdims=True)).astype(np.float32)
    unseen = np.zeros(PROMPTS.stops, dtype=np.float32)
    return Answers(name, None, None, PROMPTS.name, manner, "synthetic", seen, unseen)  # type: ignore[arg-type]


def stranger(seed: int) -> Answers:
    """A model with nothing but its own."""
    return answers(f"stranger-{seed}", drawn(1000 + seed))


def student_of(seed: int, of: int, share: float = 0.8) -> Answers:
    """A model that took so much of what was a stranger's own."""
    return answers(f"student-{seed}", share * drawn(1000 + of), (1 - share**2) ** 0.5 * drawn(2000 + seed))


def strangers(count: int, first: int = 10) -> list[Answers]:
    """Several strangers."""
    return [stranger(first + number) for number in range(count)]


def showing_only_the_best(whole: Answers, classes: int) -> Answers:
    """The same answers as an endpoint gives them that shows the likeliest few."""
    ranks = np.argsort(np.argsort(-whole.seen, axis=1), axis=1)
    seen = np.where(ranks < classes, whole.seen, 0.0).astype(np.float32)
    return replace(whole, seen=seen, unseen=np.clip(1 - seen.sum(axis=1), 0, 1).astype(np.float32))
