"""Pairs of tensors in which A's side is aligned to B's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from lineage_audit.checkpoint.role_table import DUTIES, Axis
from lineage_audit.checkpoint.roles import MIXER_ROLES, NORM_ROLES, Role
from lineage_audit.checkpoint.tensors import IntArray, TensorKey, TensorRef
from lineage_audit.comparison.alignment.aligned_tensor import AlignedTensor
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.alignment.maps import NO_SOURCE, Alignment, FloatArray, UnitMap
from lineage_audit.comparison.pairing.tensors import TensorPair, rows_of_tokens
from lineage_audit.comparison.symmetries.ffn_blocks import FfnBlock, block_of
from lineage_audit.comparison.symmetries.geometry import HeadsByLayer
from lineage_audit.comparison.symmetries.mixers import Strip

_Order = tuple[IntArray | None, FloatArray | None]
"""Numbers in A for each number in B (None: the same), and factors (None: one)."""


def aligned_pairs(
    a: CanonicalWeights,
    b: CanonicalWeights,
    tensors: Iterable[TensorRef],
    alignment: Alignment,
    heads: HeadsByLayer | None,
    token_rows: tuple[IntArray, IntArray] | None,
) -> Iterator[TensorPair]:
    """Pair every one of some tensors of B that has a source with that source, aligned."""
    for tensor_b in tensors:
        source = _source(a, tensor_b, alignment)
        if source is None or tensor_b.role not in DUTIES or not tensor_b.size or len(tensor_b.shape) > 2:
            continue
        if len(source.shape) != len(tensor_b.shape):
            continue
        if (alignment.folds_gains or alignment.residual.kind == "copies") and tensor_b.role in NORM_ROLES:
            continue  # folded into what they feed, or of as many channels as there are copies
        pair = _pair(a, b, source, tensor_b, alignment, heads, token_rows)
        if pair is not None:
            yield pair


def _source(a: CanonicalWeights, tensor_b: TensorRef, alignment: Alignment) -> TensorRef | None:
    """The tensor of A that B's comes from: its layer, and in FFNs its block, are those of the alignment."""
    if tensor_b.layer is None:
        found = a.checkpoint.by_key.get(TensorKey(tensor_b.role, tensor_b.slot, None, tensor_b.expert))
        is_tied = found is None and tensor_b.role is Role.LM_HEAD  # to fold a gain into the head, it has to be untied
        return a.checkpoint.by_key.get(TensorKey(Role.EMBED, tensor_b.slot, None, None)) if is_tied else found
    layer = alignment.layers.get(tensor_b.layer)
    if layer is None:
        return None
    block = block_of(tensor_b.role, tensor_b.layer, tensor_b.expert)
    units = None if block is None else alignment.units.get(block)
    if block is None or units is None:
        return a.checkpoint.by_key.get(TensorKey(tensor_b.role, tensor_b.slot, layer, tensor_b.expert))
    role = units.source.roles[block.roles.index(tensor_b.role)] if tensor_b.role in block.roles else tensor_b.role
    return a.checkpoint.by_key.get(TensorKey(role, tensor_b.slot, units.source.layer, units.source.expert))


def _pair(
    a: CanonicalWeights,
    b: CanonicalWeights,
    tensor_a: TensorRef,
    tensor_b: TensorRef,
    alignment: Alignment,
    heads: HeadsByLayer | None,
    token_rows: tuple[IntArray, IntArray] | None,
) -> TensorPair | None:
    """One pair, or None where the alignment does not carry one shape to the other."""
    row_axis, column_axis = _axes(b, tensor_b)
    b_rows, a_rows, row_factor, rotates_rows = _rows(row_axis, tensor_a, tensor_b, alignment, heads, token_rows)
    is_matrix = len(tensor_b.shape) == 2
    width = tensor_b.shape[1] if is_matrix else 0
    columns, column_factor = _order(column_axis, width, tensor_b, alignment, heads) if is_matrix else (None, None)
    rotation = alignment.residual.rotation
    rotates_columns = is_matrix and column_axis is Axis.RESIDUAL and rotation is not None
    if len(a_rows) and int(a_rows.max()) >= tensor_a.shape[0]:
        return None
    reads_embeddings = tensor_a.role is Role.EMBED and tensor_b.role is Role.LM_HEAD
    folds = alignment.folds_gains and is_matrix and column_axis is Axis.RESIDUAL
    aligned_a = AlignedTensor(
        a_gain=a.gain(Role.LM_HEAD if reads_embeddings else tensor_a.role, tensor_a.layer) if folds else None,
        b_gain=b.gain(tensor_b.role, tensor_b.layer) if folds else None,
        columns=columns,
        rotation=rotation if rotates_columns else None,
        column_factor=column_factor,
        row_rotation=rotation if rotates_rows else None,
        row_factor=row_factor,
    )
    shape = (len(b_rows), *tensor_b.shape[1:])
    return (
        TensorPair(tensor_a, tensor_b, b_rows, a_rows, aligned_a)
        if aligned_a.shape_of(tensor_a.shape, len(a_rows)) == shape
        else None
    )


def _rows(
    axis: Axis,
    tensor_a: TensorRef,
    tensor_b: TensorRef,
    alignment: Alignment,
    heads: HeadsByLayer | None,
    token_rows: tuple[IntArray, IntArray] | None,
) -> tuple[IntArray, IntArray, FloatArray | None, bool]:
    """Rows of B, rows of A, factors, and whether A's rows are rotated."""
    if axis is Axis.TOKEN:
        return *rows_of_tokens(tensor_a, tensor_b, token_rows), None, False
    everyone = np.arange(tensor_b.shape[0])
    if axis is Axis.RESIDUAL and alignment.residual.rotation is not None:
        return everyone, np.arange(tensor_a.shape[0]), None, True
    numbers, factor = _order(axis, len(everyone), tensor_b, alignment, heads)
    is_norm = tensor_b.role in NORM_ROLES and tensor_b.slot == "weight"
    return everyone, everyone if numbers is None else numbers, None if is_norm else factor, False


def _axes(b: CanonicalWeights, tensor: TensorRef) -> tuple[Axis, Axis]:
    """What rows and columns are; in a mixer that is known, also what moves with its channels."""
    rows, columns = DUTIES[tensor.role].axes
    symmetry = b.mixers.get(tensor.layer) if tensor.role in MIXER_ROLES and tensor.layer is not None else None
    moved = symmetry.moved if symmetry is not None else ()
    if Strip(tensor.role) in moved:
        rows, columns = Axis.UNIT, columns if tensor.shape[-1] == b.channels else Axis.OTHER
    return rows, Axis.UNIT if Strip(tensor.role, is_column=True) in moved else columns


def _order(axis: Axis, count: int, tensor_b: TensorRef, alignment: Alignment, heads: HeadsByLayer | None) -> _Order:
    """Where the ``count`` entries of one axis come from."""
    if axis is Axis.RESIDUAL:
        return alignment.residual.channels, alignment.residual.signs
    block = block_of(tensor_b.role, tensor_b.layer, tensor_b.expert)
    if axis is Axis.UNIT and block is not None:
        return _units(alignment.units.get(block), count)
    if axis is Axis.EXPERT and tensor_b.layer is not None:
        return _experts(tensor_b.layer, tensor_b.shape[0], alignment), None
    found = alignment.heads.get(tensor_b.layer) if tensor_b.layer is not None else None
    of_layer = heads.at(tensor_b.layer) if heads is not None else None
    if found is None or of_layer is None:
        return None, None
    if axis is Axis.QUERY:
        return _dimensions(found.a_heads, of_layer.head_dim), None
    if axis is Axis.KEY:
        return _dimensions(found.a_groups, tensor_b.shape[0] // of_layer.kv_heads), None
    if axis is Axis.VALUE_OF_QUERY:
        return _dimensions(found.a_heads, of_layer.value_dim), None
    return None, None


def _units(units: UnitMap | None, count: int) -> _Order:
    """Where units come from; what has no source is zero.

    What stands behind a mixer's channels (the filters of B and C) stays in place, as does what heads have in common.
    """
    if units is None or (units.source.is_mixer and count < len(units.a_units)):
        return None, None
    if units.source.is_mixer and count > len(units.a_units):
        return np.concatenate([units.a_units, np.arange(len(units.a_units), count)]), None
    if len(units.known) == len(units.a_units):
        return units.a_units, None
    is_known = units.a_units != NO_SOURCE
    return np.where(is_known, units.a_units, 0), is_known.astype(np.float32)


def _experts(layer: int, count: int, alignment: Alignment) -> IntArray | None:
    """The expert of A behind each of B's; None where one has no source, or two have the same."""
    found = [units for e in range(count) if (units := alignment.units.get(FfnBlock(layer, e))) is not None]
    numbers = [units.source.expert for units in found if units.source.expert is not None]
    return np.array(numbers, dtype=np.int64) if len(set(numbers)) == count else None


def _dimensions(of_heads: IntArray, size: int) -> IntArray:
    """Numbers of the rows that heads have, in order."""
    dimensions: IntArray = (of_heads[:, None] * size + np.arange(size)).ravel()
    return dimensions
