"""A merged LoRA: every delta has the same small rank with a sharp cliff, and norms and embeddings are untouched.

What an adapter adds is orthogonal to what it was added to, and no side of it grows as weights in training do: the side
to which the delta is orthogonal came first. Two adapters of one base lean on both sides, each by its own part.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Sequence

from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.operations.delta.difference import Difference
from lineage_audit.comparison.operations.delta.matrices import ROLES, MatrixPair, show_spectra
from lineage_audit.comparison.operations.delta.spectrum import Spectrum
from lineage_audit.comparison.operations.directed import DirectedOperation, directed
from lineage_audit.comparison.reading.finite import NOTHING
from lineage_audit.comparison.verdict.thresholds import LOW_RANK
from lineage_audit.results import Direction, Way


def find_low_rank(difference: Difference) -> DirectedOperation | None:
    """Name rank and modules of a merged low-rank adapter."""
    changed = difference.changed
    if not changed or not {Role.ATTN_NORM, Role.FFN_NORM, Role.EMBED} & changed[0].untouched:
        return None
    sides = [min(pair.shape) for pair in changed]
    ranks = Counter(_rank_at_cliff(pair.spectrum, side) for pair, side in zip(changed, sides, strict=True))
    rank, count = ranks.most_common(1)[0]
    if (
        rank == 0
        or count < LOW_RANK.same_rank * len(changed)
        or rank > LOW_RANK.largest_share * statistics.median(sides)
    ):
        return None
    modules = ", ".join(role for role in ROLES if any(pair.role == role for pair in changed))
    evidence = f"{count} of {len(changed)} deltas have rank {rank} with a cliff; norms or embeddings untouched"
    shows, why = _added_to(changed) if _is_all(changed, rank) else ("undetermined", "")
    return directed(
        "lora-merged", f"rank {rank} on {modules}", evidence + why, shows, spectra=show_spectra(changed, rank)
    )


def _is_all(changed: Sequence[MatrixPair], rank: int) -> bool:
    """Whether nothing but rounding lies below the cliff: noise on the other side would."""
    return sum(pair.spectrum.rank <= rank for pair in changed) >= LOW_RANK.same_rank * len(changed)


def _added_to(changed: Sequence[MatrixPair]) -> tuple[Direction, str]:
    """The side that the delta was added to: it is orthogonal to that one, and the other holds all of it."""
    size = sum(pair.moments.delta_size**2 for pair in changed)
    in_a = -sum(pair.moments.along_a * pair.moments.size_a for pair in changed) / size
    chance = math.sqrt(sum((pair.moments.size_a * pair.moments.delta_size) ** 2 / pair.size for pair in changed)) / size
    ways: tuple[tuple[Way, float], ...] = (("a->b", in_a), ("b->a", 1.0 - in_a))
    for shows, held in ways:
        if abs(held) + LOW_RANK.errors * chance <= LOW_RANK.held:
            return shows, f"; {shows[0].upper()} holds {held:.0%} of what lies between the two"
    return "undetermined", ""


def _rank_at_cliff(spectrum: Spectrum, side: int) -> int:
    """The rank where the singular values fall off a cliff; 0 where they do not, or only at a large rank."""
    values, limit = spectrum.values, max(1, int(LOW_RANK.largest_share_of_any * side))
    rank = min(spectrum.rank, len(values))
    for candidate in range(1, min(rank, limit, len(values) - 1) + 1):
        if (
            values[candidate - 1] > LOW_RANK.cliff * max(values[candidate], NOTHING)
            and values[candidate - 1] > spectrum.edge
        ):
            return candidate
    return rank if 0 < rank <= limit and rank < len(values) and values[rank - 1] > LOW_RANK.cliff * values[rank] else 0
