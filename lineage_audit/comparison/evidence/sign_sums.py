"""Sums of cosines that a sign flip negates, and the test on them: what every sign test is made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from lineage_audit.comparison.evidence.base import (
    CORRECTED_LOG10_P,
    TestDescription,
    WeightComparison,
    not_measured,
)
from lineage_audit.comparison.evidence.coins import hoeffding_log10_p, least_mean, log10_p
from lineage_audit.comparison.measurement import DoubleArray, Measurement
from lineage_audit.results import Evidence, LayerEvidence, NullSpread

SIGN_NULL = (
    "independent trainings give each unit's sign as a fair coin; counted up to 64 coins, "
    "else Hoeffding: p ≤ exp(−T² / 2Σx²) for T = Σx > 0"
)


@dataclass(frozen=True, slots=True, eq=False)
class SignTerms:
    """The sums x of cosines of one layer's units, float64, each of which a sign flip would negate.

    Attributes:
        layer: layer of B, or None for units of the whole model.
        values: one sum a unit; NaN where nothing was measured.
        cosines: how many cosines each sum holds.
        noise: variance that each sum has when its cosines are of random directions, the sum of 1 / width.
        sharing: how many of the sums one coin may decide: the experts of a layer may have started as copies, and so
            may the layers of B that come from one layer of A.
    """

    layer: int | None
    values: DoubleArray
    cosines: npt.NDArray[np.int64]
    noise: DoubleArray
    sharing: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class CosineTerm:
    """Cosines to add to units: unit numbers, the cosines, and how many elements each was taken over."""

    units: npt.NDArray[np.int64]
    cosines: DoubleArray
    width: int


def row_term(measured: Measurement, units: npt.NDArray[np.int64] | None = None) -> CosineTerm:
    """The cosines of a measurement's rows; the unit is the row's number unless given."""
    numbers = measured.pair.b_rows[measured.positions] if units is None else units
    cosines = np.where(measured.varying, measured.rows.cosine, np.nan)
    return CosineTerm(numbers, cosines, len(measured.columns.dot))


def column_term(measured: Measurement, units: npt.NDArray[np.int64] | None = None) -> CosineTerm:
    """The cosines of a measurement's columns; the unit is the column's number unless given."""
    columns = measured.columns.cosine if measured.varying.any() else np.full(len(measured.columns.dot), np.nan)
    return CosineTerm(np.arange(len(columns)) if units is None else units, columns, len(measured.positions))


def sum_cosines(layer: int | None, count: int, terms: Sequence[CosineTerm]) -> SignTerms:
    """Sum the terms' cosines into ``count`` units; NaNs are left out."""
    values, noise, cosines = np.zeros(count), np.zeros(count), np.zeros(count, dtype=np.int64)
    for term in terms:
        usable = np.isfinite(term.cosines)
        np.add.at(values, term.units[usable], term.cosines[usable])
        np.add.at(cosines, term.units[usable], 1)
        np.add.at(noise, term.units[usable], 1.0 / term.width)
    values[cosines == 0] = np.nan
    return SignTerms(layer, values, cosines, noise)


def with_common_sources(layers: Sequence[SignTerms], sources: Sequence[int | None]) -> list[SignTerms]:
    """The same sums, where those of layers of B that come from one layer of A may be decided by the same coins.

    Args:
        layers: the sums by layer of B.
        sources: the layer of A that each was held against.
    """
    together: Counter[int | None] = Counter()
    for part, source in zip(layers, sources, strict=True):
        together[source] += part.sharing
    return [replace(part, sharing=together[source]) for part, source in zip(layers, sources, strict=True)]


def sign_flip_evidence(
    test: TestDescription, units: str, layers: Sequence[SignTerms], comparison: WeightComparison, elements: int
) -> Evidence:
    """How likely fair coins give the pooled sum of cosines, with the effect as a mean cosine.

    Args:
        test: what is asked.
        units: what the units are called in a sentence.
        layers: the sums by layer.
        comparison: for coverage.
        elements: elements of B that were looked at.
    """
    kept = [(part, usable) for part in layers if (usable := np.isfinite(part.values)).any()]
    if not kept:
        return not_measured(test, "skipped", f"no {units} could be compared")
    values = np.concatenate([part.values[usable] for part, usable in kept])
    cosines = np.concatenate([part.cosines[usable] for part, usable in kept])
    noise = np.concatenate([part.noise[usable] for part, usable in kept])
    sharing = np.concatenate([np.full(int(usable.sum()), part.sharing) for part, usable in kept])
    effect = float(values.sum() / cosines.sum())
    return Evidence(
        test_id=test.test_id,
        question=test.question,
        status="measured",
        reason=None,
        statistic=float(values.sum()),
        log10_p=sum_log10_p(values, sharing),
        null=test.null,
        grade=test.grade,
        effect=effect,
        finding=f"{len(values):,} {units} agree at a mean cosine of {effect:.3f}; chance gives 0",
        count=len(values),
        coverage=elements / max(1, comparison.parameters),
        detection_limit=sign_detection_limit(values, cosines, float(noise.mean()), float(sharing.mean())),
        per_layer=tuple(_sign_layer(part, usable) for part, usable in kept if part.layer is not None),
        spread=NullSpread("sign-sum", float((sharing * np.square(values)).sum()) ** 0.5),
    )


def _sign_layer(part: SignTerms, usable: npt.NDArray[np.bool_]) -> LayerEvidence:
    """One layer's share of a sign test."""
    values = part.values[usable]
    return LayerEvidence(
        layer=part.layer or 0,
        count=len(values),
        statistic=float(values.sum()),
        effect=float(values.sum() / max(1, part.cosines[usable].sum())),
        log10_p=sum_log10_p(values, np.full(len(values), part.sharing)),
    )


def sum_log10_p(values: DoubleArray, sharing: npt.NDArray[np.int64]) -> float:
    """log10 p of a sum of symmetric terms, of which several may be decided by one coin.

    Args:
        values: the terms.
        sharing: for each term into how many sets of independent terms the terms of its kind fall.
    """
    return log10_p(values) if (sharing == 1).all() else hoeffding_log10_p(values, sharing)


def sign_detection_limit(
    values: DoubleArray, cosines: npt.NDArray[np.int64], noise: float, sharing: float = 1.0
) -> float | None:
    """Smallest true cosine that nine of ten such sums would show at ``CORRECTED_LOG10_P``; None when none would do.

    A true cosine c in every term adds m c to a sum of m cosines whose own spread is s. The spread is the one seen, and
    at least that of random directions; of terms that may share their coins only as many count as there are coins.
    """
    spread = max(noise, float(np.mean(np.square(values - values.mean()))))
    mean = least_mean(int(len(values) / sharing), spread**0.5, CORRECTED_LOG10_P)
    return None if mean is None else min(1.0, mean / float(np.mean(cosines)))
