"""Tests on matched rotary keys: the exact one on signs, the calibrated one on sizes, and what both would have shown.

A random sign is a KV group's frequency, never a query head's: the angle by which the query and the key of a frequency
may differ without a change is common to all query heads of the group.
"""

from __future__ import annotations

import math
from bisect import bisect_left

import numpy as np
import numpy.typing as npt

from lineage_audit.comparison.evidence.base import DETECTION_LOG10_P, TestDescription, not_measured, test_result
from lineage_audit.comparison.evidence.random_signs import log10_p
from lineage_audit.comparison.invariants.matching import ComplexArray, KeyMatch, KeyProducts, match_keys
from lineage_audit.comparison.verdict.thresholds import INVARIANTS
from lineage_audit.results import Evidence, LayerEvidence, NullSpread

SIGNS = TestDescription(
    "rotary-signs",
    "Do rotary pairs of key heads, matched by size in any layer, point the same way over shared tokens?",
    "independent trainings give each pair's sign as a fair coin; Hoeffding: p ≤ exp(−T² / 2Σx²) for T = Σx > 0",
)

AGREEMENT = TestDescription(
    "rotary-agreement",
    "Does each layer have one layer of the other model whose key heads agree with its own over shared tokens?",
    "calibrated: key heads of independent models lead each other by noise",
    grade="calibrated",
)

LAYERS = TestDescription(
    "rotary-layer-agreement",
    "Is there a single layer whose key heads agree with those of one layer of the other model?",
    "calibrated: key heads of independent models lead each other by noise",
    grade="calibrated",
)

_PLANTINGS = 10
"""Relations that are planted at a size, all of which must be found."""

_LEVEL = DETECTION_LOG10_P - 1.0
"""Planted relations have to reach this level, so that Bonferroni over ten tests leaves the verdict's."""

_LEFT = 0.75
"""What is left of c² where B has gains of its own, and directions are weighed alike: planted between strangers .75 of
random ones, .83 and more of trained ones."""

_SIZES = (*(size / 100 for size in range(4, 20)), 0.2, 0.25, 0.3, 0.4, 0.5, 0.7, 0.9)


def unasked(reason: str) -> tuple[Evidence, ...]:
    """The three tests where keys could not be asked."""
    return tuple(not_measured(test, "skipped", reason) for test in (SIGNS, AGREEMENT, LAYERS))


def measure_signs(products: KeyProducts, match: KeyMatch, parameters: int) -> Evidence:
    """Add the real parts of matched products by random sign, and bound their sum.

    Args:
        products: all products.
        match: what belongs together.
        parameters: B's, for coverage.
    """
    terms = terms_of(products, match)
    if not len(terms):
        return not_measured(SIGNS, "skipped", "no rotary keys could be compared")
    matched = _matched(products.across, match)
    effect = float(matched.real.mean())
    return test_result(
        SIGNS,
        statistic=float(terms.sum()),
        log10_p=log10_p(terms),
        effect=effect,
        finding=f"{len(terms):,} rotary key pairs agree at a mean cosine of {effect:.3f}; chance gives 0",
        count=len(terms),
        coverage=products.keys_b.elements / max(1, parameters),
        detection_limit=_planted_limit(products),
        per_layer=_by_layer(products, match),
        spread=NullSpread("sign-sum", float(np.square(terms).sum()) ** 0.5),
    )


def terms_of(products: KeyProducts, match: KeyMatch) -> npt.NDArray[np.float64]:
    """The sums of real parts of what is matched, one a random sign."""
    return _terms(products, match, products.across)


def measure_agreement(match: KeyMatch) -> Evidence:
    """How clearly the layers of B find their sources in A, by the sizes of matched products."""
    found = match.clear
    share = len(found) / max(1, len(match.layers))
    size = float(match.sizes.mean())
    match_margin = float(match.match_margins.mean())
    return test_result(
        AGREEMENT,
        statistic=float(match.match_margins.max(initial=0.0)),
        effect=match_margin,
        finding=f"{len(found):,} of {len(match.layers):,} layers have a clear source; their key heads agree at "
        f"{size:.2f} in size and lead the next layer by {match_margin:.2f} once common directions weigh no more than "
        f"others; independent models lead by under {INVARIANTS.unclear_margin:.2f}",
        count=len(match.layers),
        coverage=share,
        per_layer=tuple(
            LayerEvidence(int(layer), 1, float(size), float(match_margin), None)
            for layer, size, match_margin in zip(match.layers, match.sizes, match.match_margins, strict=True)
        ),
    )


def measure_best_layer(match: KeyMatch) -> Evidence:
    """How clearly the clearest layer of B finds its source: one layer may be all that was taken."""
    row = int(match.match_margins.argmax())
    layer, source, match_margin = int(match.layers[row]), int(match.best[row]), float(match.match_margins[row])
    return test_result(
        LAYERS,
        statistic=match_margin,
        effect=match_margin,
        finding=f"the key heads of B's layer {layer} agree with those of A's layer {source} at "
        f"{match.sizes[row]:.2f} in size and lead the next by {match_margin:.2f}",
        count=len(match.layers),
        coverage=1 / max(1, len(match.layers)),
    )


def _planted_limit(products: KeyProducts) -> float | None:
    """The smallest cosine of a relation that, planted under a new order of layers and heads, is found nearly always.

    Signs have to show it; and its layers have to lead by more than those of independent models, which is what is left
    where every sign was drawn anew. A planted product is s times one of A's with itself and √(1 − s²) times one at
    hand. Where all weights agree at a cosine c, a key over tokens agrees at nearly s = c², for key and embedding are
    both B's own but for a share of c.
    None where even equal keys would not be enough.
    """

    def are_found(size: float) -> bool:
        return all(_is_found(products, size, seed) for seed in range(_PLANTINGS))

    smallest = bisect_left(_SIZES, True, key=are_found)
    return min(1.0, math.sqrt(_SIZES[smallest] / _LEFT)) if smallest < len(_SIZES) else None


def _is_found(products: KeyProducts, size: float, seed: int) -> bool:
    """Plant products of one size and look for them."""
    sources = _planted_sources(products, np.random.default_rng(seed))
    own, random = math.sqrt(1.0 - size * size), np.random.default_rng([seed, 1])
    strange = np.where(np.abs(products.across) >= INVARIANTS.copy, 0.0, products.across)
    strange = strange[:, random.permutation(strange.shape[1])]
    across = size * products.within[:, sources] + own * strange
    match = match_keys(products, across)
    by_signs = log10_p(_terms(products, match, across)) <= _LEVEL
    return by_signs and float(match.match_margins.mean()) >= INVARIANTS.unclear_margin


def _planted_sources(products: KeyProducts, random: np.random.Generator) -> npt.NDArray[np.int64]:
    """For each head of B a head of A: layers in a random order, heads of a layer in a random order."""
    layers_a, layers_b = products.keys_a.layers, products.keys_b.layers
    numbers_a, numbers_b = np.unique(layers_a), np.unique(layers_b)
    order = np.resize(random.permutation(numbers_a), len(numbers_b))
    sources = np.empty(len(layers_b), dtype=np.int64)
    for layer_b, layer_a in zip(numbers_b, order, strict=True):
        own = np.flatnonzero(layers_b == layer_b)
        sources[own] = np.resize(random.permutation(np.flatnonzero(layers_a == layer_a)), len(own))
    return sources


def _matched(across: ComplexArray, match: KeyMatch) -> ComplexArray:
    """The products of what is matched, ``[frequencies, heads of B]``."""
    return across[:, np.arange(across.shape[1]), match.a_heads]


def _terms(products: KeyProducts, match: KeyMatch, across: ComplexArray) -> npt.NDArray[np.float64]:
    """One sum of real parts a random sign."""
    matched = _matched(across, match).real.astype(np.float64)
    labels = products.random_signs[match.a_heads]
    random_signs = np.arange(len(matched))[:, None] * (labels.max(initial=-1) + 1) + labels
    _, numbers = np.unique(random_signs.ravel(), return_inverse=True)
    terms: npt.NDArray[np.float64] = np.bincount(numbers, weights=matched.ravel()).astype(np.float64)
    return terms


def _by_layer(products: KeyProducts, match: KeyMatch) -> tuple[LayerEvidence, ...]:
    """What each layer adds."""
    matched = _matched(products.across, match).real.astype(np.float64)
    own = [(int(layer), matched[:, products.keys_b.layers == layer].ravel()) for layer in match.layers]
    return tuple(
        LayerEvidence(layer, len(terms), float(terms.sum()), float(terms.mean()), log10_p(terms))
        for layer, terms in own
    )
