"""Signs of gated FFN units: negating up-row i and down-column i together changes nothing, so each is random."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from lineage_audit.comparison.evidence.base import TestDescription, WeightComparison, not_measured
from lineage_audit.comparison.evidence.copies import origins, random_signs_of
from lineage_audit.comparison.evidence.leanings import LEAN, both_lean
from lineage_audit.comparison.evidence.sign_sums import (
    SIGN_NULL,
    SignTerms,
    column_term,
    row_term,
    sign_flip_evidence,
    sum_cosines,
    with_common_sources,
)
from lineage_audit.comparison.reading.measurement import Measurement
from lineage_audit.comparison.symmetries.ffn_blocks import FFN_ROLES
from lineage_audit.results import Evidence

TEST = TestDescription(
    "ffn-signs",
    "Do FFN units with the same number point the same way in up and down?",
    f"{SIGN_NULL}, where x² counts once for each FFN of its layer",
)


def measure(comparison: WeightComparison) -> Evidence:
    """Run the test on every gated FFN (experts and shared experts included)."""
    if reason := comparison.broken.get(TEST.test_id):
        return not_measured(TEST, "not-applicable", reason)
    ffns = _gated(comparison)
    if not ffns and any(comparison.places(roles.up, roles.down) for roles in FFN_ROLES):
        return not_measured(TEST, "not-applicable", "the FFN is not gated: its units' signs are not free")
    found = origins([ffn.up for ffn in ffns])
    ups = [ffn.up.marks for number, ffn in enumerate(ffns) if ffn.up and found[number][0] == number]
    if both_lean([marks.a for marks in ups], [marks.b for marks in ups]):
        return not_measured(TEST, "not-applicable", LEAN)
    by_layer: dict[int, list[SignTerms]] = defaultdict(list)
    sources: dict[int, int | None] = {}
    for ffn, origin in zip(ffns, found, strict=True):
        by_layer[ffn.layer].append(replace(ffn.terms(), random_signs=random_signs_of(origin, ffn.units)))
        sources[ffn.layer] = ffn.source
    numbers = sorted(by_layer)
    layers = with_common_sources([_together(by_layer[n]) for n in numbers], [sources[n] for n in numbers])
    elements = sum(part.elements for ffn in ffns for part in (ffn.up, ffn.down) if part)
    return sign_flip_evidence(TEST, "FFN units", layers, comparison, elements)


class _Ffn(Struct, frozen=True, eq=False):
    """A gated FFN of which up or down was measured."""

    layer: int
    source: int | None
    up: Measurement | None
    down: Measurement | None

    @property
    def units(self) -> int:
        return _units(self.up, self.down)

    def terms(self) -> SignTerms:
        """cos(up row i) + cos(down column i) for every unit."""
        terms = ([row_term(self.up)] if self.up else []) + ([column_term(self.down)] if self.down else [])
        return sum_cosines(self.layer, self.units, terms)


def _gated(comparison: WeightComparison) -> list[_Ffn]:
    """Every gated FFN, those of one layer together."""
    found = []
    for roles in FFN_ROLES:
        for layer, expert in comparison.places(roles.up, roles.down):
            gate, up, down = (comparison.find(role, layer, expert) for role in roles)
            if gate is not None and gate.pair.b.shape[0] == _units(up, down):
                found.append(_Ffn(layer, gate.pair.a.layer, up, down))
    return found


def _together(ffns: list[SignTerms]) -> SignTerms:
    """The terms of all FFNs of a layer; experts that were made of one dense FFN share its random signs."""
    random_signs = [ffn.random_signs for ffn in ffns if ffn.random_signs is not None]
    return SignTerms(
        ffns[0].layer,
        np.concatenate([ffn.values for ffn in ffns]),
        np.concatenate([ffn.cosines for ffn in ffns]),
        np.concatenate([ffn.noise for ffn in ffns]),
        sharing=len({int(own[0]) for own in random_signs}),
        random_signs=np.concatenate(random_signs),
    )


def _units(up: Measurement | None, down: Measurement | None) -> int:
    """Number of units, from the rows of up or the columns of down."""
    return up.pair.b.shape[0] if up else down.pair.b.shape[1] if down else 0
