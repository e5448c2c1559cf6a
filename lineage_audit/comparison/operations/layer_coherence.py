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
from msgspec import Struct

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.role_table import LAYER_WRITERS
from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.alignment.canonical import CanonicalWeights, layer_numbers
from lineage_audit.comparison.alignment.spreading import spread
from lineage_audit.comparison.evidence.base import standardised
from lineage_audit.comparison.reading.measurement import Measurement
from lineage_audit.comparison.reading.role_rows import read_role_rows
from lineage_audit.comparison.reading.sketched import Axis
from lineage_audit.comparison.verdict.thresholds import LAYER_COHERENCE

DoubleArray = npt.NDArray[np.float64]

_READS = frozenset({Role.Q, Role.K, Role.V, Role.GATE, Role.UP})
_WAYS = (_READS, LAYER_WRITERS)
_FEWEST_CHANNELS = 64
_ROWS = 256
"""Rows of a matrix that tell which channels it reads, where so many cost little."""

_MOST_LAYERS = 8
"""Layers that are asked of those in question, and of the others."""

_MOST_ELEMENTS = 2 * 2**20
"""Numbers that are read of a model: its layers differ in thousands of channels where rows are long."""


def coherence(parts: Sequence[Measurement], layers: Collection[int], side: Literal["a", "b"]) -> float | None:
    """How far some layers of a model favour the channels that its others favour, in standard deviations of chance.

    Args:
        parts: measurements of matrices with all residual channels.
        layers: the layers, by B's number.
        side: the model.

    Returns:
        The z-score under a random order of channels (Hoeffding's combinatorial sum); None where too little is known.
    """
    return _z_score([_profiles([part for part in parts if part.pair.b.role in roles], side) for roles in _WAYS], layers)


class _Stray(Struct, frozen=True):
    """Layers that were not trained with the others of their model: z-scores of theirs, and of the others' own."""

    own: float
    others: float


def are_stray(model: Checkpoint, layers: Collection[int]) -> _Stray | None:
    """Tell whether some layers favour other channels than all others, which agree among themselves; None if not.

    The first layer reads the embeddings and the last one feeds the head: either may favour channels of its own. Gains
    are left out, since those of a neighbour may have been given to a layer that is new.
    """
    numbers = layer_numbers(model)
    if numbers[0] in layers or numbers[-1] in layers:
        return None
    asked = [
        *spread(sorted(layers), _MOST_LAYERS),
        *spread([layer for layer in numbers if layer not in layers], _MOST_LAYERS),
    ]
    rows = _rows_of_each(model, len(asked))
    profiles = {layer: profile for layer in asked if (profile := _reading(model, layer, rows)) is not None}
    others = {layer: profile for layer, profile in profiles.items() if layer not in layers}
    own = _z_score([profiles], layers)
    among = _z_score([others], sorted(others)[::2])
    is_stray = (
        own is not None
        and among is not None
        and own <= LAYER_COHERENCE.incoherent
        and among >= LAYER_COHERENCE.coherent
    )
    return _Stray(own, among) if is_stray and own is not None and among is not None else None


def _rows_of_each(model: Checkpoint, layers: int) -> int:
    """How many rows of a matrix are read where so many layers are asked."""
    width = max(1, CanonicalWeights(model).channels)
    return min(_ROWS, max(1, _MOST_ELEMENTS // (layers * len(_READS) * width)))


def _reading(model: Checkpoint, layer: int, most: int) -> DoubleArray | None:
    """Which channels a layer reads, from the first rows of its matrices: one range each."""
    shares = []
    for role in sorted(_READS):
        rows = read_role_rows(model, role, layer, lambda count: np.arange(min(count, most)))
        if rows is None:
            continue
        squares = np.square(rows, dtype=np.float64).sum(axis=0)
        if squares.sum() > 0:
            shares.append(squares / squares.sum())
    return _profile(np.sum(shares, axis=0)) if shares and len({len(share) for share in shares}) == 1 else None


def _profile(share: DoubleArray) -> DoubleArray:
    """Logarithms of the channels' shares, centred and of length one."""
    return standardised(np.log(share + 1e-12)) / math.sqrt(len(share))


def _z_score(ways: Sequence[dict[int, DoubleArray]], layers: Collection[int]) -> float | None:
    """How far the layers' profiles agree with the others', in standard deviations of a random order of channels."""
    known = [both for profiles in ways if (both := _sums(profiles, layers)) is not None]
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
        axis: Axis = "columns" if part.pair.b.role in _READS else "rows"
        channels = part.columns if axis == "columns" else part.rows
        squares, layer = channels.aa if side == "a" else channels.bb, part.pair.b.core_layer
        if layer is not None and part.is_complete and part.has_own(axis) and squares.sum() > 0:
            share = squares / squares.sum()
            shares[layer] = shares[layer] + share if layer in shares and len(shares[layer]) == len(share) else share
    return {layer: _profile(share) for layer, share in shares.items()}
