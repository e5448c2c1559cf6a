"""What the search would have found: a statement of its power where it found nothing.

A channel or a unit is found when its counterpart leads the best of the others. Among n random directions of width w
the best has a cosine of about √(2 ln n / w), so the counterpart has to agree by that much and the clear match margin
more, in the embeddings (over shared tokens) and in the gate rows.
"""

from __future__ import annotations

import math

import numpy as np

from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import IntArray
from lineage_audit.comparison.alignment.assignment import clear_match_margin
from lineage_audit.comparison.alignment.basis import PROJECTED_FROM
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.alignment.vector_fits import VECTORS_A_CHANNEL
from lineage_audit.comparison.evidence.base import TestDescription, not_measured, test_result
from lineage_audit.comparison.pairing.tensors import rows_of_tokens
from lineage_audit.comparison.verdict.thresholds import MATCHED_CHANNELS, MATCHED_UNITS
from lineage_audit.results import Evidence

TEST = TestDescription(
    "search",
    "Do FFN units of one model stand among the other's, in any order, layer, width or basis?",
    "none: it states what would have been found",
    grade="calibrated",
)

_ONE_DIRECTION = 0.5
"""Sum of the squared Gram matrix over its squared trace: 1 for rows along one direction, 1 / d for even ones."""


def search_power(a: CanonicalWeights, b: CanonicalWeights, token_rows: tuple[IntArray, IntArray] | None) -> Evidence:
    """Say how weak a relation the search would have found, after it found none."""
    embed_a, embed_b = a.find(Role.EMBED, None), b.find(Role.EMBED, None)
    width = max(a.channels, b.channels)
    units = max((rows.shape[0] for weights in (a, b) for rows in weights.probed()), default=0)
    if embed_a is None or embed_b is None or not width or not units:
        return not_measured(TEST, "skipped", "no embeddings or no FFN units to search among")
    tokens = len(rows_of_tokens(embed_a, embed_b, token_rows)[0])
    if tokens < VECTORS_A_CHANNEL * width:
        return not_measured(TEST, "skipped", f"only {tokens:,} tokens are shared, too few to order {width:,} channels")
    if _hardly_differ(a) or _hardly_differ(b):
        return not_measured(TEST, "skipped", "the gate rows of one model hardly differ from each other")
    projected = min(width, PROJECTED_FROM)
    limit = max(
        _best_of_random(width, tokens) + clear_match_margin(MATCHED_CHANNELS.clear_margin, tokens),
        _best_of_random(units, projected) + clear_match_margin(MATCHED_UNITS.layer_margin, projected),
    )
    return test_result(
        TEST,
        statistic=None,
        effect=None,
        finding=f"none found; units and channels that agree at a cosine of {limit:.2f} would have been",
        count=tokens,
        coverage=0.0,
        detection_limit=min(1.0, limit),
    )


def _hardly_differ(weights: CanonicalWeights) -> bool:
    """Tell whether most of what gate rows hold lies along one direction, as in a model of constants."""
    gram = weights.gate_gram
    return gram is not None and float(np.square(gram).sum()) > _ONE_DIRECTION * float(np.trace(gram)) ** 2


def _best_of_random(count: int, width: int) -> float:
    """About the largest |cosine| of a vector with ``count`` random ones."""
    return math.sqrt(2 * math.log(max(2, count)) / width)
