"""A certificate: two models, the rule, and what it derived from them."""

from __future__ import annotations

from msgspec import Struct

from lineage_audit.certificate.book import (
    ALTERNATIVES,
    BOOK,
    FEWEST_MATCHED,
    LEAST_MATCH_MARGIN,
    WEAKEST_LOG10_P,
    plantable,
)
from lineage_audit.certificate.derivation import Derivation, bound, mean
from lineage_audit.certificate.identity import ModelIdentity
from lineage_audit.results import Grade


class Certificate(Struct, frozen=True, eq=False):
    """That two models are not independent of each other, with everything that this stands on.

    Attributes:
        a: what pins model A.
        b: what pins model B.
        rule: the rule by its name in the book.
        seed: what was drawn from, in hexadecimal.
        derivation: what the rule derived.
        tool_version: the version of the program that wrote it.
    """

    a: ModelIdentity
    b: ModelIdentity
    rule: str
    seed: str
    derivation: Derivation
    tool_version: str

    @property
    def log10_p(self) -> float:
        """Upper bound of log10 p, corrected for the alternatives."""
        return bound(self.derivation.terms, ALTERNATIVES)

    @property
    def effect(self) -> float:
        """The mean cosine."""
        return mean(self.derivation.cosines)

    @property
    def match_margin(self) -> float:
        """By how much matches lead the next in size, in the mean."""
        return mean(self.derivation.match_margins)

    @property
    def plantable(self) -> float:
        """The mean cosine that relabelling one of the two models can bring about, whoever trained it."""
        return plantable(BOOK[self.rule].kind, self.derivation)

    @property
    def grade(self) -> Grade | None:
        """What it can stand on: the exact bound, or else sizes by a wide margin; None where on neither."""
        if self.log10_p <= WEAKEST_LOG10_P and self.effect >= self.plantable:
            return "exact"
        is_clear = self.match_margin >= max(LEAST_MATCH_MARGIN, self.plantable)
        return "calibrated" if is_clear and len(self.derivation.match_margins) >= FEWEST_MATCHED else None

    @property
    def claim(self) -> str:
        """What it says of the two models, in one sentence without their names."""
        rule = BOOK[self.rule]
        if self.grade == "exact":
            return f"{rule.units} point the same way in both models, as independent models' do by chance alone"
        return f"{rule.units} have counterparts of a size that independent models were not seen to have"
