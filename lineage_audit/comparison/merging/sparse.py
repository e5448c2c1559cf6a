"""TIES and DARE as an explanation: patterns fitted, densities counted, and the recipe's own weights from both."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from lineage_audit.checkpoint.reading import RowRequest
from lineage_audit.comparison.alignment.spreading import spread_places
from lineage_audit.comparison.merging.algebra import RESAMPLES, resampled
from lineage_audit.comparison.merging.explanations import Material, dtype_of, shares
from lineage_audit.comparison.merging.members import CommonPlace, Members
from lineage_audit.comparison.merging.pattern_fitting import PatternFit, fit_patterns
from lineage_audit.comparison.merging.pattern_newton import from_free, newton_terms, pattern_grams, to_free
from lineage_audit.comparison.merging.patterns import Coefficients, Sample
from lineage_audit.comparison.merging.sparsity import Eligible, Sparsity, measure_sparsity
from lineage_audit.comparison.reading.finite import NOTHING, ratio, zero_where_unusable
from lineage_audit.results import MergeMethod, Share

DoubleArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


class SparseExplanation(Struct, frozen=True, eq=False):
    """Elements of the parents' deltas, kept or dropped.

    Attributes:
        material: the shared places.
        samples: the elements that were looked at.
        fitted: the patterns.
        sparsity: how elements were chosen.
        eligible: what densities were counted on, by parent.
        grams: inner products by sample and pattern, ``[samples, patterns, vectors, vectors]``.
        residuals: see `explanations.Explanation`.
    """

    material: Material
    samples: tuple[Sample, ...]
    fitted: PatternFit
    sparsity: Sparsity
    eligible: tuple[Eligible, ...]
    grams: DoubleArray
    residuals: DoubleArray

    @property
    def method(self) -> MergeMethod:
        """The method's name in use."""
        elects = self.sparsity.elects_signs
        if not self.sparsity.by_size:
            return "dare-ties" if elects else "dare-linear"
        if self.sparsity.outliers.any():
            return "breadcrumbs-ties" if elects else "breadcrumbs"
        return "ties" if elects else "magnitude-pruned"

    @property
    def normalized(self) -> bool:
        """Whether weights were divided by the sum of those kept."""
        return self.fitted.coefficients.weights is not None

    @property
    def factor(self) -> float:
        """What the merged delta was scaled by beyond weights and densities; 1 unless weights are normalised."""
        if not self.normalized:
            return 1.0
        return float(np.mean(self.fitted.coefficients.scales / self._rescaling(self.sparsity.densities)))

    def weights_in(self, places: BoolArray) -> tuple[Share, ...]:
        """See `explanations.Explanation`: the weights that the recipe takes."""
        chosen = [number for number, sample in enumerate(self.samples) if places[sample.place]]
        drawn = resampled(len(chosen)) if chosen else np.zeros((0, 0))
        if not len(drawn):
            return ()
        coefficients = self._fitted_to(self.grams[chosen].sum(axis=0))
        gradient, curvature = newton_terms(coefficients, self.grams[chosen])
        moves = _moves(drawn, gradient, curvature)
        densities = self._densities(chosen, np.ones((1, len(chosen))))[0]
        many = self._densities(chosen, drawn)
        weights = self._recipe_weights(coefficients, densities)
        around = np.stack(
            [
                self._recipe_weights(from_free(coefficients, to_free(coefficients) + move), density)
                for move, density in zip(moves, many, strict=True)
            ]
        )
        low, high = np.percentile(around, (2.5, 97.5), axis=0)
        return shares(weights, low, high, dtype_of(self.material.places))

    def _fitted_to(self, grams: DoubleArray) -> Coefficients:
        """The common coefficients, moved to fit some samples on their own."""
        coefficients = self.fitted.coefficients
        gradient, curvature = newton_terms(coefficients, grams)
        return from_free(coefficients, to_free(coefficients) + _solved(curvature, gradient))

    def _densities(self, chosen: Sequence[int], drawn: DoubleArray) -> DoubleArray:
        """Each parent's density over resampled samples, ``[resamples, parents]``."""
        whole = np.tile(self.sparsity.densities, (len(drawn), 1))
        if self.sparsity.by_size:
            return whole
        for parent, eligible in enumerate(self.eligible):
            kept = np.bincount(eligible.place, eligible.kept, len(self.samples))[chosen]
            count = np.bincount(eligible.place, minlength=len(self.samples))[chosen]
            if count.sum():
                # Whole samples are few: what a random sign of this density would vary by comes on top.
                rng = np.random.default_rng(parent)
                rates = (drawn @ kept) / np.maximum(drawn @ count, 1)
                noise = np.sqrt(rates * (1 - rates) / count.sum()) if len(drawn) == RESAMPLES else 0.0
                whole[:, parent] = np.clip(rates + noise * rng.standard_normal(len(drawn)), 1e-6, 1.0)
        return whole

    def _recipe_weights(self, coefficients: Coefficients, densities: DoubleArray) -> DoubleArray:
        if coefficients.weights is not None:
            return coefficients.weights
        return coefficients.scales / self._rescaling(densities)

    def _rescaling(self, densities: DoubleArray) -> DoubleArray:
        """What random dropping multiplies the kept elements by; dropping by size leaves them as they are."""
        return np.ones_like(densities) if self.sparsity.by_size else 1.0 / np.maximum(densities, 1e-6)


def explain_sparsely(members: Members, material: Material) -> SparseExplanation | None:
    """Fit patterns where a base was named, or return None where none predicts the elements."""
    if members.base is None:
        return None
    samples = _sample_places(members, material.places)
    fitted = fit_patterns(samples)
    if fitted is None:
        return None
    sparsity, eligible = measure_sparsity(samples, fitted.matches, fitted.coefficients)
    grams = np.stack([pattern_grams(sample, found) for sample, found in zip(samples, fitted.matches, strict=True)])
    return SparseExplanation(
        material, samples, fitted, sparsity, eligible, grams, _residuals(material, samples, fitted)
    )


def _residuals(material: Material, samples: Sequence[Sample], fitted: PatternFit) -> DoubleArray:
    """What the nearest patterns leave of the sampled elements, scaled up to whole places.

    Places that were not sampled (vectors) are put down at the mean share of the others.
    """
    left = np.full(len(material.places), np.nan)
    for sample, found in zip(samples, fitted.matches, strict=True):
        scale = material.places[sample.place].child.size / max(1, len(sample.child))
        left[sample.place] = scale * float((found.residual**2).sum())
    known = ~np.isnan(left)
    to_explain = material.to_explain
    share = ratio(left[known].sum(), to_explain[known].sum())
    return np.where(known, left, share * to_explain)


def _moves(drawn: DoubleArray, gradient: DoubleArray, curvature: DoubleArray) -> DoubleArray:
    """One Newton step for each resample, ``[resamples, numbers]``."""
    return _solved(np.tensordot(drawn, curvature, axes=1), drawn @ gradient)


def _solved(curvature: DoubleArray, gradient: DoubleArray) -> DoubleArray:
    """Newton steps that leave alone what nothing depends on: ``[..., numbers, numbers]``, ``[..., numbers]``."""
    diagonal = np.diagonal(curvature, axis1=-2, axis2=-1)
    scale = np.sqrt(np.maximum(diagonal, NOTHING))
    inverse = np.linalg.pinv(curvature / (scale[..., :, None] * scale[..., None, :]), rcond=1e-8, hermitian=True)
    step = np.einsum("...ij,...j->...i", inverse, gradient / scale) / scale
    return np.where(diagonal > 0, step, 0.0)


_SAMPLED_ELEMENTS = 3_000_000
"""Elements read of each model for all places together: with three parents about 150 MB of doubles."""

_LEAST_A_PLACE = 2048


def _sample_places(members: Members, places: Sequence[CommonPlace]) -> tuple[Sample, ...]:
    """Read evenly spread rows of every place whose weights are matrices; the members must have a base."""
    matrices = [number for number, place in enumerate(places) if len(place.child.shape) > 1]
    share = max(_LEAST_A_PLACE, _SAMPLED_ELEMENTS // max(1, len(matrices)))
    return tuple(_sample(members, places[number], number, share) for number in matrices)


def _sample(members: Members, place: CommonPlace, number: int, elements: int) -> Sample:
    rows = place.child.shape[0]
    width = place.child.size // rows
    wanted = min(rows, max(1, elements // width))
    chosen = spread_places(rows, wanted)
    models = (members.child, *members.sources)
    tensors = (place.child, *place.sources)
    child, *parents, base = (
        zero_where_unusable(model.read([RowRequest(tensor, chosen)])[0]).ravel().astype(np.float64)
        for model, tensor in zip(models, tensors, strict=True)
    )
    deltas = np.stack([parent - base for parent in parents])
    return Sample(number, child - base, deltas, base, place.child.dtype)
