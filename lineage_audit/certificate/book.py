"""The book of rules: by which maps, layers, rows and tokens may be chosen, each by a name and a version.

A rule is never changed: one that would choose otherwise gets a new version beside it, since certificates that were
written by the old one have to be verified for as long as they are believed. What is not in the book is refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct

from lineage_audit.certificate.derivation import Derivation, OneSide
from lineage_audit.certificate.in_place import derive_in_place, read_again_in_place
from lineage_audit.certificate.over_tokens import derive_over_tokens, read_again_over_tokens
from lineage_audit.certificate.sources import Kind
from lineage_audit.checkpoint import Checkpoint


class DerivationRule(Struct, frozen=True):
    """One rule.

    Attributes:
        name: what certificates call it.
        kind: what its units are.
        units: what its units are, as the beginning of a sentence.
        derive: from the two models and the seed to what it finds.
        read_again: from one model and what is said to have been read of it to the hash over that, in every way that it
            may have been read.
    """

    name: str
    kind: Kind
    units: str
    derive: Callable[[Checkpoint, Checkpoint, Kind, str], Derivation | None]
    read_again: Callable[[Checkpoint, Kind, OneSide], Iterator[str]]


_RULES = (
    DerivationRule(
        "values-in-place/1",
        Kind.VALUES,
        "value dimensions with the same numbers",
        derive_in_place,
        read_again_in_place,
    ),
    DerivationRule(
        "ffn-units-in-place/1",
        Kind.FFN_UNITS,
        "gated FFN units with the same numbers",
        derive_in_place,
        read_again_in_place,
    ),
    DerivationRule(
        "rotary-keys-over-tokens/1",
        Kind.ROTARY_KEYS,
        "rotary pairs of key heads, matched in any order by their size over shared tokens,",
        derive_over_tokens,
        read_again_over_tokens,
    ),
    DerivationRule(
        "values-over-tokens/1",
        Kind.VALUES,
        "value dimensions, matched in any order by their size over shared tokens,",
        derive_over_tokens,
        read_again_over_tokens,
    ),
    DerivationRule(
        "ffn-units-over-tokens/1",
        Kind.FFN_UNITS,
        "gated FFN units, matched in any order by their size over shared tokens,",
        derive_over_tokens,
        read_again_over_tokens,
    ),
)

BOOK: Mapping[str, DerivationRule] = {rule.name: rule for rule in _RULES}
"""Name and version -> the rule."""

ALTERNATIVES = 8 * len(_RULES)
"""What whoever writes a certificate can choose: the rule, which model is A, and of each whether its files are hashed.

Every bound is corrected for all of it, whatever a file says of itself.
"""

NULL = (
    "the two models were trained independently, from independently drawn initialisations, and at least one of them by "
    "a training that treats both signs of a unit alike; then every coin is fair, and for T = Σx > 0 over coins "
    "p ≤ exp(−T² / 2Σx²) (Hoeffding), times the number of alternatives"
)

WEAKEST_LOG10_P = -12.0
"""A certificate's bound, corrected: six orders below what a comparison asks.

Whoever can change a byte of a file that says nothing (a comment in a configuration) draws another seed, and a million
draws make a one-in-a-million sum. So much more is asked for.
"""

_CHOICES = 25
"""Twice the logarithm of how many units there are to choose from where one is to look like another: 2 ln 270,000.

Whoever publishes one of two models can relabel it once he has seen the other: give units signs and an order, give the
value dimensions of a head another basis. Nothing that the model computes changes by that, and a stranger's units come
to a mean cosine of √(2 ln n / d) with the other's, value dimensions to √(head / d), in d dimensions. So much more has
to be there.
"""

LEAST_MATCH_MARGIN = 0.3
FEWEST_MATCHED = 10
"""Mean match margin of sizes at which a certificate stands on sizes alone, and units that it takes.

Where somebody gave every unit a sign of his own no random sign is left, and no p-value; sizes remain. Of 316
independent pairs of one half of the zoo none has more than .056, of 40 related ones with signs drawn anew none less
than .46.
"""


def plantable(kind: Kind, derivation: Derivation) -> float:
    """The mean cosine to which relabelling can bring units of a model that has nothing in common with the other."""
    choices = max(_CHOICES, derivation.layouts[1].block) if kind == Kind.VALUES else _CHOICES
    return min(1.0, math.sqrt(choices / max(1, derivation.dimensions)))
