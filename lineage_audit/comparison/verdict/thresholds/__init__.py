"""Every number that decides, a topic a class, each with what it was set on; nothing outside this room decides.

The page ``docs/thresholds.md`` and the parameters that a report states are made from these fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_type_hints

from msgspec.structs import asdict

from lineage_audit.comparison.verdict.thresholds.amounts import ADAPTERS, SHARES, SIBLINGS, SLOPES
from lineage_audit.comparison.verdict.thresholds.families import CHECKS, MERGE_METHODS, MERGES, MERGES_IN_TREES, TREES
from lineage_audit.comparison.verdict.thresholds.matching import (
    FREE_SIGNS,
    INVARIANTS,
    MATCHED_CHANNELS,
    MATCHED_UNITS,
    MIXED_LAYERS,
    SKETCHES,
    UNNAMED_TENSORS,
)
from lineage_audit.comparison.verdict.thresholds.operations import (
    ABLATED,
    COMPOSED,
    DELTA_CHECKPOINT,
    EDITED,
    INTERPOLATED,
    LAYER_COHERENCE,
    LOW_RANK,
    MERGED_HEADS,
    NOISE,
    PRUNED,
    QUANTIZED,
    REPLACED_LAYERS,
    REQUANTIZED,
    RESCALED,
    ROUNDED,
    STORED_SCHEME,
    STREAM_SHIFTED,
    TRAINED,
    TRUNCATED,
)
from lineage_audit.comparison.verdict.thresholds.relations import (
    ALIGNMENT,
    INDEPENDENCE,
    ORDER,
    RELATION,
    TRAINING,
)
from lineage_audit.results import Scalar

__all__ = [
    "ABLATED",
    "ADAPTERS",
    "ALIGNMENT",
    "CHECKS",
    "COMPOSED",
    "DELTA_CHECKPOINT",
    "EDITED",
    "FREE_SIGNS",
    "INDEPENDENCE",
    "INTERPOLATED",
    "INVARIANTS",
    "LAYER_COHERENCE",
    "LOW_RANK",
    "MATCHED_CHANNELS",
    "MATCHED_UNITS",
    "MERGED_HEADS",
    "MERGES",
    "MERGES_IN_TREES",
    "MERGE_METHODS",
    "MIXED_LAYERS",
    "NOISE",
    "ORDER",
    "PRUNED",
    "QUANTIZED",
    "RELATION",
    "REPLACED_LAYERS",
    "REQUANTIZED",
    "RESCALED",
    "ROUNDED",
    "SHARES",
    "SIBLINGS",
    "SKETCHES",
    "SLOPES",
    "STORED_SCHEME",
    "STREAM_SHIFTED",
    "TRAINED",
    "TRAINING",
    "TREES",
    "TRUNCATED",
    "UNNAMED_TENSORS",
    "described",
    "stated",
]

_OF_RELATIONS = (RELATION, INDEPENDENCE, TRAINING, ALIGNMENT, ORDER)
_TOPICS: Mapping[str, Any] = {
    "unnamed_tensors": UNNAMED_TENSORS,
    "free_signs": FREE_SIGNS,
    "matched_units": MATCHED_UNITS,
    "matched_channels": MATCHED_CHANNELS,
    "mixed_layers": MIXED_LAYERS,
    "invariants": INVARIANTS,
    "sketches": SKETCHES,
    "shares": SHARES,
    "slopes": SLOPES,
    "siblings": SIBLINGS,
    "adapters": ADAPTERS,
    "rounded": ROUNDED,
    "quantized": QUANTIZED,
    "stored_scheme": STORED_SCHEME,
    "noise": NOISE,
    "requantized": REQUANTIZED,
    "pruned": PRUNED,
    "low_rank": LOW_RANK,
    "truncated": TRUNCATED,
    "ablated": ABLATED,
    "edited": EDITED,
    "interpolated": INTERPOLATED,
    "rescaled": RESCALED,
    "stream_shifted": STREAM_SHIFTED,
    "trained": TRAINED,
    "composed": COMPOSED,
    "delta_checkpoint": DELTA_CHECKPOINT,
    "replaced_layers": REPLACED_LAYERS,
    "layer_coherence": LAYER_COHERENCE,
    "merged_heads": MERGED_HEADS,
    "merges": MERGES,
    "merge_methods": MERGE_METHODS,
    "trees": TREES,
    "merges_in_trees": MERGES_IN_TREES,
    "checks": CHECKS,
}
"""What is stated under its topic: ``quantized.on_grid``."""


def stated() -> dict[str, Scalar]:
    """Every threshold by its name, as a report states it."""
    return {name: value for name, value, _, _ in _all()}


def described() -> Iterator[tuple[str, str, Scalar, str]]:
    """Topic, name, value and meaning of every threshold, for the page that lists them."""
    for name, value, topic, field in _all():
        meaning = get_type_hints(type(topic), include_extras=True)[field].__metadata__[0]
        yield (type(topic).__doc__ or "").rstrip("."), name, value, meaning


def _all() -> Iterator[tuple[str, Scalar, Any, str]]:
    """Name, value, topic and field of each."""
    for prefix, topic in [
        *(("", each) for each in _OF_RELATIONS),
        *((f"{name}.", each) for name, each in _TOPICS.items()),
    ]:
        for field, value in asdict(topic).items():
            yield (
                f"{prefix}{field}",
                value if not isinstance(value, tuple) else " to ".join(f"{end:g}" for end in value),
                topic,
                field,
            )
