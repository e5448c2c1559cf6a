"""Units that fitted nothing find their counterparts in a relative and none in a stranger, whatever the rest fits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lineage_audit.comparison import compare_checkpoints
from lineage_audit.comparison.alignment.basis import SharedBasis
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.alignment.cross_fitting import measure_match_margins
from lineage_audit.comparison.alignment.layers import layer_scores
from lineage_audit.comparison.alignment.maps import Alignment
from lineage_audit.comparison.alignment.residual import find_residual_map
from tests.comparison.alignment import disguises
from tests.models import WIDE, Weights, llama, llama_config, model, related

SIX = replace(WIDE, layers=6)
NOISE = 0.4 / WIDE.hidden**0.5
"""What the largest of many random |cosines| leads the second largest by, at most."""


def _weights(weights: Weights) -> CanonicalWeights:
    return CanonicalWeights(model(weights, llama_config(SIX)))


def _match_margins(one: Weights, other: Weights) -> float:
    """Mean lead where every layer is made to have the counterpart that fits it best."""
    a, b = _weights(one), _weights(other)
    residual = find_residual_map(a, b, None)
    assert residual is not None
    scores = layer_scores(a, b, SharedBasis(a, b, residual), a.layers(), b.layers())
    layers = {layer: a.layers()[int(scores[row].argmax())] for row, layer in enumerate(b.layers())}
    alignment = Alignment(residual, layers, None, {}, {}, False, False)
    return float(np.concatenate([part.match_margins for part in measure_match_margins(a, b, alignment, None)]).mean())


@pytest.mark.parametrize("seed", range(3))
def test_strangers_show_what_random_directions_show(seed: int) -> None:
    rotated = disguises.rotate_residual(llama(seed + 20, SIX), np.random.default_rng(seed), SIX)
    assert _match_margins(llama(seed, SIX), rotated) < NOISE


def test_layers_that_occur_twice_do_not_vouch_for_each_other() -> None:
    doubled = disguises.with_layers(llama(31, SIX), (0, 0, 1, 1, 2, 2))
    assert _match_margins(llama(30, SIX), doubled) < NOISE


def test_one_initialisation_trained_twice_is_found_through_a_rotation() -> None:
    first = llama(40, SIX)
    twice = disguises.rotate_residual(related(first, 41, 0.6), np.random.default_rng(42), SIX)
    assert _match_margins(first, twice) > 0.1


def test_what_no_sign_shows_is_shared_origin_on_calibrated_evidence() -> None:
    rng, first = np.random.default_rng(43), llama(44, SIX)
    hidden = related(first, 45, 0.5)
    for disguise in (disguises.flip_units, disguises.flip_attention, disguises.permute_channels):
        hidden = disguise(hidden, rng, SIX)
    report = compare_checkpoints(model(first, llama_config(SIX)), model(hidden, llama_config(SIX)))
    assert (report.verdict.relation, report.verdict.grade) == ("shared-origin", "calibrated")
    effects = {item.test_id: item.effect for item in report.evidence}
    assert (effects["aligned-unit-leads"] or 0.0) > 0.1
    assert (effects["aligned-unit-matches"] or 0.0) > 0.3
