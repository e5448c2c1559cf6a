from __future__ import annotations

import numpy as np

from lineage_audit.checkpoint.composed.composing import compose
from lineage_audit.comparison import compare_checkpoints
from tests import models

BASE = models.llama(1, models.WIDE)
CONFIG = models.llama_config(models.WIDE)
CHAT = models.noisy(BASE, 5, 0.05)
DELTA = {name: CHAT[name] - values for name, values in BASE.items()}


def test_a_delta_is_not_cleared() -> None:
    base, delta = models.model(BASE, CONFIG), models.model(DELTA, CONFIG)
    for pair, letters in (((base, delta), "A+B"), ((delta, base), "B+A")):
        verdict = compare_checkpoints(*pair).verdict
        assert verdict.relation == "inconclusive"
        assert letters in verdict.summary


def test_base_plus_delta_is_the_finished_model() -> None:
    composed = compose(models.model(BASE, CONFIG), models.model(DELTA, CONFIG))
    verdict = compare_checkpoints(composed, models.model(CHAT, CONFIG)).verdict
    assert verdict.relation == "identical"
    other = models.model(models.noisy(BASE, 6, 0.05), CONFIG)
    assert compare_checkpoints(composed, other).verdict.relation == "derived"


def test_two_models_of_one_size_are_no_deltas() -> None:
    small = {name: (0.3 * values).astype(np.float32) for name, values in models.llama(2, models.WIDE).items()}
    verdict = compare_checkpoints(models.model(BASE, CONFIG), models.model(small, CONFIG)).verdict
    assert "delta" not in verdict.summary


def test_gains_that_start_at_zero_are_no_sign_of_one() -> None:
    gemma = models.llama_config(models.WIDE, model_type="gemma", architectures=["GemmaForCausalLM"])
    verdict = compare_checkpoints(models.model(BASE, gemma), models.model(DELTA, gemma)).verdict
    assert "delta" not in verdict.summary
