"""Answers of several models as inner products, a matrix for each passage: all statistics are made of these.

Compared are logarithms of probabilities, each stop's weighted mean taken off, weighted by the root of the models' mean
probability, and whitened over the classes: of what models differ in, the few largest directions are how often each
word begins at all, which their corpora gave them, and every direction is made to count alike. What one model did not
show is hidden in all: a class of which one that shows a part of its answers shows nothing is left out of that stop, and
so no class stands out for having been asked of one model better than of another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from lineage_audit.behaviour.answers import Answers
from lineage_audit.behaviour.openings import CLASSES
from lineage_audit.behaviour.prompts import PromptSet
from lineage_audit.behaviour.thresholds import ASKING

Floats = npt.NDArray[np.float64]

_RIDGE = 1e-4
"""Share of the largest variance that is added to every one: what hardly varies at all is rounding."""


class Gram(Struct, frozen=True, eq=False):
    """Inner products of what models answered.

    Attributes:
        passages: float64 ``[passages, models, models]``, of the passages that have such stops.
        stops: how many stops every model answered well enough.
    """

    passages: Floats
    stops: int

    @property
    def whole(self) -> Floats:
        """The sum over all passages."""
        total: Floats = self.passages.sum(axis=0)
        return total


def gram_of(models: Sequence[Answers], prompts: PromptSet) -> Gram:
    """The inner products of models that were asked the same in the same manner."""
    shared = np.logical_and.reduce([answers.answered for answers in models])
    unseen = np.maximum.reduce([answers.unseen for answers in models])
    shared &= np.nan_to_num(unseen, nan=1.0) <= ASKING.most_unseen
    answered = (places[shared[places]] for places in prompts.places())
    passages = [rows for places in answered if len(rows := places[_shown(models, places).sum(axis=1) > 1])]
    whitening = _whitening(_vectors(models, rows) for rows in passages)
    white = (_vectors(models, rows) @ whitening for rows in passages)
    matrices = [np.tensordot(vectors, vectors, axes=((1, 2), (1, 2))) for vectors in white]
    return Gram(np.array(matrices).reshape(-1, len(models), len(models)), sum(map(len, passages)))


def _vectors(models: Sequence[Answers], rows: npt.NDArray[np.int64]) -> Floats:
    """What is compared before it is whitened, ``[models, stops, classes]``."""
    seen = np.stack([answers.seen[rows] for answers in models]).astype(np.float64)
    seen *= _shown(models, rows)
    weight = seen.mean(axis=0)
    likely = np.log(seen + ASKING.least_probability)
    centred = likely - (weight * likely).sum(axis=2, keepdims=True) / weight.sum(axis=1)[None, :, None]
    vectors: Floats = centred * np.sqrt(weight)
    return vectors


def _shown(models: Sequence[Answers], rows: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """The classes of which every model shows something, or hides nothing, ``[stops, classes]``."""
    shown: npt.NDArray[np.bool_] = np.logical_and.reduce(
        [(one.seen[rows] > 0) | (one.unseen[rows] <= ASKING.least_probability)[:, None] for one in models]
    )
    return shown


def _whitening(passages: Iterable[Floats]) -> Floats:
    """What makes every direction of the classes count alike in what models differ in, ``[classes, classes]``."""
    covariance = np.zeros((CLASSES, CLASSES))
    for vectors in passages:
        apart = (vectors - vectors.mean(axis=0)).reshape(-1, CLASSES)
        covariance += apart.T @ apart
    variances, directions = np.linalg.eigh(covariance)
    whitening: Floats = directions / np.sqrt(variances + max(_RIDGE * variances[-1], np.finfo(np.float64).tiny))
    return whitening


def resampled(gram: Gram, times: int, seed: int = 0) -> Iterator[Floats]:
    """The sum over as many passages, drawn with replacement, again and again; the same seed draws the same ones."""
    drawn = np.random.default_rng(seed)
    count = len(gram.passages)
    for _ in range(times):
        times_each = np.bincount(drawn.integers(count, size=count), minlength=count)
        yield np.tensordot(times_each.astype(np.float64), gram.passages, axes=1)
