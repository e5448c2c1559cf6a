"""Value heads of linear attention that a GGUF file stores in turn: one of each key head, then the next of each.

The converter puts those of Qwen 3.5 so, where the original has all value heads of one key head next to each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lineage_audit.checkpoint.config.quirks import Quirk, has_quirk
from lineage_audit.checkpoint.names.geometry import Geometry, MixerGeometry
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import RowLayout, TensorRef

References = tuple[TensorRef, ...]

_GGUF_LAYER = "blk."
_BY_HEAD = frozenset({Role.MIXER_STEP, Role.MIXER_BETA, Role.MIXER_DECAY})
_BY_VALUE = frozenset({Role.MIXER_V, Role.MIXER_GATE, Role.MIXER_CONV_V})


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
