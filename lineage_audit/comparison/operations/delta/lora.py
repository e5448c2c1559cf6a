"""A merged LoRA: every delta has the same small rank with a sharp cliff, and norms and embeddings are untouched."""

from __future__ import annotations

import statistics
from collections import Counter

from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.operations.delta.difference import Difference
from lineage_audit.comparison.operations.delta.matrices import ROLES, show_spectra
from lineage_audit.comparison.operations.delta.spectrum import Spectrum
from lineage_audit.comparison.operations.directed import DirectedOperation, directed
from lineage_audit.comparison.reading.finite import NOTHING
from lineage_audit.comparison.verdict.thresholds import LOW_RANK


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
    return directed("lora-merged", f"rank {rank} on {modules}", evidence, spectra=show_spectra(changed, rank))


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
