"""Numbers of residual channels: independent trainings number them at random.

Each channel is a column of the embedding over the tokens that both models have. Columns are centred over tokens
first, since token frequency moves all of them together.
"""

from __future__ import annotations

import numpy as np

from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.evidence.base import TestDescription, WeightComparison, not_measured, unit_rows
from lineage_audit.comparison.evidence.matched_labels import LABEL_NULL, fixed_point_evidence, match_block
from lineage_audit.comparison.reading.measurement import FloatArray
from lineage_audit.results import Evidence

TEST = TestDescription(
    "channel-fixed-points", "Does each residual channel best match the one with its own number?", LABEL_NULL
)

_CHANNEL_LIMIT = 2048
"""Channels that enter; more would cost time and add nothing to a p-value of 10^-5000."""

_FEWEST_TOKENS = 16

_TELLING = 0.02
"""Share of elements that are zero in both models, beyond what units of other numbers have, from which zeros tell."""

_ORDERS = 4
"""Wrong orders that tell how many zeros agree by chance."""


def measure(comparison: WeightComparison) -> Evidence:
    """Match the channels by their embedding columns over shared tokens."""
    if reason := comparison.broken.get(TEST.test_id):
        return not_measured(TEST, "not-applicable", reason)
    embedding = comparison.find(Role.EMBED, None)
    if embedding is None or len(embedding.kept_a) < _FEWEST_TOKENS:
        return not_measured(TEST, "skipped", f"fewer than {_FEWEST_TOKENS} embedding rows could be compared")
    if zeros_tell(*(tokens[:, :_CHANNEL_LIMIT].T for tokens in (embedding.kept_a, embedding.kept_b))):
        return not_measured(TEST, "not-applicable", "zeros in the same places of both embeddings tell the channels")
    columns_a, columns_b = _columns(embedding.kept_a), _columns(embedding.kept_b)
    block = match_block(None, np.abs(columns_b @ columns_a.T), 1)
    return fixed_point_evidence(
        TEST, "residual channels", [block], comparison, embedding.kept_b[:, :_CHANNEL_LIMIT].size
    )


def _columns(tokens: FloatArray) -> FloatArray:
    """Centred columns of length one, as rows ``[channels, tokens]``; token rows are scaled to length one first."""
    columns = unit_rows(tokens)[:, :_CHANNEL_LIMIT].T
    return unit_rows(columns - columns.mean(axis=1, keepdims=True))


def zeros_tell(a: FloatArray, b: FloatArray) -> bool:
    """Whether zeros stand in the same places of units (rows) with the same number, more than of others."""
    zeros_a, zeros_b = a == 0, b == 0
    if min(zeros_a.mean(), zeros_b.mean()) < _TELLING:
        return False
    random = np.random.default_rng(0)
    by_chance = [(zeros_a & zeros_b[random.permutation(len(b))]).mean() for _ in range(_ORDERS)]
    return bool((zeros_a & zeros_b).mean() - np.mean(by_chance) > _TELLING)
