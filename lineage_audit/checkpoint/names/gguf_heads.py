"""Heads as GGUF stores them: latent attention's one matrix a head, linear attention's value heads in turn.

Of latent attention the converter splits ``kv_b`` into ``attn_k_b`` ``[heads, rank, key]``, each head transposed, and
``attn_v_b`` ``[heads, value, rank]``. Of Qwen 3.5 it stores one value head of each key head, then the next of each,
where the original has all value heads of one key head next to each other.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from lineage_audit.checkpoint.config.quirks import Quirk, has_quirk
from lineage_audit.checkpoint.names.fusions import Fusion
from lineage_audit.checkpoint.names.geometry import Geometry, MixerGeometry
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import Part, RowLayout, TensorRef, contiguous

References = tuple[TensorRef, ...]

_GGUF_LAYER = "blk."
_BY_HEAD = frozenset({Role.MIXER_STEP, Role.MIXER_BETA, Role.MIXER_DECAY})
_BY_VALUE = frozenset({Role.MIXER_V, Role.MIXER_GATE, Role.MIXER_CONV_V})
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


def with_heads_in_order(groups: Sequence[References], geometry: Geometry) -> list[References]:
    """Return the references whose rows are value heads, or their dimensions, in the original's order."""
    heads = geometry.mixer
    if heads is None or heads.shared == 1 or not has_quirk(geometry.model_type, Quirk.GGUF_VALUE_HEADS_IN_TURN):
        return list(groups)
    return [tuple(_in_order(ref, heads) for ref in group) for group in groups]


def _in_turn(heads: MixerGeometry, width: int, offset: int = 0) -> RowLayout:
    """Where the original's rows (or columns) stand, each value head having ``width`` of them."""
    sizes = (heads.key_heads, heads.shared, width)
    return RowLayout(offset, sizes, (width, heads.key_heads * width, 1))


def _in_order(ref: TensorRef, heads: MixerGeometry) -> TensorRef:
    if len(ref.parts) != 1 or not ref.shape or not ref.name.startswith(_GGUF_LAYER):
        return ref
    (part,) = ref.parts
    if ref.role is Role.MIXER_O and ref.shape[-1] == heads.values:
        return replace(ref, parts=(replace(part, columns=_in_turn(heads, heads.value_dim)),))
    if ref.role in _BY_HEAD and ref.shape[0] == heads.value_heads:
        return replace(ref, parts=(replace(part, rows=_in_turn(heads, 1, part.rows.offset)),))
    if ref.role in _BY_VALUE and ref.shape[0] == heads.values:
        return replace(ref, parts=(replace(part, rows=_in_turn(heads, heads.value_dim, part.rows.offset)),))
    return ref
