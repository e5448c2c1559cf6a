"""What a verdict is made from."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from lineage_audit.checkpoint.left_out import LeftOut
from lineage_audit.comparison.operations.directed import DirectedOperation
from lineage_audit.comparison.shares.weights import Shares
from lineage_audit.comparison.verdict.thresholds import TRAINING
from lineage_audit.results import Evidence, Way

LeftOver = Literal["nothing", "rows", "tensors"]
"""What one model holds that the other lacks; rows are those of tokens."""

SumEquality = Literal["everything", "what-was-read", "nothing"]
"""How much of a model is a sum to within rounding: all of it, all that was read, or not even that."""

Letter = Literal["A", "B"]
"""One of the two models, as sentences call it."""


def other_than(letter: Letter) -> Letter:
    """The other one of the two models."""
    return "A" if letter == "B" else "B"


class WrittenSum(Struct, frozen=True):
    """A model that is written as a sum (a base and its adapters), beside one that may be it.

    Attributes:
        whole: the model that is no sum, A or B.
        parts: the one that is.
        of: what it is the sum of, in short.
        equal: how much of the whole is the sum to within rounding: everything, what was read of it, or not even that.
        caveats: what the reading stage has to say of the sum.
    """

    whole: Letter
    parts: Letter
    of: str
    equal: SumEquality
    caveats: tuple[str, ...]


class Findings(Struct, frozen=True):
    """Everything a verdict is made from.

    Attributes:
        evidence: all tests.
        shares: how much.
        operations: what was done, if the models are related.
        same_weights: every weight that both have is bit-identical, and all were read (or the shards are equal).
        left_in_a: what A holds that B lacks.
        left_in_b: what B holds that A lacks.
        architecture: the architecture in a clause ("same architecture after two renames").
        caveats: what the reading stage has to say.
        searched: whether another order of layers, units, heads and channels was looked for.
        moved: whether one was found, so that shares and gains are those after alignment.
        rotated: whether it holds a rotation, after which gains cannot be compared.
        obstacle: why the weights could hardly be compared, or None.
        layer_slopes: slopes of B on aligned A and of aligned A on B, over the matrices of the layers; None where
            nothing was measured or copies share what one unit wrote.
        excluded_by_slopes: the way that no training leads, as slopes show it; None where it is open.
        unplaced: share of B's parameters under names that say nothing, in shapes that A has, that resembled nothing.
        written_sum: the one of the two that is written as a sum, or None.
        delta: the one of the two that looks like a delta checkpoint, or None.
        beyond: what the two share beyond a base that was named, or None.
        unread: weights of either model that lie beside what was read and may be others, none of which was looked at.
        parts: the same of each part of B alone; empty where B is of one part.
    """

    evidence: tuple[Evidence, ...]
    shares: Shares
    operations: tuple[DirectedOperation, ...]
    same_weights: bool
    left_in_a: LeftOver
    left_in_b: LeftOver
    architecture: str
    caveats: tuple[str, ...]
    searched: bool
    moved: bool
    rotated: bool
    obstacle: str | None
    layer_slopes: tuple[float, float] | None = None
    excluded_by_slopes: Way | None = None
    unplaced: float = 0.0
    written_sum: WrittenSum | None = None
    delta: Letter | None = None
    beyond: Evidence | None = None
    unread: tuple[tuple[Letter, LeftOut], ...] = ()
    parts: tuple[PartFindings, ...] = ()

    @property
    def identical(self) -> bool:
        """Both hold the same weights, and nothing else."""
        return self.same_weights and self.left_in_a == self.left_in_b == "nothing"

    @property
    def subset(self) -> Literal["a", "b"] | None:
        """The model whose every weight (and not only constants) stands bit-identical in the other, which holds more."""
        if not self.same_weights or self.identical or not self.shares.copied:
            return None
        return "b" if self.left_in_b == "nothing" else "a" if self.left_in_a == "nothing" else None

    @property
    def gains(self) -> Evidence | None:
        """The norm-gain comparison that fits the way the weights were compared, if it can speak.

        Gains that were moved or folded say nothing themselves; together with the columns that they feed they do.
        """
        fed = self._speaking("aligned-fed-gains") if self.moved else None
        return fed or self._speaking("aligned-norm-gains" if self.moved else "norm-gains")

    def _speaking(self, test_id: str) -> Evidence | None:
        """A comparison of gains that was made on enough channels."""
        for item in self.evidence:
            if item.test_id == test_id and item.status == "measured" and item.count >= TRAINING.fewest_channels:
                return item
        return None


class PartFindings(Struct, frozen=True):
    """Everything that a verdict on one part of a model is made from.

    Attributes:
        parts: what it is called; several names where they are searched and tested together.
        findings: the same as of a model of that part alone.
    """

    parts: tuple[str, ...]
    findings: Findings
