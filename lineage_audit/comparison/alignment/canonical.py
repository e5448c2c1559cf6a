"""A checkpoint's matrices in canonical form: norm gains folded into what they feed, heads and units as rows.

Folding makes a gain part of the columns that read it, so that models whose norms were folded away, and models that
are compared after a rotation, look the same. Whole matrices are read on demand and the last few are kept.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Mapping
from copy import copy
from functools import cached_property, partial

import numpy as np
import numpy.typing as npt

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.config.quirks import Quirk, has_quirk
from lineage_audit.checkpoint.reading import FetchedRows, RowRequest, is_readable
from lineage_audit.checkpoint.role_table import DUTIES, NORMED_BY, READERS, WRITERS, Axis
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import IntArray, TensorKey, TensorRef
from lineage_audit.comparison.alignment.spreading import spread, spread_numbers
from lineage_audit.comparison.alignment.whitening import SOLVED_WHOLE, whitening_weights
from lineage_audit.comparison.evidence.base import unit_rows
from lineage_audit.comparison.reading.finite import zero_where_unusable
from lineage_audit.comparison.reading.plan import lies_across
from lineage_audit.comparison.reading.set_values import without_set
from lineage_audit.comparison.reading.streaming import in_order
from lineage_audit.comparison.reading.threads import usable_processors
from lineage_audit.comparison.symmetries.ffn_blocks import BLOCK_ROLES, FFN_ROLES, FfnBlock
from lineage_audit.comparison.symmetries.mixers import MixerSymmetry, mixers_of

FloatArray = npt.NDArray[np.float32]

_COUNTED = frozenset({Axis.QUERY, Axis.KEY, Axis.UNIT, Axis.VALUE_OF_QUERY})
_STREAM_SIDE = {
    **{role: 1 for role in READERS if DUTIES[role].rows in _COUNTED},
    **{role: 0 for role in WRITERS if DUTIES[role].columns in _COUNTED},
}
"""Roles whose units are matched -> the axis on which they read or write the residual stream."""

_FOLDED = frozenset(NORMED_BY.values())
_OFTEN_NEGATIVE = 0.05
"""Share of gains that are zero or less, above which they are read as offsets from one."""

_GRAM_LAYERS = 6
_GRAM_ROWS_TAKEN = 8
"""Gate rows per channel that are taken where there are more."""

_GRAM_ROWS_OF_WIDE = 3
"""The same in wide streams, of which only the strongest directions are weighed."""

_GRAM_ROWS_A_CHANNEL = 2
"""Gate rows per channel below which their Gram matrix says too little of the stream's directions."""

_KEPT_BYTES = 128 * 2**20

_PIECE_ELEMENTS = 4 * 2**20
"""Elements of a matrix that are read, folded and carried together."""


class CanonicalWeights:
    """Matrices of one checkpoint in canonical form.

    Attributes:
        checkpoint: the checkpoint.
        proposers: the units of each FFN whose rows propose how the residual stream corresponds; all, unless some are
            held out.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.checkpoint = checkpoint
        self.proposers = slice(None)
        self._kept: OrderedDict[TensorKey, FloatArray] = OrderedDict()

    def proposing_only(self, units: slice) -> CanonicalWeights:
        """The same weights, of whose units only some propose how the residual stream corresponds."""
        _ = self.gate_whitening  # fits no correspondence, so that all units may share in it
        some = copy(self)
        some.proposers = units
        return some

    @property
    def all_propose(self) -> bool:
        """Whether no unit is held out."""
        return self.proposers == slice(None)

    def find(self, role: Role, layer: int | None, expert: int | None = None) -> TensorRef | None:
        """The reference of a weight matrix that can be read and fits the stream that it reads or writes, or None."""
        tensor = self.checkpoint.by_key.get(TensorKey(role, "weight", layer, expert))
        if tensor is None or not is_readable(tensor) or not tensor.size:
            return None
        side = _STREAM_SIDE.get(role)
        fits = side is None or len(tensor.shape) != 2 or tensor.shape[side] == self.channels
        return tensor if fits else None

    @cached_property
    def channels(self) -> int:
        """Number of residual channels: the width that most matrices have on the side of the stream; 0 without any."""
        widths = Counter(
            tensor.shape[_STREAM_SIDE[tensor.role]]
            for tensor in self.checkpoint.core
            if tensor.role in _STREAM_SIDE and tensor.slot == "weight" and len(tensor.shape) == 2
        )
        return max(widths, key=lambda width: (widths[width], width), default=0)

    def layers(self) -> list[int]:
        """Numbers of the layers that have attention, an FFN or a mixer."""
        return layer_numbers(self.checkpoint)

    @cached_property
    def _by_layer(self) -> dict[tuple[Role, int | None], list[TensorRef]]:
        """The weights of a role in a layer."""
        found: dict[tuple[Role, int | None], list[TensorRef]] = defaultdict(list)
        for tensor in self.checkpoint.core:
            if tensor.slot == "weight":
                found[tensor.role, tensor.layer].append(tensor)
        return found

    @cached_property
    def mixers(self) -> Mapping[int, MixerSymmetry]:
        """What may be moved in mixers without a softmax, by layer."""
        return mixers_of(self.checkpoint)

    @cached_property
    def is_gated(self) -> bool:
        """Whether its FFNs multiply a gate with an up projection, so that a unit can be negated."""
        blocks = [block for layer in self.layers() for block in self.ffns(layer)[:1] if not block.is_mixer]
        return bool(blocks) and all(self.proposing_role(block) == block.roles.gate for block in blocks)

    def experts(self, layer: int) -> list[int | None]:
        """Experts of a layer; ``[None]`` for a dense FFN."""
        found = {t.expert for t in self.checkpoint.core if t.role == Role.UP and t.layer == layer}
        return sorted(found, key=lambda expert: -1 if expert is None else expert)

    def ffns(self, layer: int) -> list[FfnBlock]:
        """Every FFN of a layer: the dense one or the routed experts, then the shared experts; then its mixer."""
        found = {
            FfnBlock(layer, tensor.expert, roles)
            for roles in (BLOCK_ROLES if layer in self.mixers else FFN_ROLES)
            for tensor in self._by_layer.get((roles.up, layer), ())
        }
        return sorted(found, key=lambda block: block.rank)

    def matrix(self, role: Role, layer: int | None, expert: int | None = None) -> FloatArray | None:
        """A whole matrix ``[out, in]``, gains folded into its columns; None where there is none."""
        key = TensorKey(role, "weight", layer, expert)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        tensor = self.find(role, layer, expert)
        if tensor is None or len(tensor.shape) != 2:
            return None
        rows = np.arange(tensor.shape[0])
        values = self.folded(self.checkpoint.read([RowRequest(tensor, rows)])[0], rows, role, layer)
        self._keep(key, values)
        return values

    def carried(
        self, role: Role, layer: int | None, expert: int | None, carry: Callable[[FloatArray], FloatArray]
    ) -> FloatArray | None:
        """A whole matrix, carried row by row into another basis: a large one in pieces, by several threads."""
        tensor = self.find(role, layer, expert)
        if tensor is None or len(tensor.shape) != 2:
            return None
        rows = np.arange(tensor.shape[0])
        if tensor.size <= _PIECE_ELEMENTS or tensor.key in self._kept or lies_across(tensor, rows):
            whole = self.matrix(role, layer, expert)
            return None if whole is None else carry(whole)

        def piece(fetched: FetchedRows, some: IntArray) -> FloatArray:
            return carry(self.folded(fetched.decode()[0], some, role, layer))

        step = max(1, _PIECE_ELEMENTS // tensor.shape[1])
        pieces = (rows[start : start + step] for start in range(0, len(rows), step))
        jobs = ((None, partial(piece, self.checkpoint.fetch([RowRequest(tensor, some)]), some)) for some in pieces)
        return np.concatenate([carried for _, carried in in_order(jobs, usable_processors())])

    def some_rows(self, role: Role, layer: int | None, expert: int | None, rows: IntArray) -> FloatArray | None:
        """Some rows of a matrix, gains folded."""
        kept = self._kept.get(TensorKey(role, "weight", layer, expert))
        if kept is not None:
            return kept[rows]
        tensor = self.find(role, layer, expert)
        if tensor is None or len(tensor.shape) != 2:
            return None
        return self.folded(self.checkpoint.read([RowRequest(tensor, rows)])[0], rows, role, layer)

    def gain(self, role: Role, layer: int | None) -> FloatArray | None:
        """The norm gain that a role's columns are multiplied by, ``[in]``; None where there is none."""
        tensor = self.gain_tensor(role, layer)
        if tensor is None:
            return None
        stored = self._stored_gains[tensor.key]
        return stored + 1 if self.gains_start_at_zero else stored

    def gain_tensor(self, role: Role, layer: int | None) -> TensorRef | None:
        """Where that gain is stored."""
        norm = NORMED_BY.get(role)
        if norm is None:
            return None
        tensor = self.find(norm, layer) or (self.find(Role.ATTN_NORM, layer) if norm == Role.FFN_NORM else None)
        return tensor if tensor is not None and len(tensor.shape) == 1 else None

    @cached_property
    def _stored_gains(self) -> dict[TensorKey, FloatArray]:
        """All gains that are folded, as stored, read together: a request each would take a remote model minutes."""
        norms = [
            tensor
            for tensor in self.checkpoint.core
            if tensor.role in _FOLDED and tensor.slot == "weight" and len(tensor.shape) == 1 and is_readable(tensor)
        ]
        values = self.checkpoint.read([RowRequest(tensor, np.arange(tensor.shape[0])) for tensor in norms])
        return {tensor.key: zero_where_unusable(value) for tensor, value in zip(norms, values, strict=True)}

    @cached_property
    def gains_start_at_zero(self) -> bool:
        """Some store ``w`` and multiply by ``1 + w`` (Gemma 1 to 3, Qwen3-Next); under another name the values tell.

        A gain that starts at one hardly ever becomes negative; one that starts at zero does so every other time, and
        stays there where it was folded away.
        """
        if has_quirk(self.checkpoint.config.text("model_type"), Quirk.GAINS_LESS_ONE):
            return True
        gains = list(self._stored_gains.values())
        return bool(gains) and float(np.mean(np.concatenate(gains) <= 0)) > _OFTEN_NEGATIVE

    @cached_property
    def gate_gram(self) -> FloatArray | None:
        """Gram matrix ``[d, d]`` of the gate rows of several layers as unit rows; None where they are too few."""
        chosen = spread(self.layers(), _GRAM_LAYERS)
        gram: FloatArray | None = None
        count = 0
        for layer in chosen:
            rows = self._rows_for_gram(layer, len(chosen))
            if rows is None or (gram is not None and len(gram) != rows.shape[1]):
                continue
            unit = unit_rows(rows)
            inner = unit.T @ unit
            gram = inner if gram is None else gram + inner
            count += len(unit)
        if gram is None or count < _GRAM_ROWS_A_CHANNEL * len(gram):
            return None
        return gram

    def _rows_for_gram(self, layer: int, layers: int) -> FloatArray | None:
        """Rows that propose, of one of so many layers: all in a narrow stream, of which some are taken."""
        if self.channels <= SOLVED_WHOLE:
            rows = self.proposing_rows(layer)
            return None if rows is None else _some(rows, _GRAM_ROWS_TAKEN * rows.shape[1] // layers)
        return self.some_proposing_rows(layer, _GRAM_ROWS_OF_WIDE * self.channels // layers)

    def some_proposing_rows(self, layer: int, count: int) -> FloatArray | None:
        """At most so many of the rows that propose, of the first matrix that stands for a layer, spread evenly."""
        first = next(iter(self.proposing(layer)), None)
        if first is None:
            return None
        units = np.arange(first.shape[0])[self.proposers]
        return self.some_rows(first.role, layer, first.expert, units[spread_numbers(len(units), count)])

    @cached_property
    def gate_whitening(self) -> FloatArray | None:
        """The matrix ``[d, d]`` that makes all directions of the gate rows weigh the same; None where they are few."""
        return None if self.gate_gram is None else whitening_weights(self.gate_gram)

    def probed(self) -> list[TensorRef]:
        """The matrices whose rows propose, of every layer that has some."""
        return [tensor for layer in self.layers() for tensor in self.proposing(layer)]

    def proposing(self, layer: int) -> list[TensorRef]:
        """The matrices that stand for a layer: gate (or up) of its first FFN and of its first shared expert.

        Experts may be numbered anew, while a shared expert keeps its place. A layer without an FFN has its mixer.
        """
        blocks = self.ffns(layer)
        kinds = BLOCK_ROLES if blocks and blocks[0].is_mixer else FFN_ROLES
        firsts = [next((block for block in blocks if block.roles == roles), None) for roles in kinds]
        found = [self.proposing_matrix(block) for block in firsts if block is not None]
        return [tensor for tensor in found if tensor is not None]

    def proposing_rows(self, layer: int) -> FloatArray | None:
        """The rows of those matrices that propose, gains folded."""
        found = [self.matrix(tensor.role, layer, tensor.expert) for tensor in self.proposing(layer)]
        rows = [matrix[self.proposers] for matrix in found if matrix is not None]
        return rows[0] if len(rows) == 1 else np.concatenate(rows) if rows else None

    def proposing_matrix(self, block: FfnBlock) -> TensorRef | None:
        """The matrix whose rows propose how an FFN's units correspond: gate where it is gated, else up."""
        tensor = self.find(self.proposing_role(block), block.layer, block.expert)
        return tensor if tensor is not None and len(tensor.shape) == 2 else None

    def proposing_role(self, block: FfnBlock) -> Role:
        """The role of that matrix; a gate of another width (an attention gate, say) gates no FFN."""
        gate, up = (self.find(role, block.layer, block.expert) for role in (block.roles.gate, block.roles.up))
        gates = gate is not None and (up is None or gate.shape[0] == up.shape[0])
        return block.roles.gate if gates else block.roles.up

    def units_carried(self, block: FfnBlock, carry: Callable[[FloatArray], FloatArray]) -> FloatArray | None:
        """The rows that propose how an FFN's units correspond, gains folded, carried into another basis."""
        return self.carried(self.proposing_role(block), block.layer, block.expert, carry)

    def folded(self, values: FloatArray, rows: IntArray, role: Role, layer: int | None) -> FloatArray:
        """Some rows of a matrix as they were read, without what was set in them, the gain folded into their columns."""
        gain = self.gain(role, layer)
        values = without_set(zero_where_unusable(values), rows)
        return values if gain is None or len(gain) != values.shape[1] else zero_where_unusable(values * gain)

    def _keep(self, key: TensorKey, values: FloatArray) -> None:
        self._kept[key] = values
        while sum(kept.nbytes for kept in self._kept.values()) > _KEPT_BYTES and len(self._kept) > 1:
            self._kept.popitem(last=False)


def _some(rows: FloatArray, count: int) -> FloatArray:
    """At most so many rows, spread evenly."""
    return rows[spread_numbers(len(rows), count)]


def layer_numbers(checkpoint: Checkpoint) -> list[int]:
    """Numbers of the layers that have attention, an FFN or a mixer, in order."""
    roles = (Role.UP, Role.Q, Role.MIXER_V)
    return sorted({tensor.layer for tensor in checkpoint.core if tensor.role in roles and tensor.layer is not None})
