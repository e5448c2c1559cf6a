"""Between fingerprints too, copies inside both models share one random sign, and hide no relative."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest

from lineage_audit.library.fingerprint import compare_fingerprints
from tests.library.models import fingerprint
from tests.models import Size, Weights, llama, noisy

SIZE = Size(layers=6, hidden=64, heads=4, kv_heads=4, ffn=48, vocab=96)
SIGNS = ("ffn-signs", "value-output-signs", "query-key-signs")
Change = Callable[[Weights], Weights]


def _one_layer(weights: Weights) -> Weights:
    """One layer exported as all."""
    return {
        name: weights[f"model.layers.0.{name.split('.', 3)[3]}"] if ".layers." in name else values
        for name, values in weights.items()
    }


def _one_head(weights: Weights) -> Weights:
    """One KV head expanded to all."""
    return {
        name: np.tile(values[: SIZE.head_dim], (SIZE.kv_heads, 1)) if "k_proj" in name or "v_proj" in name else values
        for name, values in weights.items()
    }


@pytest.mark.parametrize("change", [_one_layer, _one_head])
def test_strangers_with_copies_inside_are_at_chance(change: Change) -> None:
    models = [fingerprint(change(llama(100 + seed, SIZE)), SIZE) for seed in range(7)]
    found = [
        item.log10_p
        for a, b in combinations(models, 2)
        for item in compare_fingerprints(a, b).evidence
        if item.test_id in SIGNS and item.log10_p is not None
    ]
    assert len(found) >= 21  # at least one test a pair: where heads are copies too few keys are left to ask
    assert min(found) > -4.0


@pytest.mark.parametrize("change", [_one_layer, _one_head])
def test_a_copy_of_such_a_model_is_found(change: Change) -> None:
    parent = llama(1, SIZE)
    a, b = (fingerprint(change(one), SIZE) for one in (parent, noisy(parent, 2, 0.1)))
    assert compare_fingerprints(a, b).verdict.relation in ("derived", "shared-origin")
