"""How residual channels and layers correspond, by the gains of the norms: one number a channel and layer.

Gains are a few hundred kilobytes of any model. Where no token is shared, or the embeddings were made anew, they still
tell which channel is which: over the layers a channel's gains are a signature that no order and no sign of channels
changes, and the sorted gains of a layer tell which layer it is. They propose only: what follows from the proposal is
tested on the weights that the channels lead to.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import replace

from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import IntArray
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.alignment.maps import ResidualMap
from lineage_audit.comparison.alignment.spreading import spread_numbers
from lineage_audit.comparison.invariants.experts import expert_of
from lineage_audit.comparison.invariants.unit_columns import (
    channels_to_read,
    down_of,
    first_of_each_layer,
    match_some_by_size,
    read_unit_numbers,
)
from lineage_audit.comparison.verdict.thresholds import INVARIANTS

FloatArray = npt.NDArray[np.float32]


_READERS = (Role.UP, Role.Q)
"""Whose gains are asked, each kind apart: FFNs, then attention. A copy may have taken one of them alone."""

_FEWEST_LAYERS = 8
"""Layers below which a channel's gains are too few numbers to tell it from others."""

_LEAST_SPREAD = 1e-3
"""Standard deviation over mean below which gains were never trained, or were folded away."""

_GATE_ROWS = 128
_FEWEST_GATE_ROWS = 32
"""Gate rows from which the signs of channels are read: the most that are, and the fewest that tell."""

_UNITS_ASKED = 16 * _GATE_ROWS
"""Units for which a counterpart is looked for to find so many."""

_PROBES = 256
_ROWS_AT_ONCE = 1024


class _GainMatch(Struct, frozen=True, eq=False):
    """What the gains propose.

    Attributes:
        channels: for each channel of B the channel of A.
        layers: layer of B -> layer of A.
    """

    channels: IntArray
    layers: Mapping[int, int]


def match_by_gains(a: CanonicalWeights, b: CanonicalWeights) -> _GainMatch | None:
    """Match layers by their sorted gains, then channels by their gains over the layers; None where nothing is clear."""
    if a.channels != b.channels:
        return None
    for reader in _READERS:
        layers_a, gains_a = _gains(a, reader)
        layers_b, gains_b = _gains(b, reader)
        if min(len(layers_a), len(layers_b)) < _FEWEST_LAYERS:
            continue
        sources = _nearest(np.sort(gains_b, axis=1), np.sort(gains_a, axis=1))
        of_a, of_b = np.ascontiguousarray(gains_a[sources].T), np.ascontiguousarray(gains_b.T)
        if _ratio(of_b, of_a) >= INVARIANTS.clear_ratio:
            layers = {int(layers_b[row]): int(layers_a[source]) for row, source in enumerate(sources)}
            return _GainMatch(_nearest(of_b, of_a), layers)
    return None


def sign_channels(a: CanonicalWeights, b: CanonicalWeights, found: _GainMatch) -> ResidualMap | None:
    """Give matched channels their signs, which no gain has, by the gate rows of FFN units that are matched by size.

    Gate rows have a sign that no relabelling of units changes; up and down rows, whose signs are tested later, do not
    enter.

    Returns:
        The map, or None where no units of a layer found each other over the matched channels.
    """
    unsigned = ResidualMap("channels", found.channels)
    downs_a, downs_b = (first_of_each_layer(one, down_of) for one in (a, b))
    sources = {block.layer: block for block in downs_a}
    pairs = [
        (sources[layer], block)
        for block in downs_b
        if (layer := found.layers.get(block.layer)) in sources and b.proposing_role(block) == block.roles.gate
    ]
    if not pairs:
        return None
    source, block = pairs[len(pairs) // 2]
    source = expert_of(a, b, source, block, unsigned)
    down = down_of(a, source)
    if down is None:
        return None
    own, theirs = channels_to_read(b.channels, unsigned)
    (columns_a,) = read_unit_numbers(a, {source: down}, [source], theirs, None)
    (columns_b,) = read_unit_numbers(b, downs_b, [block], own, None)
    units, a_units = match_some_by_size(columns_a, columns_b, _UNITS_ASKED)
    chosen = spread_numbers(len(units), _GATE_ROWS)
    if len(chosen) < _FEWEST_GATE_ROWS:
        return None
    rows_a = a.some_rows(source.roles.gate, source.layer, source.expert, a_units[chosen])
    rows_b = b.some_rows(block.roles.gate, block.layer, block.expert, units[chosen])
    if rows_a is None or rows_b is None:
        return None
    products = np.einsum("ij,ij->j", rows_b, rows_a[:, found.channels])
    return replace(unsigned, signs=np.where(products < 0, -1.0, 1.0).astype(np.float32))


def _gains(weights: CanonicalWeights, reader: Role) -> tuple[IntArray, FloatArray]:
    """Layers whose gains were trained, and these, ``[layers, channels]``, each layer's centred and of variance one."""
    found = {layer: gain for layer in weights.layers() if (gain := weights.gain(reader, layer)) is not None}
    trained = {
        layer: gain
        for layer, gain in found.items()
        if len(gain) == weights.channels and gain.std() > _LEAST_SPREAD * abs(float(gain.mean()))
    }
    if not trained:
        return np.empty(0, dtype=np.int64), np.empty((0, weights.channels), dtype=np.float32)
    gains = np.stack(list(trained.values()))
    gains = (gains - gains.mean(axis=1, keepdims=True)) / gains.std(axis=1, keepdims=True)
    return np.array(list(trained), dtype=np.int64), gains


def _nearest(rows: FloatArray, among: FloatArray) -> IntArray:
    """For each row the number of the nearest of the others."""
    nearest = np.empty(len(rows), dtype=np.int64)
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        nearest[start : start + _ROWS_AT_ONCE] = _distances(rows[start : start + _ROWS_AT_ONCE], among).argmin(axis=1)
    return nearest


def _ratio(rows: FloatArray, among: FloatArray) -> float:
    """Median over probed rows of how much nearer the nearest is than the second, as a share of its distance."""
    probes = spread_numbers(len(rows), _PROBES)
    two = np.sqrt(np.maximum(0.0, np.sort(np.partition(_distances(rows[probes], among), 1, axis=1)[:, :2], axis=1)))
    return float(np.median(1.0 - two[:, 0] / np.maximum(two[:, 1], 1e-12)))


def _distances(rows: FloatArray, among: FloatArray) -> FloatArray:
    """Squared distances ``[rows, others]``."""
    squares: FloatArray = (
        np.einsum("ij,ij->i", rows, rows)[:, None] + np.einsum("ij,ij->i", among, among) - 2 * rows @ among.T
    )
    return squares
