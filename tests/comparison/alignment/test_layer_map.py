"""Which layer comes from which: likely ones are confirmed by their gate rows alone, the rest is held against all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lineage_audit.comparison.alignment import layers as module
from lineage_audit.comparison.alignment.basis import SharedBasis
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.alignment.maps import ResidualMap
from tests.comparison.alignment import disguises
from tests.models import WIDE, Weights, llama, llama_config, model

FOUR = replace(WIDE, layers=4)
ORDER = [2, 0, 3, 1]


def _weights(weights: Weights) -> CanonicalWeights:
    return CanonicalWeights(model(weights, llama_config(FOUR)))


@pytest.fixture(scope="module")
def pair() -> tuple[CanonicalWeights, CanonicalWeights]:
    """A model, and its layers in another order with their units permuted."""
    parent = llama(1, FOUR)
    child = disguises.permute_units(disguises.with_layers(parent, ORDER), np.random.default_rng(2))
    return _weights(parent), _weights(child)


@pytest.mark.parametrize(
    ("likely", "pairs"),
    [
        ({}, 16),
        (dict(enumerate(ORDER)), 4),
        ({0: 2, 1: 0}, 2 + 2 * 4),
        ({0: 3, 1: 0, 2: 3, 3: 1}, 4 + 1 * 4),  # one that is wrong costs what it would without
        (dict.fromkeys(range(4), 9), 4 + 16),  # a layer that A does not have
    ],
)
def test_only_layers_without_a_likely_source_meet_all(
    pair: tuple[CanonicalWeights, CanonicalWeights],
    likely: dict[int, int],
    pairs: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked, scored = [], module.layer_scores

    def counted(*arguments: object) -> np.ndarray:
        scores = scored(*arguments)  # type: ignore[arg-type]
        asked.append(scores.size)
        return scores

    monkeypatch.setattr(module, "layer_scores", counted)
    found = module.find_layer_map(*pair, SharedBasis(*pair, ResidualMap("same")), likely, {})
    assert found == dict(enumerate(ORDER))
    assert list(found) == [0, 1, 2, 3]
    assert sum(asked) == pairs
