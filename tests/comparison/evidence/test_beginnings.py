"""What strangers begin with in common accuses nobody: identities, tables by one formula, frozen embeddings."""

from __future__ import annotations

import numpy as np
import pytest

from lineage_audit import Verdict
from lineage_audit.comparison import compare_checkpoints
from lineage_audit.comparison.reading.set_values import without_set_diagonal
from tests.models import WIDE, Array, Weights, llama, llama_config, model

CONFIG = llama_config(WIDE)
ONE, OTHER = llama(1, WIDE), llama(2, WIDE)


def _verdict(a: Weights, b: Weights) -> Verdict:
    return compare_checkpoints(model(a, CONFIG), model(b, CONFIG), effort="full").verdict


def _with_identities(weights: Weights) -> Weights:
    """An identity in every matrix, in tall ones as many as there is room for."""

    def change(values: Array) -> Array:
        count, width = values.shape
        return values + np.resize(np.eye(width, dtype=np.float32), (max(count, width), width))[:count]

    return {name: change(values) if values.ndim == 2 else values for name, values in weights.items()}


def _sinusoid(dtype: type) -> Array:
    rates = np.exp(np.arange(0, WIDE.hidden, 2, dtype=dtype) * dtype(-np.log(10000.0) / WIDE.hidden))
    angles = np.arange(256, dtype=dtype)[:, None] * rates
    return np.stack([np.sin(angles), np.cos(angles)], axis=2).reshape(256, -1).astype(np.float32)


def _cosines(dtype: type) -> Array:
    count = WIDE.hidden
    places = np.arange(count, dtype=dtype)
    return np.cos(dtype(np.pi) / count * (places + dtype(0.5)) * places[:, None]).astype(np.float32)


def test_identities_below_what_was_trained_are_no_relation() -> None:
    assert _verdict(_with_identities(ONE), _with_identities(OTHER)).relation == "independent"


def test_identities_hide_no_copy() -> None:
    rng = np.random.default_rng(3)
    tuned = {name: (x + 0.2 * x.std() * rng.standard_normal(x.shape)).astype(np.float32) for name, x in ONE.items()}
    assert _verdict(_with_identities(ONE), _with_identities(tuned)).relation == "derived"


@pytest.mark.parametrize("table", [_sinusoid, _cosines])
def test_a_table_by_one_formula_is_no_relation(table) -> None:
    single, double = table(np.float32), table(np.float64)
    assert not np.array_equal(single, double)
    a, b = {**ONE, "model.basis.weight": single}, {**OTHER, "model.basis.weight": double}
    assert _verdict(a, b).relation == "independent"


def test_a_frozen_table_of_embeddings_is_a_common_basis_and_no_descent() -> None:
    embeddings = llama(3, WIDE)["model.embed_tokens.weight"]
    verdict = _verdict(*({**one, "model.embed_tokens.weight": embeddings} for one in (ONE, OTHER)))
    assert verdict.relation == "shared-origin"
    assert "no layer weights" in verdict.summary


def test_rows_that_no_training_moved_make_no_descent() -> None:
    rng = np.random.default_rng(5)

    def trained(seed: int) -> Weights:
        own = np.random.default_rng(seed)
        apart = {n: (x + 1.5 * x.std() * own.standard_normal(x.shape)).astype(np.float32) for n, x in ONE.items()}
        for name in ("model.embed_tokens.weight", "lm_head.weight"):
            apart[name][::4] = ONE[name][::4]
        gains = [name for name in apart if "norm" in name]
        return apart | {name: (1 + 0.1 * own.standard_normal(WIDE.hidden)).astype(np.float32) for name in gains}

    verdict = _verdict(trained(int(rng.integers(100))), trained(101))
    assert verdict.relation == "shared-origin"


def test_a_diagonal_is_cleared_where_it_was_set_and_only_there() -> None:
    plain = np.random.default_rng(1).standard_normal((64, 64)).astype(np.float32)
    rows = np.arange(64)
    assert without_set_diagonal(plain, rows) is plain
    cleared = without_set_diagonal(plain + 5 * np.eye(64, dtype=np.float32), rows)
    assert not np.diagonal(cleared).any()
    np.testing.assert_array_equal(cleared + np.diag(np.diagonal(plain)), plain)
    order = np.random.default_rng(2).permutation(64)
    np.testing.assert_array_equal(
        without_set_diagonal((plain + 5 * np.eye(64, dtype=np.float32))[order], order), cleared[order]
    )
