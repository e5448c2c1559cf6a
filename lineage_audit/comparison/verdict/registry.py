"""What each test may do in a verdict: one table, and what is not in it does nothing.

A new test is shown in every report from its first day, and carries no verdict until it stands here with a right to.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from msgspec import Struct

from lineage_audit.checkpoint.model_parts import ModelPart
from lineage_audit.comparison.evidence.part_rows import rows_test_id
from lineage_audit.comparison.evidence.parts import PART_TESTS, PARTS, id_in_part
from lineage_audit.comparison.verdict.thresholds import INVARIANTS


class Margin(Struct, frozen=True):
    """When calibrated agreement carries a verdict alone.

    Attributes:
        effect: from which effect on.
        unclear: from which effect on models are not called independent either.
        fewest: units, heads or layers that must have been measured.
    """

    effect: float
    unclear: float
    fewest: int


class _TestRights(Struct, frozen=True):
    """What a test may do.

    Attributes:
        rejects: its p-value, where it is graded exact, enters the combined one; where it is graded calibrated (its
            roles were guessed), it may carry a verdict alone by the wide margin that the thresholds ask.
        limits: its detection limit counts as that of the run.
        asks_moved: it asks under any order of layers, heads and units, not under their own numbers.
        is_aligned: it was made after an alignment, which it may confirm.
        is_invariant: it stands on what no relabelling moves, so that shares in place need not show what it finds.
        sees_basis: it sees the residual basis alone, which hidden states that were imitated share too.
        margin: when its effect carries a verdict without a p-value; None if never.
    """

    rejects: bool = False
    limits: bool = False
    asks_moved: bool = False
    is_aligned: bool = False
    is_invariant: bool = False
    sees_basis: bool = False
    margin: Margin | None = None


_IN_PLACE = _TestRights(rejects=True, limits=True)
_ALIGNED = _TestRights(rejects=True, limits=True, is_aligned=True)
_CHANNELS = _TestRights(rejects=True, limits=True, sees_basis=True)
_ADAPTER = _TestRights(rejects=True, limits=True)
_PART = _TestRights(rejects=True)
_NEVER = math.inf
"""Effect of what carries no verdict, and yet speaks against calling models independent."""

REGISTRY: Mapping[str, _TestRights] = {
    "ffn-signs": _IN_PLACE,
    "value-output-signs": _IN_PLACE,
    "query-key-signs": _IN_PLACE,
    "channel-signs": _CHANNELS,
    "ffn-fixed-points": _IN_PLACE,
    "head-fixed-points": _IN_PLACE,
    "mixer-signs": _IN_PLACE,
    "mixer-fixed-points": _IN_PLACE,
    "channel-fixed-points": _CHANNELS,
    "row-fixed-points": _IN_PLACE,
    "aligned-ffn-signs": _ALIGNED,
    "aligned-value-output-signs": _ALIGNED,
    "aligned-query-key-signs": _ALIGNED,
    "aligned-mixer-signs": _ALIGNED,
    "aligned-channel-signs": _TestRights(rejects=True, limits=True, is_aligned=True, sees_basis=True),
    "aligned-unit-cosines": _TestRights(is_aligned=True, margin=Margin(0.3, 0.15, 200)),
    "aligned-unit-matches": _TestRights(is_aligned=True, margin=Margin(0.3, 0.15, 200)),
    "aligned-unit-leads": _TestRights(is_aligned=True, margin=Margin(0.1, 0.05, 200)),
    "rotary-signs": _TestRights(rejects=True, limits=True, asks_moved=True, is_invariant=True),
    "rotary-agreement": _TestRights(is_invariant=True, margin=Margin(0.06, INVARIANTS.unclear_margin, 1)),
    "rotary-layer-agreement": _TestRights(is_invariant=True, margin=Margin(0.15, 0.06, 1)),
    "unit-column-signs": _TestRights(rejects=True, is_invariant=True),
    "unit-column-agreement": _TestRights(margin=Margin(0.3, 0.15, 200)),
    "search": _TestRights(limits=True, asks_moved=True),
    "adapter-signs": _ADAPTER,
    "adapter-matched-signs": _ADAPTER,
    "adapter-fixed-points": _ADAPTER,
    **{rows_test_id(part): _PART for part in ModelPart},
    **{id_in_part(part, test_id): _PART for part in PARTS for test_id in PART_TESTS},
    "embedding-agreement": _TestRights(sees_basis=True, margin=Margin(_NEVER, 0.1, 48)),
    "norm-gains": _TestRights(),
    "aligned-norm-gains": _TestRights(),
    "aligned-fed-gains": _TestRights(),
    "slopes": _TestRights(),
    "ffn-assignment-spearman": _TestRights(),
    "adapter-trained-half": _TestRights(),
    "adapter-updates": _TestRights(),
    "beyond-base": _TestRights(),
}
"""Test id -> what it may do.

Margins were set on one half of the zoo. Matched FFN units of independent models gave at most .10 (cosines), .025
(matches) and .033 (leads); one initialisation trained twice and disguised, at least .31, .60 and .19. Key heads of
independent models lead by less than chance would in the mean, beyond two standard deviations, and by .016 in the best
layer; those of one initialisation trained twice by .05 (a stack with foreign layers) and .17 at least. Units over 48
channels lead by .11 at most, copies by .4 and more. Embedding channels of independent models lead by .03 at most, those
of one initialisation by .15 and more; embeddings are shared, frozen and imitated, so that they alone show no relation
of what was trained.
"""


def rights_of(test_id: str) -> _TestRights:
    """What a test may do; nothing where it is not registered."""
    return REGISTRY.get(test_id, _NONE)


_NONE = _TestRights()
