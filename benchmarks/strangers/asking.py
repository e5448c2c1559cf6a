"""What the exact tests say of two models: under their own numbers, by invariants, and after the search."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from benchmarks.strangers.models import Drawn
from lineage_audit.comparison.alignment.aligned import align_weights
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.evidence import (
    calibrated_where_guessed,
    channel_fixed_points,
    channel_signs,
    ffn_fixed_points,
    ffn_signs,
    head_fixed_points,
    query_key_signs,
    value_output_signs,
)
from lineage_audit.comparison.evidence.base import WeightComparison
from lineage_audit.comparison.evidence.random_signs import log10_p
from lineage_audit.comparison.invariants import ask_invariants, rotary_tests
from lineage_audit.comparison.invariants.matching import match_keys, multiply
from lineage_audit.comparison.progress import NoProgress
from lineage_audit.comparison.reading.measurement import measure_values, place_of
from lineage_audit.comparison.reading.plan import default_budget
from lineage_audit.comparison.symmetries.setting import comparison_of
from lineage_audit.results import Evidence

FEWEST_SIGNS = 37
"""Random signs from which on a test's p-values are counted here: fewer give few p-values, and none small enough."""

IN_PLACE = (
    ffn_signs.measure,
    value_output_signs.measure,
    query_key_signs.measure,
    channel_signs.measure,
    ffn_fixed_points.measure,
    head_fixed_points.measure,
    channel_fixed_points.measure,
)
"""The exact tests under the models' own numbers."""


def ask(a: Drawn, b: Drawn) -> Mapping[str, float]:
    """log10 p of every exact test in place, and of rotary keys, that had random signs enough."""
    found = _exact(_in_place(compared(a, b)))
    by_keys = _rotary_log10_p(a, b)
    return found if by_keys is None else {**found, rotary_tests.SIGNS.test_id: by_keys}


def ask_all(a: Drawn, b: Drawn, *, searches: bool) -> Mapping[str, float]:
    """The same of all invariants, and of what the search finds where it is made."""
    comparison = compared(a, b)
    weights = CanonicalWeights(a.checkpoint), CanonicalWeights(b.checkpoint)
    invariants = ask_invariants(*weights, None, default_budget(a.checkpoint), NoProgress())
    found = align_weights(*weights, comparison, None, invariants.layers, "full", NoProgress()) if searches else None
    return _exact((*_in_place(comparison), *invariants.evidence, *(found.evidence if found else ())))


def _in_place(comparison: WeightComparison) -> tuple[Evidence, ...]:
    return calibrated_where_guessed(tuple(test(comparison) for test in IN_PLACE), comparison)


def compared(a: Drawn, b: Drawn) -> WeightComparison:
    """All matrices, each number against the same number."""
    common = a.common
    measured = {
        place_of(reading.pair): measure_values(reading, values, trained)
        for reading, values, trained in zip(
            common.readings,
            zip(a.matrices, b.matrices, strict=True),
            zip(a.trained, b.trained, strict=True),
            strict=True,
        )
    }
    return comparison_of(a.checkpoint, b.checkpoint, common.pairs, measured)


def _exact(evidence: Iterable[Evidence]) -> dict[str, float]:
    return {item.test_id: p for item in evidence if (p := _exact_log10_p(item)) is not None}


def _exact_log10_p(item: Evidence) -> float | None:
    is_of_signs = item.spread is not None and item.spread.family == "sign-sum"
    is_counted = item.grade == "exact" and (item.count >= FEWEST_SIGNS or not is_of_signs)
    return item.log10_p if is_counted else None


def _rotary_log10_p(a: Drawn, b: Drawn) -> float | None:
    """The test on rotary keys that found each other by their sizes, without what it would have shown."""
    if a.keys is None or b.keys is None:
        return None
    products = multiply(a.keys, b.keys)
    terms = rotary_tests.terms_of(products, match_keys(products))
    return log10_p(terms) if len(terms) >= FEWEST_SIGNS else None
