"""How a descendant is made from its parents, as data: a change of the weights, a training, and what that is called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from benchmarks.training.lora import Lora
from benchmarks.zoo.surgery.width import Kept
from lineage_audit.results import OperationKind


@dataclass(frozen=True, slots=True)
class Training:
    """A training, measured by that of the base.

    Attributes:
        corpus: the base's text, more of its kind, or one of two corpora of another kind.
        length: steps, as a share of the base's.
        rate: peak learning rate, as a share of the base's.
        lora: train this adapter alone and merge it; None for all weights.
    """

    corpus: Literal["own", "further", "other", "second"]
    length: float
    rate: float
    lora: Lora | None = None


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The parent's weights, to be trained."""


@dataclass(frozen=True, slots=True)
class Disguised:
    """The parent in another form, by the name of the disguise."""

    disguise: str


@dataclass(frozen=True, slots=True)
class Relayered:
    """The parent's layers by a plan of `surgery.layers`."""

    plan: str


@dataclass(frozen=True, slots=True)
class Stacked:
    """The layers of the first parent below a share of the depth, then those of the second."""

    cut: float


@dataclass(frozen=True, slots=True)
class Pruned:
    """The parent made narrower."""

    kept: Kept


@dataclass(frozen=True, slots=True)
class Merged:
    """Two fine-tunes of the first parent (the second and third), by a method of `surgery.merging`."""

    method: str
    shares: tuple[float, float]


@dataclass(frozen=True, slots=True)
class VocabularyExtended:
    """Tokens appended."""

    tokens: int


@dataclass(frozen=True, slots=True)
class VocabularyReplaced:
    """A tokenizer of the base's other corpus, as large as the parent's."""


@dataclass(frozen=True, slots=True)
class Grafted:
    """A fresh model in which some part is the parent's."""

    part: Literal["ffns", "two-layers"]


@dataclass(frozen=True, slots=True)
class Upcycled:
    """The parent's FFNs made into experts, in the manner of an architecture."""

    model_type: Literal["mixtral", "qwen2_moe"]


@dataclass(frozen=True, slots=True)
class Quantized:
    """Rounded to a grid and stored back as floats; scales by row or by group."""

    bits: int
    group: int | None


@dataclass(frozen=True, slots=True)
class Cast:
    """Stored in another float type."""

    dtype: str


@dataclass(frozen=True, slots=True)
class NoiseAdded:
    """Gaussian noise of `level` times the spread of each matrix."""

    level: float


@dataclass(frozen=True, slots=True)
class DirectionAblated:
    """One direction projected out of the residual stream."""


@dataclass(frozen=True, slots=True)
class Distilled:
    """A fresh model that learns from the parent's predictions: no weight is the parent's."""


Change = (
    Unchanged
    | Disguised
    | Relayered
    | Stacked
    | Pruned
    | Merged
    | VocabularyExtended
    | VocabularyReplaced
    | Grafted
    | Upcycled
    | Quantized
    | Cast
    | NoiseAdded
    | DirectionAblated
    | Distilled
)


@dataclass(frozen=True, slots=True)
class Recipe:
    """One way to make a model from others.

    Attributes:
        change: what is done to the weights.
        training: what is trained afterwards, or None.
        operations: what an audit must call it.
        also: what an audit may call it besides, since it is true.
        far: the result has moved far from its parents, so that a sibling no longer looks like kin by training.
    """

    change: Change
    training: Training | None = None
    operations: tuple[OperationKind, ...] = ()
    also: tuple[OperationKind, ...] = ()
    far: bool = False
