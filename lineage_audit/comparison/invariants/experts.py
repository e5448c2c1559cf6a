"""Which expert of A an expert of B is: the one whose row of the router has the same sizes, in the same channels.

A router holds a row over the residual channels for each expert, so it moves with the experts, and tells them apart
from less than a percent of what one of them weighs. Sizes alone are compared: channels may be known but for their
signs.
"""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.alignment.maps import ResidualMap
from lineage_audit.comparison.invariants.unit_columns import centred_sizes
from lineage_audit.comparison.reading.role_rows import read_role_rows
from lineage_audit.comparison.symmetries.ffn_blocks import FfnBlock
from lineage_audit.comparison.verdict.thresholds import INVARIANTS


def expert_of(
    a: CanonicalWeights, b: CanonicalWeights, source: FfnBlock, block: FfnBlock, residual: ResidualMap
) -> FfnBlock:
    """The FFN of A's layer that an FFN of B is held against.

    Args:
        a: model A.
        b: model B.
        source: the first FFN of A's layer, which is taken where a layer has one FFN or the routers say nothing.
        block: B's FFN.
        residual: how B's channels come from A's.
    """
    if source.expert is None or block.expert is None or source.roles != block.roles:
        return source
    expert = block.expert
    of_a = read_role_rows(a.checkpoint, Role.ROUTER, source.layer)
    of_b = read_role_rows(b.checkpoint, Role.ROUTER, block.layer, lambda count: np.arange(count)[expert : expert + 1])
    if of_a is None or of_b is None or not residual.joins(of_a.shape[1], of_b.shape[1]) or not len(of_b):
        return source
    agreement = centred_sizes(of_b)[0] @ centred_sizes(residual.aligned_a(of_a)).T
    if len(agreement) < 2:
        return source
    second, first = np.sort(agreement)[-2:]
    return replace(source, expert=int(agreement.argmax())) if first - second >= INVARIANTS.channel_margin else source
