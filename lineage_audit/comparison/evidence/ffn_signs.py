"""Signs of gated FFN units: negating up-row i and down-column i together changes nothing, so each sign is a coin."""

from __future__ import annotations

from lineage_audit.comparison.evidence.base import (
    SIGN_NULL,
    SignTerms,
    TestDescription,
    WeightComparison,
    column_term,
    not_measured,
    row_term,
    sign_flip_evidence,
    sum_cosines,
)
from lineage_audit.comparison.ffn_blocks import FFN_ROLES
from lineage_audit.comparison.measurement import Measurement
from lineage_audit.results import Evidence

TEST = TestDescription("ffn-signs", "Do FFN units with the same number point the same way in up and down?", SIGN_NULL)


def measure(comparison: WeightComparison) -> Evidence:
    """Run the test on every gated FFN (experts and shared experts included)."""
    if reason := comparison.broken.get(TEST.test_id):
        return not_measured(TEST, "not-applicable", reason)
    layers, elements, ungated = [], 0, 0
    for roles in FFN_ROLES:
        for layer, expert in comparison.places(roles.up, roles.down):
            gate, up, down = (comparison.find(role, layer, expert) for role in roles)
            if gate is None or gate.pair.b.shape[0] != _units(up, down):
                ungated += 1
                continue
            layers.append(_terms(layer, up, down))
            elements += sum(part.elements for part in (up, down) if part)
    if not layers and ungated:
        return not_measured(TEST, "not-applicable", "the FFN is not gated: its units' signs are not free")
    return sign_flip_evidence(TEST, "FFN units", layers, comparison, elements)


def _units(up: Measurement | None, down: Measurement | None) -> int:
    """Number of units, from the rows of up or the columns of down."""
    return up.pair.b.shape[0] if up else down.pair.b.shape[1] if down else 0


def _terms(layer: int, up: Measurement | None, down: Measurement | None) -> SignTerms:
    """cos(up row i) + cos(down column i) for every unit."""
    terms = ([row_term(up)] if up else []) + ([column_term(down)] if down else [])
    return sum_cosines(layer, _units(up, down), terms)
