"""Signs of gated FFN units: negating up-row i and down-column i together changes nothing, so each sign is a coin."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from lineage_audit.comparison.evidence.base import TestDescription, WeightComparison, not_measured
from lineage_audit.comparison.evidence.sign_sums import (
    SIGN_NULL,
    SignTerms,
    column_term,
    row_term,
    sign_flip_evidence,
    sum_cosines,
    with_common_sources,
)
from lineage_audit.comparison.ffn_blocks import FFN_ROLES
from lineage_audit.comparison.measurement import Measurement
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
    by_layer: dict[int, list[SignTerms]] = defaultdict(list)
    sources: dict[int, int | None] = {}
    elements, ungated = 0, 0
    for roles in FFN_ROLES:
        for layer, expert in comparison.places(roles.up, roles.down):
            gate, up, down = (comparison.find(role, layer, expert) for role in roles)
            if gate is None or gate.pair.b.shape[0] != _units(up, down):
                ungated += 1
                continue
            by_layer[layer].append(_terms(layer, up, down))
            sources[layer] = gate.pair.a.layer
            elements += sum(part.elements for part in (up, down) if part)
    if not by_layer and ungated:
        return not_measured(TEST, "not-applicable", "the FFN is not gated: its units' signs are not free")
    numbers = sorted(by_layer)
    layers = with_common_sources([_together(by_layer[n]) for n in numbers], [sources[n] for n in numbers])
    return sign_flip_evidence(TEST, "FFN units", layers, comparison, elements)


def _together(ffns: list[SignTerms]) -> SignTerms:
    """The terms of all FFNs of a layer; experts that were made of one dense FFN share its coins."""
    return SignTerms(
        ffns[0].layer,
        np.concatenate([ffn.values for ffn in ffns]),
        np.concatenate([ffn.cosines for ffn in ffns]),
        np.concatenate([ffn.noise for ffn in ffns]),
        sharing=len(ffns),
    )


def _units(up: Measurement | None, down: Measurement | None) -> int:
    """Number of units, from the rows of up or the columns of down."""
    return up.pair.b.shape[0] if up else down.pair.b.shape[1] if down else 0


def _terms(layer: int, up: Measurement | None, down: Measurement | None) -> SignTerms:
    """cos(up row i) + cos(down column i) for every unit."""
    terms = ([row_term(up)] if up else []) + ([column_term(down)] if down else [])
    return sum_cosines(layer, _units(up, down), terms)
