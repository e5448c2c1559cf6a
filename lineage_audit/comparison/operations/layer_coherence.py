"""Were some layers of a model trained with its others? Where they were, they favour the same residual channels.

Some channels carry more than others, and every layer that was trained on one stream knows which. So the logarithms of
the channels' weights correlate between layers of one training. Between layers of two trainings they do not: their
channels are numbered independently, and the correlation is that of a random permutation.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.reading.measurement import Measurement

DoubleArray = npt.NDArray[np.float64]

_READS = frozenset({Role.Q, Role.K, Role.V, Role.GATE, Role.UP})
_WRITES = frozenset({Role.O, Role.DOWN})
_WAYS = (_READS, _WRITES)
_FEWEST_CHANNELS = 64


def coherence(parts: Sequence[Measurement], layers: Collection[int], side: Literal["a", "b"]) -> float | None:
    """How far some layers of a model favour the channels that its others favour, in standard deviations of chance.

    Args:
        parts: measurements of matrices with all residual channels.
        layers: the layers, by B's number.
        side: the model.

    Returns:
        The z-score under a random order of channels (Hoeffding's combinatorial sum); None where too little is known.
    """
    sums = [_sums(_profiles([part for part in parts if part.pair.b.role in roles], side), layers) for roles in _WAYS]
    known = [both for both in sums if both is not None]
    if not known or len({both.shape for both in known}) != 1 or known[0].shape[1] < _FEWEST_CHANNELS:
        return None
    some, others = np.stack(known, axis=1)
    # One order of channels holds for reading and writing alike, so the two are no two independent looks.
    variance = float(((some @ some.T) * (others @ others.T)).sum()) / (some.shape[1] - 1)
    return float((some * others).sum()) / math.sqrt(variance) if variance > 0 else None


def _sums(profiles: dict[int, DoubleArray], layers: Collection[int]) -> DoubleArray | None:
    """Summed profiles of some layers and of the others, ``[2, d]``; None where they have no width in common."""
    some = [profile for layer, profile in profiles.items() if layer in layers]
    others = [profile for layer, profile in profiles.items() if layer not in layers]
    if not some or not others or len({len(profile) for profile in (*some, *others)}) != 1:
        return None
    return np.stack([np.sum(some, axis=0), np.sum(others, axis=0)])


def _profiles(parts: Sequence[Measurement], side: Literal["a", "b"]) -> dict[int, DoubleArray]:
    """Logarithms of the channels' shares of a layer's weights, centred and of length one, by layer."""
    shares: dict[int, DoubleArray] = {}
    for part in parts:
        layer, channels = part.pair.b.core_layer, part.columns if part.pair.b.role in _READS else part.rows
        squares = channels.aa if side == "a" else channels.bb
        if layer is not None and part.is_complete and squares.sum() > 0:
            share = squares / squares.sum()
            shares[layer] = shares[layer] + share if layer in shares and len(shares[layer]) == len(share) else share
    logarithms = {layer: np.log(share + 1e-12) for layer, share in shares.items()}
    centred = {layer: values - values.mean() for layer, values in logarithms.items()}
    return {layer: values / max(float(np.linalg.norm(values)), 1e-30) for layer, values in centred.items()}
