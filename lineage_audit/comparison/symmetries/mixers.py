"""What can be moved in mixers without a softmax, told by the shapes of a layer; from the forward passes.

Order of channels (a channel is a row of the values, and of their gates, and a column of the output matrix):

- Mamba 1, RWKV 4, short convolutions: every channel of a layer for itself.
- Mamba 2 and what has a norm of its own for every channel: the channels of one head among themselves, for a head has
  one decay, and B and C are shared. RG-LRU: the channels of one block of its gates.
- Gated delta nets and the like: the value dimensions of all heads in one order, for the norm behind them has one gain
  for all heads.

Signs: an activation behind a filter ties them, so that Mamba 2 and delta nets have none. What is linear has some:

- short convolutions: a channel's values with what multiplies them before the filter; its gate after it with its output;
- RWKV 4, RG-LRU: a channel's values with its output (in RG-LRU its gates' own weights follow it);
- Mamba 1: a dimension of the state in B and C; one of the step's low rank in both its matrices;
- mLSTM, RWKV 5 and 6: a dimension of a head's queries and keys.

A layer of another shape has no symmetry that is known, and gives no test.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.roles import MIXER_ROLES, Role

Shapes = Mapping[Role, tuple[int, ...]]
"""Role -> shape of its weight in one layer."""

_BLOCKS = 3
"""Axes of gates that are block-diagonal."""


class Strip(Struct, frozen=True):
    """Rows or columns of a matrix, one a unit.

    Attributes:
        role: which matrix.
        is_column: its columns are the units; otherwise its rows.
    """

    role: Role
    is_column: bool = False


Flip = tuple[Strip, ...]
"""What is negated together without a change."""


class MixerSymmetry(Struct, frozen=True):
    """What may be moved in the mixer of one layer.

    Attributes:
        channels: how many there are.
        of_head: how many of them stand in one head, 1 where every channel is free.
        one_order: the dimensions of all heads move in one order.
        flips: whose signs are free.
        moved: what moves with a channel, beside its gates, its values and its output.
        has_blocks: gates of the state stand in blocks, of which a channel moves both sides.
    """

    channels: int
    of_head: int = 1
    one_order: bool = False
    flips: tuple[Flip, ...] = ()
    moved: tuple[Strip, ...] = ()
    has_blocks: bool = False


_FILTER = Strip(Role.MIXER_CONV)
_RECURRENCE = (Strip(Role.MIXER_DECAY), Strip(Role.MIXER_SKIP))
_VALUES_AND_OUTPUT: Flip = (Strip(Role.MIXER_V), Strip(Role.MIXER_O, is_column=True))
_QUERIES_AND_KEYS: Flip = (Strip(Role.MIXER_Q), Strip(Role.MIXER_K))


def mixers_of(checkpoint: Checkpoint, *, linear_keys: bool = False) -> dict[int, MixerSymmetry]:
    """What may be moved in the mixers of a model's core, by layer."""
    shapes: dict[int, dict[Role, tuple[int, ...]]] = defaultdict(dict)
    for tensor in checkpoint.core:
        if tensor.role in MIXER_ROLES and tensor.slot == "weight" and tensor.layer is not None:
            shapes[tensor.layer][tensor.role] = tensor.shape
    found = {layer: _mixer_symmetry(of_layer, linear_keys=linear_keys) for layer, of_layer in sorted(shapes.items())}
    return {layer: symmetry for layer, symmetry in found.items() if symmetry is not None}


def _mixer_symmetry(shapes: Shapes, *, linear_keys: bool = False) -> MixerSymmetry | None:
    """What may be moved in a layer of these shapes; None where it has no mixer of a known kind.

    Args:
        shapes: of the layer's weights, by role.
        linear_keys: nothing bends its queries and keys, which shapes do not show.
    """
    values, output = shapes.get(Role.MIXER_V), shapes.get(Role.MIXER_O)
    if values is None or output is None or len(values) != 2 or len(output) != 2 or values[0] != output[1]:
        return None
    kinds: tuple[Callable[[Shapes, int], MixerSymmetry | None], ...] = (_blocks, _convolution, _free, _heads)
    found = next((symmetry for kind in kinds if (symmetry := kind(shapes, values[0])) is not None), None)
    if found is None or not linear_keys or Role.MIXER_Q not in shapes:
        return found
    return replace(found, flips=(_QUERIES_AND_KEYS,))


def _blocks(shapes: Shapes, channels: int) -> MixerSymmetry | None:
    """RG-LRU: gates of the state in blocks, which no channel leaves."""
    gates = shapes.get(Role.MIXER_BETA, ())
    if len(gates) != _BLOCKS or gates[0] * gates[1] != channels:
        return None
    moved = (_FILTER, Strip(Role.MIXER_DECAY))
    return MixerSymmetry(channels, gates[1], flips=(_VALUES_AND_OUTPUT,), moved=moved, has_blocks=True)


def _convolution(shapes: Shapes, channels: int) -> MixerSymmetry | None:
    """LFM 2: a filter between two gates, nothing else."""
    has_gates = all(shapes.get(role, (0,))[0] == channels for role in (Role.MIXER_K, Role.MIXER_GATE, Role.MIXER_CONV))
    if not has_gates or not shapes.keys().isdisjoint({Role.MIXER_DECAY, Role.MIXER_Q}):
        return None
    before = (Strip(Role.MIXER_V), Strip(Role.MIXER_K))
    after = (Strip(Role.MIXER_GATE), Strip(Role.MIXER_O, is_column=True))
    return MixerSymmetry(channels, flips=(before, after), moved=(Strip(Role.MIXER_K), _FILTER))


def _free(shapes: Shapes, channels: int) -> MixerSymmetry | None:
    """Mamba 1 and RWKV 4: a decay for each channel, and no queries."""
    decays = shapes.get(Role.MIXER_DECAY, (0,))
    if decays[0] != channels or Role.MIXER_Q in shapes:
        return None
    if len(decays) == 1:
        is_linear = Role.MIXER_K in shapes and Role.MIXER_CONV not in shapes
        moved = (Strip(Role.MIXER_K), _FILTER, *_RECURRENCE)
        return MixerSymmetry(channels, flips=(_VALUES_AND_OUTPUT,) if is_linear else (), moved=moved)
    state = (Strip(Role.MIXER_B), Strip(Role.MIXER_C))
    step = (Strip(Role.MIXER_STEP_IN), Strip(Role.MIXER_STEP, is_column=True))
    read = (Strip(role, is_column=True) for role in (Role.MIXER_STEP_IN, Role.MIXER_B, Role.MIXER_C))
    return MixerSymmetry(channels, flips=(state, step), moved=(_FILTER, *_RECURRENCE, Strip(Role.MIXER_STEP), *read))


def _heads(shapes: Shapes, channels: int) -> MixerSymmetry | None:
    """Heads, each with a decay of its own or a row of them."""
    heads = _head_count(shapes, channels)
    if not heads or channels % heads:
        return None
    of_head = channels // heads
    gains = shapes.get(Role.MIXER_NORM, (channels,))
    moved = (_FILTER, Strip(Role.MIXER_CONV_V), Strip(Role.MIXER_NORM))
    return MixerSymmetry(channels, of_head, one_order=gains[0] == of_head, moved=moved)


def _head_count(shapes: Shapes, channels: int) -> int:
    decays, skips = shapes.get(Role.MIXER_DECAY, (0,)), shapes.get(Role.MIXER_SKIP, (0,))
    if 0 < decays[0] < channels and len(decays) <= 2:
        return decays[0]
    return skips[0] if len(skips) == 2 and Role.MIXER_Q in shapes else 0
