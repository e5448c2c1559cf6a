"""Weights under names that say nothing, beside others under the usual ones: a decoy, or a copy kept as dead weight.

Roles pair the tensors that have one. What is left over in one model, in a shape that some matrix of the other has, is
held against every such matrix by a few rows of the same number, and paired with the one it resembles.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from msgspec.structs import replace

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.reading import RowRequest, is_readable
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import TensorRef
from lineage_audit.comparison.alignment.spreading import spread_numbers
from lineage_audit.comparison.evidence.base import unit_rows
from lineage_audit.comparison.pairing.tensors import Pairing, TensorPair
from lineage_audit.comparison.reading.finite import zero_where_unusable
from lineage_audit.comparison.verdict.thresholds import UNNAMED_TENSORS

_PROBED_ROWS = 24
_FEWEST_NUMBERS = 1024
"""Matrices smaller than this hold too little to matter."""


def pair_unnamed(a: Checkpoint, b: Checkpoint, pairing: Pairing) -> Pairing:
    """Add the pairs that rows alone show, of either model's left-over matrices with any matrix of the other."""
    hidden_in_b = _resembling(b, _unplaced(pairing.only_b, a), a, _matrices(a))
    hidden_in_a = _resembling(a, _unplaced(pairing.only_a, b), b, _matrices(b))
    found = [_pair(of_a, of_b) for of_b, of_a in hidden_in_b.items()]
    # B's tensor is compared a second time here, so the pair goes by a name of its own.
    found += [
        _pair(replace(of_a, role=of_b.role), replace(of_b, role=Role.OTHER, name=f"{of_b.name} ({of_a.name})"))
        for of_a, of_b in hidden_in_a.items()
    ]
    if not found:
        return pairing
    return replace(
        pairing,
        pairs=(*pairing.pairs, *found),
        only_a=tuple(tensor for tensor in pairing.only_a if tensor not in hidden_in_a),
        only_b=tuple(tensor for tensor in pairing.only_b if tensor not in hidden_in_b),
    )


def unplaced_share(a: Checkpoint, b: Checkpoint, pairing: Pairing) -> float:
    """Share of B's parameters in left-over matrices without a role that have the shape of some matrix of A."""
    return sum(tensor.size for tensor in _unplaced(pairing.only_b, a)) / max(1, b.parameters)


def _unplaced(left_over: Iterable[TensorRef], other: Checkpoint) -> list[TensorRef]:
    """Left-over matrices of unknown role in a shape that the other model has."""
    shapes = {tensor.shape for tensor in _matrices(other)}
    return [
        tensor for tensor in left_over if tensor.role == Role.OTHER and tensor.shape in shapes and is_readable(tensor)
    ]


def _matrices(checkpoint: Checkpoint) -> list[TensorRef]:
    return [
        tensor
        for tensor in checkpoint.tensors
        if len(tensor.shape) == 2 and tensor.size >= _FEWEST_NUMBERS and is_readable(tensor)
    ]


def _resembling(
    owner: Checkpoint, unplaced: Sequence[TensorRef], other: Checkpoint, matrices: Sequence[TensorRef]
) -> dict[TensorRef, TensorRef]:
    """For each unplaced matrix the other model's matrix that it resembles most, if it does."""
    by_shape: dict[tuple[int, ...], list[TensorRef]] = defaultdict(list)
    for tensor in unplaced:
        by_shape[tensor.shape].append(tensor)
    found: dict[TensorRef, TensorRef] = {}
    for shape, asked in by_shape.items():
        candidates = [tensor for tensor in matrices if tensor.shape == shape]
        sizes = np.abs(np.einsum("ird,jrd->ijr", _probes(owner, asked), _probes(other, candidates), optimize=True))
        scores = sizes.mean(axis=2)
        for tensor, best, score in zip(asked, scores.argmax(axis=1), scores.max(axis=1), strict=True):
            if score >= UNNAMED_TENSORS.resembling:
                found[tensor] = candidates[int(best)]
    return found


def _probes(
    checkpoint: Checkpoint, tensors: Sequence[TensorRef]
) -> np.ndarray[tuple[int, int, int], np.dtype[np.float32]]:
    """A few rows of each matrix as unit rows, ``[matrices, rows, in]``; all matrices have one shape."""
    rows = spread_numbers(tensors[0].shape[0], _PROBED_ROWS)
    read = checkpoint.read([RowRequest(tensor, rows) for tensor in tensors])
    return np.stack([unit_rows(zero_where_unusable(block)) for block in read])


def _pair(a: TensorRef, b: TensorRef) -> TensorPair:
    rows = np.arange(b.shape[0])
    return TensorPair(a, b, rows, rows, structural=True)
