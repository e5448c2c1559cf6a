"""Signs inside mixers without a softmax: what is linear leaves them free, and ``symmetries/mixers.py`` says where."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from lineage_audit.comparison.evidence.base import TestDescription, WeightComparison, not_measured
from lineage_audit.comparison.evidence.copies import are_distinct, origins, random_signs_of
from lineage_audit.comparison.evidence.leanings import LEAN, both_lean
from lineage_audit.comparison.evidence.sign_sums import (
    SIGN_NULL,
    CosineTerm,
    SignTerms,
    column_term,
    row_term,
    sign_flip_evidence,
    sum_cosines,
    with_common_sources,
)
from lineage_audit.comparison.reading.measurement import Measurement
from lineage_audit.comparison.symmetries.mixers import Flip, Strip
from lineage_audit.results import Evidence

TEST = TestDescription(
    "mixer-signs", "Do units of a mixer without a softmax point the same way in all that flips with them?", SIGN_NULL
)


class _Units(Struct, frozen=True, eq=False):
    """Units of one layer that one kind of flip negates.

    Attributes:
        layer: its layer in B.
        first: the measured rows whose marks tell whether they lean one way.
        strips: what was measured of them.
    """

    layer: int
    first: Measurement
    strips: tuple[tuple[Strip, Measurement], ...]

    @property
    def count(self) -> int:
        """How many there are."""
        return self.first.pair.b.shape[0]

    def terms(self) -> SignTerms:
        """The cosines of all strips, summed by unit."""
        return sum_cosines(self.layer, self.count, [_term(strip, measured) for strip, measured in self.strips])


def measure(comparison: WeightComparison) -> Evidence:
    """Run the test on every mixer that has free signs."""
    found = list(_units(comparison))
    if not found:
        return not_measured(TEST, "not-applicable", "no mixer whose signs are free")
    firsts = [units.first for units in found]
    copies = origins(firsts)
    own = [are_distinct(first, origin, n) for n, (first, origin) in enumerate(zip(firsts, copies, strict=True))]
    marks_a, marks_b = (
        [getattr(first.marks, side)[mine] for first, mine in zip(firsts, own, strict=True)] for side in ("a", "b")
    )
    if both_lean(marks_a, marks_b):
        return not_measured(TEST, "not-applicable", LEAN)
    layers = [
        replace(units.terms(), random_signs=random_signs_of(origin, units.count))
        for units, origin in zip(found, copies, strict=True)
    ]
    sources = [(units.first.pair.a.layer, units.first.pair.a.role) for units in found]
    elements = sum(measured.elements for units in found for _, measured in units.strips)
    return sign_flip_evidence(TEST, "units of mixers", with_common_sources(layers, sources), comparison, elements)


def _units(comparison: WeightComparison) -> Iterator[_Units]:
    for layer, symmetry in comparison.mixers.items():
        for flip in symmetry.flips:
            strips = tuple(_measured(comparison, layer, flip))
            rows = [measured for strip, measured in strips if not strip.is_column]
            if rows and all(_count(strip, measured) == rows[0].pair.b.shape[0] for strip, measured in strips):
                yield _Units(layer, rows[0], strips)


def _measured(comparison: WeightComparison, layer: int, flip: Flip) -> Iterator[tuple[Strip, Measurement]]:
    for strip in flip:
        measured = comparison.find(strip.role, layer)
        if measured is not None and measured.is_matrix:
            yield strip, measured


def _count(strip: Strip, measured: Measurement) -> int:
    return measured.pair.b.shape[1 if strip.is_column else 0]


def _term(strip: Strip, measured: Measurement) -> CosineTerm:
    return column_term(measured) if strip.is_column else row_term(measured)
