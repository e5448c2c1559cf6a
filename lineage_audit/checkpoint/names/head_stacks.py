"""Latent attention's key and value projections as GGUF stores them: one matrix a head, in a stack.

The converter splits ``kv_b`` into ``attn_k_b`` ``[heads, rank, key]``, each head transposed, and ``attn_v_b``
``[heads, value, rank]``.
"""

from __future__ import annotations

from dataclasses import replace

from lineage_audit.checkpoint.names.fusions import Fusion
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import Part, TensorRef, contiguous

_MAX_HEADS = 2048
"""A longer stack is not taken apart: no model has it, and the dimension is the file's word alone."""

_STACKS: dict[Fusion, tuple[Role, bool]] = {
    Fusion.HEADS_K_B: (Role.K_B, True),
    Fusion.HEADS_V_B: (Role.V_B, False),
}
"""What each stack holds, and whether its heads are transposed."""


def is_head_stack(fusion: Fusion) -> bool:
    """Tell whether a fusion is a stack of heads."""
    return fusion in _STACKS


def of_heads(whole: TensorRef, fusion: Fusion) -> TensorRef | None:
    """Return the heads one under the other as one matrix, or None if the tensor is not a stack of them."""
    (part,) = whole.parts
    stored = part.stored
    if (
        len(stored.shape) != 3
        or not 0 < stored.shape[0] <= _MAX_HEADS
        or 0 in stored.shape
        or stored.strides is not None
    ):
        return None
    role, transposed = _STACKS[fusion]
    heads, *matrix = stored.shape
    rows, rank = reversed(matrix) if transposed else matrix
    parts = tuple(Part(stored, contiguous(rows), head, transposed) for head in range(heads))
    return replace(whole, role=role, slot="weight", shape=(heads * rows, rank), parts=parts)
