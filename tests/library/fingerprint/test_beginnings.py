"""What strangers begin with in common accuses nobody between fingerprints either."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from lineage_audit.library.fingerprint import compare_fingerprints
from tests.library.models import SIZE, fingerprint
from tests.models import Array, Weights, llama, noisy

Change = Callable[[Array], Array]


def _matrices(weights: Weights, change: Change) -> Weights:
    return {n: change(x).astype(np.float32) if x.ndim == 2 else x for n, x in weights.items()}


def _mean(values: Array) -> Array:
    return values + 0.5 * values.std()


def _positive(values: Array) -> Array:
    return np.abs(values)


def _identity(values: Array) -> Array:
    return values + np.eye(*values.shape)


def _mask(values: Array) -> Array:
    return values * (np.random.default_rng(values.shape).random(values.shape) < 0.25)


def _blocks(values: Array) -> Array:
    return values * np.kron(np.eye(4), np.ones((len(values) // 4, values.shape[1] // 4)))


def _padding(values: Array) -> Array:
    return np.concatenate([values[:-16], np.full_like(values[-16:], 0.05)])


def _table(values: Array) -> Array:
    rates = 10000.0 ** (-np.arange(values.shape[1]) / values.shape[1])
    return np.concatenate([0.02 * np.sin(np.arange(1, 17)[:, None] * rates), values[16:]])


@pytest.mark.parametrize("change", [_mean, _positive, _identity, _mask, _blocks, _padding, _table])
def test_strangers_with_something_in_common_are_not_related(change: Change) -> None:
    a, b = (fingerprint(_matrices(llama(seed, SIZE), change)) for seed in (1, 2))
    assert compare_fingerprints(a, b).verdict.relation in ("independent", "inconclusive")


@pytest.mark.parametrize("change", [_mean, _identity, _mask, _blocks, _padding, _table])
def test_and_it_hides_no_copy(change: Change) -> None:
    a, b = (fingerprint(_matrices(one, change)) for one in (llama(1, SIZE), noisy(llama(1, SIZE), 2, 0.1)))
    assert compare_fingerprints(a, b).verdict.relation == "derived"
