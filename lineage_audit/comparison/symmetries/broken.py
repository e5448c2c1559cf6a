"""Architectures that break a symmetry which an exact test stands on: there the test would not be exact.

It is enough that one of the two models has the symmetry, so a test is left out only where both break it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.config.quirks import Quirk, has_quirk
from lineage_audit.checkpoint.roles import Role

_Breaks = Callable[[Checkpoint], bool]


def broken_symmetries(a: Checkpoint, b: Checkpoint) -> Mapping[str, str]:
    """Tests that are not exact for this pair: test id -> reason."""
    return {test_id: reason for test_id, reason, breaks in _TABLE if breaks(a) and breaks(b)}


def _adds_one_to_up(checkpoint: Checkpoint) -> bool:
    return has_quirk(checkpoint.config.text("model_type"), Quirk.UP_PLUS_ONE)


def _centres_queries(checkpoint: Checkpoint) -> bool:
    has_norm = any(tensor.role in (Role.Q_NORM, Role.K_NORM) for tensor in checkpoint.core)
    return has_norm and checkpoint.config.text("norm") == "layernorm"


def _has_alibi(checkpoint: Checkpoint) -> bool:
    return checkpoint.config.text("position_encoding") == "alibi"


def _has_sinusoids(checkpoint: Checkpoint) -> bool:
    return checkpoint.config.text("position_encoding") == "sinusoidal"


_TABLE: tuple[tuple[str, str, _Breaks], ...] = (
    ("ffn-signs", "the FFN adds one to the up projection: its units' signs are not free", _adds_one_to_up),
    ("query-key-signs", "LayerNorm ties the signs of query and key dimensions together", _centres_queries),
    ("head-fixed-points", "ALiBi gives each head a slope by its number", _has_alibi),
    ("channel-signs", "sinusoids are added to channels by their number", _has_sinusoids),
    ("channel-fixed-points", "sinusoids are added to channels by their number", _has_sinusoids),
)
