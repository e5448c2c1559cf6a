"""How B's residual channels come from A's, where units were matched through token anchor tokens."""

from __future__ import annotations

import numpy as np

from lineage_audit.comparison.alignment.assignment import assign, mean_match_margin
from lineage_audit.comparison.alignment.maps import ResidualMap
from lineage_audit.comparison.verdict.thresholds import SKETCHES
from lineage_audit.library.fingerprint.projection import as_unit_rows
from lineage_audit.library.fingerprint.values import Fingerprint
from lineage_audit.library.fingerprint.vectors import Basis


def residual_map(a: Fingerprint, b: Fingerprint, basis: Basis) -> ResidualMap:
    """The same channels, single channels in another order (or fewer of them), or else a rotation."""
    if basis == "channels":
        return ResidualMap("same")
    if a.embedding is None or b.embedding is None or b.width > a.width:
        return ResidualMap("rotation", fit=0.0)
    correlations = as_unit_rows(b.embedding) @ as_unit_rows(a.embedding).T
    sizes = np.abs(correlations)
    everyone = np.arange(b.width)
    if a.width == b.width and float((sizes.argmax(axis=1) == everyone).mean()) > 0.5:
        channels = everyone
    elif mean_match_margin(sizes) >= SKETCHES.channel_margin:
        channels = assign(sizes)
    else:
        return ResidualMap("rotation", fit=float(sizes.max(axis=1).mean()))
    matched = correlations[everyone, channels]
    signs = np.where(matched < 0, -1.0, 1.0).astype(np.float32)
    fit = float(np.abs(matched).mean())
    if a.width == b.width and bool((channels == everyone).all()) and float((signs > 0).mean()) > 0.95:
        return ResidualMap("same", fit=fit)
    return ResidualMap("channels", channels=channels, signs=signs, fit=fit)
