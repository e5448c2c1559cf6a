"""Numbers of a mixer's channels (state-space models, RWKV, gated delta nets, short convolutions): drawn at random.

What may be put into another order without a change of the function is said in ``symmetries/mixers.py``; channels are
matched by their rows of the values, among those that they may be exchanged with.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.evidence.base import TestDescription, WeightComparison, not_measured
from lineage_audit.comparison.evidence.matched_labels import (
    LABEL_NULL,
    MatchedBlock,
    fixed_point_evidence,
    match_rows,
)
from lineage_audit.comparison.reading.measurement import FloatArray, Measurement
from lineage_audit.comparison.symmetries.mixers import MixerSymmetry
from lineage_audit.results import Evidence

TEST = TestDescription(
    "mixer-fixed-points", "Does each channel of a mixer without a softmax best match its own number?", LABEL_NULL
)

_FEWEST_CHANNELS = 8


class _Channels(Struct, frozen=True, eq=False):
    """A layer's channels: the measured rows that they are, and what they may be exchanged with."""

    rows: Measurement
    symmetry: MixerSymmetry


def measure(comparison: WeightComparison) -> Evidence:
    """Match the channels of every layer's mixer among those that they may be exchanged with."""
    mixers = [
        _Channels(rows, symmetry)
        for layer, symmetry in comparison.mixers.items()
        if (rows := comparison.find(Role.MIXER_V, layer)) is not None
    ]
    if not mixers:
        return not_measured(TEST, "not-applicable", "no mixer whose channels may stand in any order")
    blocks = [block for channels in mixers for block in _blocks(channels)]
    if not blocks:
        return not_measured(TEST, "skipped", "it needs the rows of a mixer's channels, and only a sample was read")
    elements = sum(channels.rows.kept_b.size for channels in mixers)
    return fixed_point_evidence(TEST, "channels of mixers", blocks, comparison, elements)


def _blocks(channels: _Channels) -> Iterator[MatchedBlock]:
    """Channels matched within what they may be exchanged in: the layer, a head, or all heads at once."""
    a, b = channels.rows.kept_a, channels.rows.kept_b
    layer, width = channels.rows.pair.b.layer, channels.symmetry.of_head
    if width == 1:
        yield from _matched(layer, a, b)
    elif channels.symmetry.one_order:
        if len(b) == channels.symmetry.channels:
            yield from _matched(layer, _all_heads(a, width), _all_heads(b, width))
    else:
        for start in range(0, len(b) - width + 1, width):
            yield from _matched(layer, a[start : start + width], b[start : start + width])


def _all_heads(rows: FloatArray, width: int) -> FloatArray:
    """The rows of one number in every head, one behind the other: ``[width, heads * in]``."""
    return rows.reshape(-1, width, rows.shape[1]).swapaxes(0, 1).reshape(width, -1)


def _matched(layer: int | None, a: FloatArray, b: FloatArray) -> Iterator[MatchedBlock]:
    if len(b) >= _FEWEST_CHANNELS and a.any() and b.any():
        yield match_rows(layer, [(a, b)])
