"""Power: small relations are found, and the detection limit that is stated is the true one."""

from __future__ import annotations

import numpy as np
import pytest

from lineage_audit.comparison import compare_checkpoints
from tests.comparison.measuring import evidence_of
from tests.models import SMALL, WIDE, Size, Weights, gpt2, gpt2_config, llama, llama_config, model, related

MIDDLE = Size(layers=2, hidden=64, heads=4, kv_heads=2, ffn=96, vocab=256)
RUNS = 8
LIMITED = (
    "ffn-signs", "value-output-signs", "query-key-signs", "channel-signs", "ffn-fixed-points", "channel-fixed-points"
)  # fmt: skip


def _planted(size: Size, cosine: float, seed: int) -> tuple[Weights, Weights]:
    weights = llama(100 + seed, size)
    return weights, related(weights, 500 + seed, cosine)


@pytest.mark.parametrize("cosine", [0.05, 0.1, 0.3])
def test_a_weak_copy_is_found(cosine: float) -> None:
    a, b = _planted(WIDE, cosine, 0)
    report = compare_checkpoints(model(a, llama_config(WIDE)), model(b, llama_config(WIDE)))
    assert report.verdict.relation in ("derived", "shared-origin")
    assert (report.verdict.log10_p or 0.0) <= -6
    assert (report.verdict.detection_limit or 1.0) < cosine
    assert report.verdict.explained_variance == pytest.approx(cosine**2, abs=0.01)


@pytest.mark.parametrize("test_id", LIMITED)
def test_the_stated_limit_is_the_true_one(test_id: str) -> None:
    """At 1.3 times the limit most runs reach p of 10^-6, at half of it hardly any."""
    config = llama_config(MIDDLE)
    limit = evidence_of(llama(1, MIDDLE), llama(2, MIDDLE), config)[test_id].detection_limit
    assert limit is not None
    found = {}
    for factor in (0.5, 1.3):
        runs = [evidence_of(*_planted(MIDDLE, factor * limit, seed), config)[test_id] for seed in range(RUNS)]
        found[factor] = sum((item.log10_p or 0.0) <= -6 for item in runs)
    assert found[1.3] >= RUNS - 2
    assert found[0.5] <= 2


def test_the_verdict_states_the_limit_of_its_weakest_question() -> None:
    a, b = llama(1, WIDE), llama(2, WIDE)
    report = compare_checkpoints(model(a, llama_config(WIDE)), model(b, llama_config(WIDE)))
    limits = {item.test_id: item.detection_limit for item in report.evidence if item.detection_limit is not None}
    in_place = {test_id: limit for test_id, limit in limits.items() if test_id not in ("rotary-signs", "search")}
    moved = min(limits["rotary-signs"], limits["search"])
    assert report.verdict.relation == "independent"
    assert report.verdict.detection_limit == moved > min(in_place.values())
    best = min(in_place, key=in_place.__getitem__)
    config = llama_config(WIDE)
    runs = [evidence_of(*_planted(WIDE, 1.3 * in_place[best], seed), config)[best] for seed in range(RUNS)]
    assert sum((item.log10_p or 0.0) <= -6 for item in runs) >= RUNS - 2


def test_too_few_units_state_no_limit() -> None:
    evidence = evidence_of(llama(1), llama(2))
    assert evidence["head-fixed-points"].detection_limit is None
    assert evidence["query-key-signs"].count == SMALL.layers * SMALL.kv_rows // 2
    assert evidence["query-key-signs"].detection_limit is None


def test_dead_weights_state_no_limit() -> None:
    dead = {name: values * 0 for name, values in llama(1).items()}
    assert all(item.detection_limit is None for item in evidence_of(dead, llama(2)).values())


def test_ungated_models_are_found_by_their_unit_numbers() -> None:
    weights = gpt2(1)
    evidence = evidence_of(weights, related(weights, 2, 0.6), gpt2_config())
    assert (evidence["ffn-fixed-points"].log10_p or 0.0) < -20
    assert (evidence["channel-fixed-points"].log10_p or 0.0) < -20


def test_a_model_of_constants_is_cleared_by_no_test() -> None:
    constants = model({name: np.full_like(values, 0.5) for name, values in llama(1, WIDE).items()}, llama_config(WIDE))
    trained = model(llama(2, WIDE), llama_config(WIDE))
    for a, b in ((trained, constants), (constants, trained)):
        assert compare_checkpoints(a, b).verdict.relation == "inconclusive"


def test_biases_and_heads_that_are_stored_as_arrays_read_no_channel() -> None:
    """As Zamba's steps: a bias as wide as the stream that begins below zero, and weights of two heads in one array."""

    def stranger(seed: int) -> Weights:
        rng = np.random.default_rng(seed)
        steps = {
            f"model.layers.{layer}.mamba.{name}": values.astype(np.float32)
            for layer in range(WIDE.layers)
            for name, values in (
                ("dt_proj_bias", rng.normal(-5.0, 0.1, (2, WIDE.hidden))),
                ("dt_proj_weight", rng.normal(0.0, 0.02, (2, WIDE.hidden, 232))),
                ("x_proj_weight", rng.normal(0.0, 0.02, (2, 264, WIDE.hidden))),
            )
        }
        return llama(seed, WIDE) | steps

    report = compare_checkpoints(*(model(stranger(seed), llama_config(WIDE)) for seed in (1, 2)), effort="full")
    found = {item.test_id: item for item in report.evidence}["channel-signs"]
    assert found.log10_p is not None
    assert found.log10_p > -2
    assert report.verdict.relation == "independent"
