"""Numbers of a mixer's channels (state-space models, RWKV, gated delta nets, short convolutions): drawn at random.

What may be put into another order without a change of the function, from the forward passes:

- Mamba 1, RWKV 4: every channel of a layer. Its row of the input projection (of the values, in RWKV), its filter,
  its decay and its column of the output projection move together.
- Mamba 2: the channels of one head among themselves, for a head has one decay, and B and C are shared.
- Gated delta nets and others with values of their own: the value dimensions of all heads in one order, for the norm
  behind them may have one gain for all heads.
- Short convolutions (LFM): every channel of a layer.

Activations behind the filters tie the signs of all but a few of these, so that no sign is tested here. Mixers whose
gates are block-diagonal (RG-LRU), or whose projections stand in one matrix in an order that is not known, give none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.evidence.base import TestDescription, WeightComparison, not_measured, unit_rows
from lineage_audit.comparison.evidence.matched_labels import (
    LABEL_NULL,
    MatchedBlock,
    fixed_point_evidence,
    match_block,
)
from lineage_audit.comparison.reading.measurement import FloatArray, Measurement
from lineage_audit.results import Evidence

TEST = TestDescription(
    "mixer-fixed-points", "Does each channel of a mixer without a softmax best match its own number?", LABEL_NULL
)

_FEWEST_CHANNELS = 8
_PROJECTIONS_OF_A_CONVOLUTION = 3
"""B, C and x of a short convolution, one under the other."""


@dataclass(frozen=True, slots=True)
class _Channels:
    """A layer's channels: the measured rows that they are, and how many stand in one head."""

    rows: Measurement
    count: int
    of_head: int


def measure(comparison: WeightComparison) -> Evidence:
    """Match the channels of every layer's mixer among those that they may be exchanged with."""
    mixers = [channels for layer, _ in comparison.places(Role.MIXER_O) if (channels := _channels(comparison, layer))]
    if not mixers:
        return not_measured(TEST, "not-applicable", "no mixer whose channels may stand in any order")
    blocks = [block for channels in mixers for block in _blocks(channels)]
    if not blocks:
        return not_measured(TEST, "skipped", "it needs the rows of a mixer's channels, and only a sample was read")
    elements = sum(channels.rows.kept_b.size for channels in mixers)
    return fixed_point_evidence(TEST, "channels of mixers", blocks, comparison, elements)


def _channels(comparison: WeightComparison, layer: int) -> _Channels | None:
    """What is known of a layer's channels; None where the order of its projections is not."""
    output, values = comparison.find(Role.MIXER_O, layer), comparison.find(Role.MIXER_V, layer)
    rows = values or comparison.find(Role.MIXER_IN, layer)
    if output is None or rows is None or len(rows.pair.b.shape) != 2 or _has_blocks(comparison, layer):
        return None
    count, decays = output.pair.b.shape[1], _decays(comparison, layer)
    if values is not None and rows.pair.b.shape[0] != count:
        return None
    if decays is None:
        is_convolution = values is None and rows.pair.b.shape[0] == _PROJECTIONS_OF_A_CONVOLUTION * count
        return _Channels(rows, count, 1) if is_convolution else None
    if rows.pair.b.shape[0] < count or count % decays:
        return None
    return _Channels(rows, count, count // decays)


def _has_blocks(comparison: WeightComparison, layer: int) -> bool:
    """Whether a gate of the state is block-diagonal, so that its channels cannot leave their block."""
    return any(len(shape) > 2 for shape in _shapes(comparison, Role.MIXER_STATE, layer))


def _shapes(comparison: WeightComparison, role: Role, layer: int) -> set[tuple[int, ...]]:
    return {
        measured.pair.b.shape
        for measured in comparison.measurements.values()
        if measured.pair.b.role is role and measured.pair.b.core_layer == layer
    }


def _decays(comparison: WeightComparison, layer: int) -> int | None:
    """How many decays a layer has: one a channel, or one a head; None without any, or in an order of its own."""
    shapes = {tuple(n for n in shape if n > 1) for shape in _shapes(comparison, Role.MIXER_DECAY, layer)}
    (shape,) = shapes if len(shapes) == 1 else ((),)
    return shape[0] if 0 < len(shape) <= 2 else None


def _blocks(channels: _Channels) -> Iterator[MatchedBlock]:
    """Channels matched within what they may be exchanged in: the layer, a head, or all heads at once."""
    a, b = channels.rows.kept_a[: channels.count], channels.rows.kept_b[: channels.count]
    layer, width = channels.rows.pair.b.layer, channels.of_head
    if width == 1:
        yield from _matched(layer, a, b)
    elif channels.rows.pair.b.role is Role.MIXER_V:
        if len(b) == channels.count:
            yield from _matched(layer, _all_heads(a, width), _all_heads(b, width))
    else:
        for start in range(0, len(b) - width + 1, width):
            yield from _matched(layer, a[start : start + width], b[start : start + width])


def _all_heads(rows: FloatArray, width: int) -> FloatArray:
    """The rows of one number in every head, one behind the other: ``[width, heads * in]``."""
    return rows.reshape(-1, width, rows.shape[1]).swapaxes(0, 1).reshape(width, -1)


def _matched(layer: int | None, a: FloatArray, b: FloatArray) -> Iterator[MatchedBlock]:
    if len(b) >= _FEWEST_CHANNELS and a.any() and b.any():
        yield match_block(layer, unit_rows(b) @ unit_rows(a).T, 1)
