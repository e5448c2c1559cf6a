"""Which model is looked for in which: B in A, and A in B where A may be the part, or may be made of B's experts."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.comparison.alignment.aligned import (
    AlignedWeights,
    SearchEffort,
    align_weights,
    align_weights_backward,
)
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.alignment.search_power import search_power
from lineage_audit.comparison.evidence.base import WeightComparison
from lineage_audit.comparison.invariants import Invariants, align_by_invariants, ask_invariants
from lineage_audit.comparison.pairing.tensors import Pairing
from lineage_audit.comparison.progress import Progress
from lineage_audit.comparison.shares.weights import Shares
from lineage_audit.comparison.verdict.standing import alignment_holds
from lineage_audit.results import Evidence


class _AskedInvariants(Struct, frozen=True, eq=False):
    """What the invariants gave, and from which side they were asked.

    Attributes:
        found: what they gave, of the narrower model as the one that may be made of the other.
        backward: that model is A.
    """

    found: Invariants
    backward: bool

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The tests, which say the same from both sides."""
        return self.found.evidence

    def layers(self, *, backward: bool) -> Mapping[int, int]:
        """Which layer of the part comes from which of the whole; empty where the other side was asked."""
        return self.found.layers if self.backward == backward else {}


_Search = Callable[[], AlignedWeights | None]


def search_both_ways(
    a: CanonicalWeights,
    b: CanonicalWeights,
    pairing: Pairing,
    comparison: WeightComparison,
    evidence: tuple[Evidence, ...],
    shares: Shares,
    asked: _AskedInvariants,
    effort: SearchEffort,
    progress: Progress,
) -> tuple[AlignedWeights | None, tuple[Evidence, ...]]:
    """Return the first alignment that holds, and the evidence of the search, corrected for the ways that were tried.

    Args:
        a: model A.
        b: model B.
        pairing: for the tokens that both have.
        comparison: what was measured number by number.
        evidence: the tests on it.
        shares: how much it explains.
        asked: what the invariants gave, whose layers are tried first.
        effort: whether all that is found is measured, or of large models some layers.
        progress: told how far reading has come.
    """

    def forward() -> AlignedWeights | None:
        return align_weights(a, b, comparison, pairing.token_rows, asked.layers(backward=False), effort, progress)

    def backward() -> AlignedWeights | None:
        return align_weights_backward(a, b, comparison, asked.layers(backward=True), effort, progress)

    tried: list[AlignedWeights] = []
    for search in _ways(a, b, forward, backward):
        found = search()
        if found is None:
            continue
        tried.append(found)
        if alignment_holds((*evidence, *found.evidence), shares, found.shares):
            return found, _corrected(found.evidence, len(tried))
    power = search_power(a, b, pairing.token_rows)
    return None, (*_corrected(tried[0].evidence, len(tried)), power) if tried else (power,)


def ask_from_the_wider(
    a: CanonicalWeights, b: CanonicalWeights, pairing: Pairing, budget: int, progress: Progress
) -> _AskedInvariants:
    """Ask the invariants, with the narrower model as the one that may be a part of the other."""
    if a.channels >= b.channels:
        return _AskedInvariants(ask_invariants(a, b, pairing.token_rows, budget, progress), backward=False)
    swapped = None if pairing.token_rows is None else pairing.token_rows[::-1]
    return _AskedInvariants(ask_invariants(b, a, swapped, budget, progress), backward=True)


def align_sample(
    asked: _AskedInvariants, evidence: tuple[Evidence, ...], shares: Shares, progress: Progress
) -> tuple[AlignedWeights | None, tuple[Evidence, ...]]:
    """Return the alignment that the invariants propose, measured on a sample, if it holds, and its evidence."""
    aligned = align_by_invariants(asked.found, progress)
    if aligned is None or not alignment_holds((*evidence, *aligned.evidence), shares, aligned.shares):
        return None, aligned.evidence if aligned else ()
    return replace(aligned, backward=asked.backward), aligned.evidence


def _ways(a: CanonicalWeights, b: CanonicalWeights, forward: _Search, backward: _Search) -> Iterator[_Search]:
    """The searches to try, the likelier first."""
    if _has_experts(a.checkpoint) and not _has_experts(b.checkpoint):
        yield from (backward, forward)
        return
    yield forward
    if _may_be_part(a, b):
        yield backward


def _has_experts(checkpoint: Checkpoint) -> bool:
    """Tell whether a model's FFNs are made of experts; each may come from one FFN of a dense model."""
    return any(tensor.expert is not None for tensor in checkpoint.core)


def _may_be_part(a: CanonicalWeights, b: CanonicalWeights) -> bool:
    """Tell whether A is the smaller model, or has fewer channels or FFN units."""
    sizes = [sum(tensor.size for tensor in one.checkpoint.tensors) for one in (a, b)]
    shapes_a, shapes_b = ([tensor.shape for tensor in one.probed()] for one in (a, b))
    narrower = bool(shapes_a and shapes_b) and any(
        ours < theirs for ours, theirs in zip(shapes_a[0], shapes_b[0], strict=True)
    )
    return sizes[0] < sizes[1] or narrower


def _corrected(evidence: tuple[Evidence, ...], ways: int) -> tuple[Evidence, ...]:
    """Bonferroni over the ways that were tried."""
    correction = math.log10(ways)
    return tuple(
        item if item.log10_p is None else dataclasses.replace(item, log10_p=min(0.0, item.log10_p + correction))
        for item in evidence
    )
