"""Sums of cosines that a sign flip negates, and the test on them: what every sign test is made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import replace

from lineage_audit.checkpoint.tensors import IntArray
from lineage_audit.comparison.evidence.base import (
    CORRECTED_LOG10_P,
    TestDescription,
    WeightComparison,
    not_measured,
    test_result,
)
from lineage_audit.comparison.evidence.random_signs import hoeffding_log10_p, least_mean, log10_p
from lineage_audit.comparison.reading.measurement import DoubleArray, Measurement
from lineage_audit.results import Evidence, LayerEvidence, NullSpread

SIGN_NULL = (
    "independent trainings give each unit's sign as a fair coin; counted up to 64 coins, "
    "else Hoeffding: p ≤ exp(−T² / 2Σx²) for T = Σx > 0"
)


class SignTerms(Struct, frozen=True, eq=False):
    """The sums x of cosines of one layer's units, float64, each of which a sign flip would negate.

    Attributes:
        layer: layer of B, or None for units of the whole model.
        values: one sum a unit; NaN where nothing was measured.
        cosines: how many cosines each sum holds.
        noise: variance that each sum has when its cosines are of random directions, the sum of 1 / width.
        sharing: how many of the sums one random sign may decide: the experts of a layer may have started as copies,
            and so may the layers of B that come from one layer of A.
        random_signs: the random sign that decides each sum, numbered over all layers; None where each has its own.
    """

    layer: int | None
    values: DoubleArray
    cosines: npt.NDArray[np.int64]
    noise: DoubleArray
    sharing: int = 1
    random_signs: IntArray | None = None

    def by_random_sign(self) -> SignTerms:
        """The sums that one random sign decides, added."""
        usable = np.isfinite(self.values)
        if self.random_signs is None:
            return replace(self, values=self.values[usable], cosines=self.cosines[usable], noise=self.noise[usable])
        labels = self.random_signs[usable]
        if (np.diff(labels) > 0).all():  # each has its own, and none is out of order
            held = (self.values[usable], self.cosines[usable], self.noise[usable])
            return replace(self, values=held[0], cosines=held[1], noise=held[2], random_signs=labels)
        random_signs, own = np.unique(labels, return_inverse=True)
        values, noise, cosines = (
            np.zeros(len(random_signs)),
            np.zeros(len(random_signs)),
            np.zeros(len(random_signs), dtype=np.int64),
        )
        np.add.at(values, own, self.values[usable])
        np.add.at(noise, own, self.noise[usable])
        np.add.at(cosines, own, self.cosines[usable])
        return replace(self, values=values, cosines=cosines, noise=noise, random_signs=random_signs)


class CosineTerm(Struct, frozen=True, eq=False):
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


def with_common_sources(layers: Sequence[SignTerms], sources: Sequence[Hashable]) -> list[SignTerms]:
    """The same sums, where those of layers of B that come from one layer of A may be decided by the same random signs.

    Args:
        layers: the sums by layer of B.
        sources: what each was held against: a layer of A, or units of one kind in it.
    """
    together: Counter[Hashable] = Counter()
    counted: set[tuple[Hashable, bytes]] = set()
    for number, (part, source) in enumerate(zip(layers, sources, strict=True)):
        random_signs = (source, part.random_signs.tobytes() if part.random_signs is not None else number.to_bytes(8))
        if random_signs not in counted:  # layers that share all their random signs were added
            together[source] += part.sharing
        counted.add(random_signs)
    return [replace(part, sharing=together[source]) for part, source in zip(layers, sources, strict=True)]


def sign_flip_evidence(
    test: TestDescription, units: str, layers: Sequence[SignTerms], comparison: WeightComparison, elements: int
) -> Evidence:
    """How likely fair random signs give the pooled sum of cosines, with the effect as a mean cosine.

    Args:
        test: what is asked.
        units: what the units are called in a sentence.
        layers: the sums by layer.
        comparison: for coverage.
        elements: elements of B that were looked at.
    """
    kept = [part.by_random_sign() for part in layers if np.isfinite(part.values).any()]
    if not kept:
        return not_measured(test, "skipped", f"no {units} could be compared")
    compared = sum(int(np.isfinite(part.values).sum()) for part in layers)
    whole, sharing = _pooled(kept)
    values, cosines, noise = whole.values, whole.cosines, whole.noise
    effect = float(values.sum() / cosines.sum())
    copies = f", {len(values):,} of them distinct in both models," if len(values) < compared else ""
    return test_result(
        test,
        statistic=float(values.sum()),
        log10_p=_sum_log10_p(values, sharing),
        effect=effect,
        finding=f"{compared:,} {units}{copies} agree at a mean cosine of {effect:.3f}; chance gives 0",
        count=len(values),
        coverage=elements / max(1, comparison.parameters),
        detection_limit=_sign_detection_limit(values, cosines, float(noise.mean()), float(sharing.mean())),
        per_layer=tuple(_sign_layer(part) for part in kept if part.layer is not None),
        spread=NullSpread("sign-sum", float((sharing * np.square(values)).sum()) ** 0.5),
    )


def _pooled(layers: Sequence[SignTerms]) -> tuple[SignTerms, IntArray]:
    """The sums of all layers, those of one random sign added, and for each in how many sets its kind falls."""
    firsts = np.cumsum([0, *(len(part.values) for part in layers)]) - 2**62  # random signs of layers that number none
    own = [np.arange(first, first + len(part.values)) for first, part in zip(firsts, layers, strict=False)]
    random_signs = np.concatenate(
        [mine if part.random_signs is None else part.random_signs for mine, part in zip(own, layers, strict=True)]
    )
    sharing = np.concatenate([np.full(len(part.values), part.sharing) for part in layers])
    whole = SignTerms(
        None,
        np.concatenate([part.values for part in layers]),
        np.concatenate([part.cosines for part in layers]),
        np.concatenate([part.noise for part in layers]),
        random_signs=random_signs,
    ).by_random_sign()
    assert whole.random_signs is not None, "they were given"
    of_random_sign = np.ones(len(whole.values), dtype=np.int64)
    np.maximum.at(of_random_sign, np.searchsorted(whole.random_signs, random_signs), sharing)
    return whole, of_random_sign


def _sign_layer(part: SignTerms) -> LayerEvidence:
    """One layer's share of a sign test."""
    return LayerEvidence(
        layer=part.layer or 0,
        count=len(part.values),
        statistic=float(part.values.sum()),
        effect=float(part.values.sum() / max(1, part.cosines.sum())),
        log10_p=_sum_log10_p(part.values, np.full(len(part.values), part.sharing)),
    )


def _sum_log10_p(values: DoubleArray, sharing: npt.NDArray[np.int64]) -> float:
    """log10 p of a sum of symmetric terms, of which several may be decided by one random sign.

    Args:
        values: the terms.
        sharing: for each term into how many sets of independent terms the terms of its kind fall.
    """
    return log10_p(values) if (sharing == 1).all() else hoeffding_log10_p(values, sharing)


def _sign_detection_limit(
    values: DoubleArray, cosines: npt.NDArray[np.int64], noise: float, sharing: float = 1.0
) -> float | None:
    """Smallest true cosine that nine of ten such sums would show at ``CORRECTED_LOG10_P``; None when none would do.

    A true cosine c in every term adds m c to a sum of m cosines whose own spread is s. The spread is the one seen, and
    at least that of random directions; of terms that may share their random signs only as many count as there are
    random signs.
    """
    spread = max(noise, float(np.mean(np.square(values - values.mean()))))
    mean = least_mean(int(len(values) / sharing), spread**0.5, CORRECTED_LOG10_P)
    return None if mean is None else min(1.0, mean / float(np.mean(cosines)))
