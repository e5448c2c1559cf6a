"""Search, measure what was found, fit signs and scales, and measure again: the second half of a comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.tensors import IntArray, TensorKey
from lineage_audit.comparison.alignment.aligned_tensors import aligned_pairs
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.alignment.cross_fitting import measure_match_margins
from lineage_audit.comparison.alignment.factors import Factors, fit_factors, with_factors
from lineage_audit.comparison.alignment.fed_gains import measure_fed_gains
from lineage_audit.comparison.alignment.held_out import measure_held_out
from lineage_audit.comparison.alignment.maps import Alignment
from lineage_audit.comparison.alignment.moved_gains import MovedGains, fit_gains
from lineage_audit.comparison.alignment.search import find_alignment
from lineage_audit.comparison.evidence import calibrated_where_guessed
from lineage_audit.comparison.evidence.aligned import gather_aligned_evidence
from lineage_audit.comparison.evidence.base import DETECTION_LOG10_P, WeightComparison
from lineage_audit.comparison.evidence.held_out import (
    cosine_evidence,
    match_evidence,
    match_margin_evidence,
    match_margins_not_needed,
)
from lineage_audit.comparison.pairing.tensors import TensorPair, shared_token_rows
from lineage_audit.comparison.progress import Progress
from lineage_audit.comparison.reading.measurement import measure_all
from lineage_audit.comparison.reading.plan import bytes_of, plan_reading, plan_search
from lineage_audit.comparison.shares.weights import Shares, measure_shares
from lineage_audit.comparison.symmetries.geometry import HeadsByLayer
from lineage_audit.comparison.symmetries.setting import comparison_in_layout, head_layouts, shared_heads
from lineage_audit.results import Evidence

SearchEffort = Literal["search", "full"]

_NO_GAINS_MOVED = MovedGains()


class AlignedWeights(Struct, frozen=True, eq=False):
    """What the search found and what was measured with it.

    Attributes:
        alignment: where everything in B comes from in A.
        factors: signs and scales of units, fitted after the tests.
        comparison: measurements of B against aligned A, factors included.
        evidence: tests on measurements before the factors were fitted.
        shares: how much of B aligned A explains.
        gains: norm gains that were moved into what they feed, which aligned A undoes.
        backward: A was found to be made of parts of B, and ``comparison`` holds A against aligned B.
    """

    alignment: Alignment
    factors: Factors
    comparison: WeightComparison
    evidence: tuple[Evidence, ...]
    shares: Shares
    gains: MovedGains = _NO_GAINS_MOVED
    backward: bool = False

    @property
    def compared_of_b(self) -> frozenset[tuple[str, TensorKey]]:
        """Name and place of the tensors of B that were compared, whichever model was made of the other."""
        pairs = [part.pair for part in self.comparison.measurements.values()]
        return frozenset(
            (tensor.name, tensor.key) for tensor in (pair.a if self.backward else pair.b for pair in pairs)
        )


def align_weights_backward(
    a: CanonicalWeights,
    b: CanonicalWeights,
    same_numbers: WeightComparison,
    likely_layers: Mapping[int, int],
    effort: SearchEffort,
    progress: Progress,
) -> AlignedWeights | None:
    """The same with A as the part and B as the whole: a pruned model given first, its original second."""
    token_rows = shared_token_rows(b.checkpoint.vocabulary, a.checkpoint.vocabulary)
    found = align_weights(b, a, same_numbers, token_rows, likely_layers, effort, progress)
    if found is None:
        return None
    if found.alignment.shows_growth:
        return replace(found, backward=True)  # all of the whole comes from the part, time and again
    part = found.comparison.parameters / max(1, sum(tensor.size for tensor in b.checkpoint.tensors))
    shares = replace(
        found.shares,
        derived=None if found.shares.derived is None else found.shares.derived * min(1.0, part),
        compared=found.shares.compared * min(1.0, part),
    )
    return replace(found, shares=shares, backward=True)


def align_weights(
    a: CanonicalWeights,
    b: CanonicalWeights,
    same_numbers: WeightComparison,
    token_rows: tuple[IntArray, IntArray] | None,
    likely_layers: Mapping[int, int],
    effort: SearchEffort,
    progress: Progress,
) -> AlignedWeights | None:
    """Search for an alignment and measure it; None where nothing stands out or nothing would change.

    Args:
        a: model A, the whole.
        b: model B, which may be made of parts of it.
        same_numbers: what was measured number by number.
        token_rows: rows of B and of A that are the same tokens, or None for the same rows.
        likely_layers: layer of B -> layer of A, as the invariants have it; empty where they do not tell.
        effort: whether all that was found is measured, or of large models some layers.
        progress: told how far reading has come.
    """
    heads = head_layouts(a.checkpoint, b.checkpoint)
    alignment = find_alignment(a, b, heads, token_rows, likely_layers, progress)
    if alignment is None:
        return None
    heads_b = heads.b if heads else shared_heads(a.checkpoint, b.checkpoint)
    pairs = list(aligned_pairs(a, b, b.checkpoint.core, alignment, heads_b, token_rows))
    comparison = _measured(a.checkpoint, b.checkpoint, pairs, heads_b, effort, progress)
    gains = fit_gains(a, b, comparison)
    if not gains.is_trivial:
        pairs = gains.applied(pairs)
        comparison = _measured(a.checkpoint, b.checkpoint, pairs, heads_b, effort, progress)
    held_out = measure_held_out(a, b, alignment)
    factors = fit_factors(comparison)
    changes_nothing = alignment.keeps_all_numbers and factors.is_trivial and gains.is_trivial
    if changes_nothing and same_numbers.measurements and comparison.paired <= same_numbers.paired:
        return None
    tests = gather_aligned_evidence(comparison, alignment.residual.fitted_signs)
    evidence = calibrated_where_guessed(tests, comparison)
    evidence += (
        cosine_evidence(held_out),
        match_evidence(held_out),
        _match_margins(a, b, alignment, token_rows, evidence),
    )
    if alignment.folded is not None or not gains.is_trivial:
        evidence += (measure_fed_gains(a, b, comparison),)
    if not factors.is_trivial:
        moved = with_factors(pairs, factors, comparison)
        comparison = _measured(a.checkpoint, b.checkpoint, moved, heads_b, effort, progress)
    return AlignedWeights(alignment, factors, comparison, evidence, measure_shares(comparison), gains)


def _match_margins(
    a: CanonicalWeights,
    b: CanonicalWeights,
    alignment: Alignment,
    token_rows: tuple[IntArray, IntArray] | None,
    signs: Sequence[Evidence],
) -> Evidence:
    """Fit again without half of the units, which costs as much as the search, unless the signs leave no doubt."""
    if any(item.grade == "exact" and (item.log10_p or 0.0) <= DETECTION_LOG10_P for item in signs):
        return match_margins_not_needed()
    return match_margin_evidence(measure_match_margins(a, b, alignment, token_rows) if alignment.units else ())


def _measured(
    a: Checkpoint,
    b: Checkpoint,
    pairs: list[TensorPair],
    heads: HeadsByLayer | None,
    effort: SearchEffort,
    progress: Progress,
) -> WeightComparison:
    """Measure B against aligned A, which has B's heads."""
    readings = plan_reading(pairs, "full") if effort == "full" else plan_search(pairs)
    progress.begin(sum(bytes_of(reading) for reading in readings), "aligned comparison")
    return comparison_in_layout(a, b, pairs, measure_all(a, b, readings, progress), heads)
