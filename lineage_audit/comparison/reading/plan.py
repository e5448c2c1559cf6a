"""How much of the weights to read: an effort becomes rows of tensors.

A thousand rows settle a cosine of .01, so a sample reads a few rows of a few layers. The same rows of the same
tensors are always chosen, spread evenly, so that runs repeat.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from msgspec import Struct

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.reading import bytes_for_rows
from lineage_audit.checkpoint.roles import NORM_ROLES, Role
from lineage_audit.checkpoint.tensors import IntArray, TensorRef
from lineage_audit.comparison.alignment.spreading import spread
from lineage_audit.comparison.pairing.tensors import TOKEN_ROLES, TensorPair, numbers

WeightEffort = Literal["sample", "full"]

SAMPLE_BYTES = 4 * 2**20
"""Bytes that a sample reads of each model's weights under their own numbers, beside norms and headers."""

SAMPLE_PART = 8
"""A small budget divided by this is what such a sample reads of it."""

_BUDGET = 64 * 2**20
_LARGE_BUDGET = 128 * 2**20
"""Bytes of weights that a sample may read of each model in all, by default, and of very large ones."""

_LARGE = 40e9
"""Parameters from which on a model is very large."""

_NEIGHBOURS = 0.5
_SCATTERED_ROWS = 24
"""Rows that a sample reads where A's stand apart from one another: each is a request of its own."""

FULL_AT_ONCE = 512 * 2**20
"""Effort ``auto`` reads local models whole up to this many bytes for both together."""

_SEARCHED_BYTES = 4 * 2**30
"""Bytes, of both models together, that are read at most under an alignment that a search found."""

_KEPT_BYTES = 96 * 2**20
"""Bytes of rows kept in memory on each side, as float32, for tests that look across rows."""

_SAMPLED_LAYERS = 8
_ROLE_SHARES: dict[Role, float] = {
    Role.UP: 0.34,
    Role.GATE: 0.12,
    Role.Q: 0.10,
    Role.K: 0.08,
    Role.V: 0.08,
    Role.V_B: 0.08,
    Role.EMBED: 0.28,
}
"""What a sample spends its bytes on. Rows of ``up`` and ``v`` carry the sign tests, embeddings the channel tests."""

WHOLE_BYTES = 10 * 2**20
"""Bytes that a sample may read of matrices that can only be read whole, instead of their roles' shares."""

_COSTLY_ROW = 512 * 2**10
"""Bytes from which a single row is too much to read of every sampled layer."""

_WHOLE_FIRST = (Role.V, Role.V_B, Role.K, Role.Q, Role.UP, Role.GATE, Role.EMBED)
"""Roles in the order in which they are read whole: the small ones that carry sign tests first."""

_KEPT_ROLES = frozenset(
    {Role.UP, Role.GATE, Role.SHARED_UP, Role.SHARED_GATE, Role.Q, Role.K, Role.V, Role.EMBED, Role.OTHER}
    | {Role.MIXER_V}
)
"""Roles whose rows some test holds against each other."""

_PART_MATRICES, _PART_ROWS = 24, 64
"""What a sample reads of towers, projectors and encoders: some rows of some matrices."""

_ALWAYS_WHOLE = 16 * 2**10
"""Tensors up to this many bytes are read whole where their layer is sampled."""


class Reading(Struct, frozen=True, eq=False):
    """Rows of one pair to read.

    Attributes:
        pair: the pair.
        positions: positions into the pair's ``b_rows`` and ``a_rows``, sorted.
        kept: how many of the rows, from the first, stay in memory.
    """

    pair: TensorPair
    positions: IntArray
    kept: int

    @property
    def width(self) -> int:
        """Elements of a row of B."""
        return self.pair.b.size // max(1, self.pair.b.shape[0])


def default_budget(*models: Checkpoint) -> int:
    """Bytes that a sample may read of each of these models."""
    return _LARGE_BUDGET if max(model.parameters for model in models) > _LARGE else _BUDGET


def bytes_of(reading: Reading, rows: int | None = None) -> int:
    """Stored bytes of a reading, or of some rows of it, both models together."""
    count = len(reading.positions) if rows is None else rows
    return count * (_bytes(reading.pair.a) + _bytes(reading.pair.b))


def plan_reading(
    pairs: Sequence[TensorPair], effort: WeightEffort, sample_bytes: int = SAMPLE_BYTES
) -> tuple[Reading, ...]:
    """Choose what to read of each pair, and what to keep of that.

    Args:
        pairs: what stands where.
        effort: all rows, or some.
        sample_bytes: how much some are, of each model.
    """
    if effort == "full":
        blocks = [(pair, numbers(len(pair.b_rows))) for pair in pairs]
    else:
        layers = _sampled_layers(pairs)
        chosen = [pair for pair in pairs if pair.b.layer is None or pair.b.layer in layers]
        costly = [pair for pair in chosen if _is_costly(pair)]
        whole = _read_whole(costly)
        cheap = [pair for pair in chosen if pair not in costly]
        counts = {role: sum(_draws_on(pair, role) for pair in cheap) for role in _ROLE_SHARES}
        blocks = [
            (pair, _block(len(pair.b_rows), _sampled_count(pair, counts, sample_bytes), pair.b)) for pair in cheap
        ]
        blocks += [*whole, *((pair, _block(len(pair.b_rows), _PART_ROWS, pair.b)) for pair in _beside_core(pairs))]
    return _readings(blocks)


def plan_search(pairs: Sequence[TensorPair]) -> tuple[Reading, ...]:
    """Choose what is read under an alignment that a search found: all, or of large models some layers, spread evenly.

    Whole, since signs and scales of units are fitted on one matrix of a layer and carried over to another.
    """
    everything = plan_reading(pairs, "full")
    if sum(map(bytes_of, everything)) <= _SEARCHED_BYTES:
        return everything
    of_layers = [reading for reading in everything if reading.pair.b.layer is not None]
    layers = sorted({layer for reading in of_layers if (layer := reading.pair.b.layer) is not None})
    a_layer = sum(map(bytes_of, of_layers)) // max(1, len(layers))
    chosen = frozenset(spread(layers, max(1, _SEARCHED_BYTES // 2 // max(1, a_layer))))
    beside = [pair for pair in pairs if pair.b.layer is None]
    rows = [_SEARCHED_BYTES // 4 // (len(beside) * 2 * _row_bytes(pair)) for pair in beside]
    blocks = [(pair, _block(len(pair.b_rows), count, pair.b)) for pair, count in zip(beside, rows, strict=True)]
    blocks += [(pair, numbers(len(pair.b_rows))) for pair in pairs if pair.b.layer in chosen]
    return _readings(blocks)


def _readings(blocks: Sequence[tuple[TensorPair, IntArray]]) -> tuple[Reading, ...]:
    """What is read, with what of it stays in memory."""
    some = [(pair, positions) for pair, positions in blocks if len(positions) and pair.b.size]
    kept = _kept_rows([pair for pair, _ in some])
    return tuple(Reading(pair, positions, _kept(pair, kept)) for pair, positions in some)


def _kept_rows(pairs: Sequence[TensorPair]) -> int:
    """The number of rows that every tensor may keep, so that all together stay within ``_KEPT_BYTES``."""
    widths = [pair.b.size // pair.b.shape[0] for pair in pairs if _is_kept(pair) and len(pair.b.shape) > 1]
    return _KEPT_BYTES // max(1, 4 * sum(widths))


def _kept(pair: TensorPair, rows: int) -> int:
    """Rows of one pair to keep; vectors are kept whole."""
    if len(pair.b.shape) == 1:
        return pair.b.shape[0]
    return rows if _is_kept(pair) else 0


def _is_kept(pair: TensorPair) -> bool:
    return pair.b.role in _KEPT_ROLES or not pair.b.in_core


def _sampled_layers(pairs: Sequence[TensorPair]) -> frozenset[int]:
    """Layers to sample, first and last among them."""
    present = sorted({pair.b.layer for pair in pairs if pair.b.layer is not None})
    return frozenset(spread(present, _SAMPLED_LAYERS))


def _draws_on(pair: TensorPair, role: Role) -> bool:
    """Tell whether the pair shares in a role's budget (of many experts only the first is sampled)."""
    return pair.b.in_core and pair.b.role == role and pair.b.slot == "weight" and pair.b.expert in (None, 0)


def _is_costly(pair: TensorPair) -> bool:
    """Tell whether a single row takes far more than its bytes, as where codes are packed along the rows (GPTQ, AWQ)."""
    if len(pair.b.shape) < 2 or pair.b.role not in _ROLE_SHARES or not _draws_on(pair, pair.b.role):
        return False
    return any(lies_across(tensor, rows) for tensor, rows in ((pair.a, pair.a_rows), (pair.b, pair.b_rows)))


def lies_across(tensor: TensorRef, rows: IntArray) -> bool:
    """Tell whether a row in the middle cannot be read without most of the matrix."""
    middle = rows[len(rows) // 2 : len(rows) // 2 + 1]
    return len(middle) > 0 and bytes_for_rows(tensor, middle) > max(_COSTLY_ROW, 4 * _bytes(tensor))


def _read_whole(costly: Sequence[TensorPair]) -> list[tuple[TensorPair, IntArray]]:
    """Of matrices that cannot be read in part, a few that are read whole: one layer a role, as far as they fit.

    Where one side can be read in part, only as many rows are compared as that side may cost.
    """
    chosen: list[tuple[TensorPair, IntArray]] = []
    left = WHOLE_BYTES
    for role in _WHOLE_FIRST:
        of_role = [pair for pair in costly if pair.b.role == role]
        if not of_role:
            continue
        pair = of_role[len(of_role) // 2]
        sides = ((pair.a, pair.a_rows), (pair.b, pair.b_rows))
        whole = max(_bytes(tensor) * tensor.shape[0] for tensor, rows in sides if lies_across(tensor, rows))
        in_part = [_bytes(tensor) for tensor, rows in sides if not lies_across(tensor, rows)]
        if whole <= left:
            count = min([len(pair.b_rows), *(max(1, WHOLE_BYTES // 2 // row) for row in in_part)])
            chosen.append((pair, _block(len(pair.b_rows), count, pair.b)))
            left -= whole
    return chosen


def _sampled_count(pair: TensorPair, counts: dict[Role, int], sample_bytes: int) -> int:
    """Number of rows of a pair that a sample reads."""
    rows, row_bytes = len(pair.b_rows), _row_bytes(pair)
    if pair.b.role in NORM_ROLES or (len(pair.b.shape) == 1 and rows * row_bytes <= _ALWAYS_WHOLE):
        return rows
    if pair.b.role not in _ROLE_SHARES or not _draws_on(pair, pair.b.role):
        return 0
    budget = sample_bytes * _ROLE_SHARES[pair.b.role] / counts[pair.b.role]
    return min(rows, max(1, int(budget / row_bytes)), _SCATTERED_ROWS if _is_scattered(pair) else rows)


def _is_scattered(pair: TensorPair) -> bool:
    """Tell whether rows that are neighbours in B mostly stand apart in A."""
    return len(pair.a_rows) > 1 and float((np.diff(pair.a_rows) == 1).mean()) < _NEIGHBOURS


def _row_bytes(pair: TensorPair) -> int:
    """Bytes of a row in the larger of the two models."""
    return max(_bytes(pair.a), _bytes(pair.b))


def _bytes(tensor: TensorRef) -> int:
    elements = tensor.size // max(1, tensor.shape[0])
    return max(1, int(elements * tensor.parts[0].stored.element_bits) // 8)


def _beside_core(pairs: Sequence[TensorPair]) -> list[TensorPair]:
    """A few matrices of the parts beside the core, spread over them: each part is asked on its own."""
    matrices = [pair for pair in pairs if not pair.b.in_core and pair.b.layer is not None and len(pair.b.shape) == 2]
    return spread(matrices, _PART_MATRICES)


def _block(rows: int, count: int, tensor: TensorRef) -> IntArray:
    """A contiguous block of positions; tokens from the front, where the common ones are, others from the middle."""
    count = min(rows, count)
    start = 0 if tensor.role in TOKEN_ROLES else (rows - count) // 2
    return np.arange(start, start + count)
