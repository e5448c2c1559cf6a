"""Which of two models had its norm gains folded into what they feed: its gains are constant, the other's are not."""

from __future__ import annotations

from typing import Literal

import numpy as np

from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.verdict.thresholds import MATCHED_CHANNELS

Side = Literal["a", "b"]

_READERS = (Role.Q, Role.UP)
"""Roles that read the residual stream through the two norms of a layer."""


def folded_side(a: CanonicalWeights, b: CanonicalWeights) -> Side | None:
    """The model all of whose gains are constant while the other's are not; None where they do not differ so."""
    constant_a, constant_b = _has_constant_gains(a), _has_constant_gains(b)
    if constant_a is None or constant_b is None or constant_a == constant_b:
        return None
    return "a" if constant_a else "b"


def _has_constant_gains(weights: CanonicalWeights) -> bool | None:
    """Whether every gain is constant; None where there is none in the layers."""
    gains = [gain for role in _READERS for layer in weights.layers() if (gain := weights.gain(role, layer)) is not None]
    spreads = [float(np.ptp(gain)) / max(abs(float(gain.mean())), 1e-12) for gain in gains]
    return all(spread <= MATCHED_CHANNELS.constant_gain for spread in spreads) if spreads else None
