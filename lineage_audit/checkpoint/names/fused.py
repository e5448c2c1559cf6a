"""Which rows of a fused matrix belong to which role.

Sources: the forward passes of the models named in the tables. Head counts come from the configuration; how
many heads the keys have follows from the number of rows, so one rule covers multi-head, grouped and multi-query
attention.

Rotary pairs: a role's rows follow the order of transformers' Llama, where rows ``j`` and ``j + head_dim / 2`` of
a head rotate together. Meta's own files store the two next to each other, which is undone here. GPT-J, Cohere,
ChatGLM and GLM-4, Llama 4, ERNIE 4.5 and DeepSeek keep adjacent pairs in every published form, so their stored
order is left as it is.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from lineage_audit.checkpoint.config.quirks import Quirk, has_quirk
from lineage_audit.checkpoint.names.fusions import Fusion
from lineage_audit.checkpoint.names.geometry import Geometry
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import RowLayout, contiguous


class Slice(Struct, frozen=True):
    """The rows of one role."""

    role: Role
    rows: RowLayout


Slices = tuple[Slice, ...]

UNSPLIT: dict[Fusion, Role] = {
    Fusion.QKV_BLOCKS: Role.QKV,
    Fusion.QKV_GROUPS: Role.QKV,
    Fusion.QKV_GLM: Role.QKV,
    Fusion.QKV_C_ATTN: Role.QKV,
    Fusion.QKV_CODEGEN: Role.QKV,
    Fusion.MIXER_QKV_BLOCKS: Role.MIXER_QKV,
    Fusion.MIXER_CONV_BLOCKS: Role.MIXER_CONV,
    Fusion.MIXER_QKVZ_GROUPS: Role.MIXER_QKV,
    Fusion.MIXER_BA_GROUPS: Role.MIXER_STEP,
    Fusion.Q_ADJACENT: Role.Q,
    Fusion.K_ADJACENT: Role.K,
    Fusion.Q_GGUF: Role.Q,
    Fusion.K_GGUF: Role.K,
    Fusion.GATE_UP: Role.GATE_UP,
    Fusion.UP_GATE: Role.GATE_UP,
    Fusion.UP_OR_GATE_UP: Role.UP,
    Fusion.UP_OR_UP_GATE: Role.UP,
}
"""What a fused tensor is where it cannot be split; anything else is then ``OTHER``."""


def slices(fusion: Fusion, rows: int, geometry: Geometry) -> Slices:
    """Return the roles of a matrix or vector of ``rows`` rows, or nothing where it cannot be split."""
    split = _SPLITS.get(fusion)
    return split(rows, geometry) if split is not None else ()


def qkv_blocks(rows: int, geometry: Geometry) -> Slices:
    """Split ``[heads + 2 kv_heads, head_dim]`` rows held as all q, all k, all v."""
    heads, kv_heads = _heads(rows, geometry)
    if heads and kv_heads and geometry.head_dim:
        q_rows, kv_rows = heads * geometry.head_dim, kv_heads * geometry.head_dim
    elif geometry.heads is None and geometry.hidden is not None and rows == 3 * geometry.hidden:
        q_rows = kv_rows = geometry.hidden
    else:
        return ()
    return (
        Slice(Role.Q, contiguous(q_rows)),
        Slice(Role.K, contiguous(kv_rows, q_rows)),
        Slice(Role.V, contiguous(kv_rows, q_rows + kv_rows)),
    )


def qkv_groups(rows: int, geometry: Geometry) -> Slices:
    """Split rows held group by group: the query heads that share a key, the key, the value."""
    heads, kv_heads = _heads(rows, geometry)
    width = geometry.head_dim
    if not (heads and kv_heads and width) or heads % kv_heads:
        return ()
    shared = heads // kv_heads
    group = (shared + 2) * width
    return (
        Slice(Role.Q, RowLayout(0, (kv_heads, shared * width), (group, 1))),
        Slice(Role.K, RowLayout(shared * width, (kv_heads, width), (group, 1))),
        Slice(Role.V, RowLayout((shared + 1) * width, (kv_heads, width), (group, 1))),
    )


def _qkv_glm(rows: int, geometry: Geometry) -> Slices:
    heads, kv_heads = _heads(rows, geometry)
    return qkv_groups(rows, geometry) if heads == kv_heads else qkv_blocks(rows, geometry)


def _qkv_c_attn(rows: int, geometry: Geometry) -> Slices:
    return qkv_groups(rows, geometry) if geometry.qkv_layout == "per-head" else qkv_blocks(rows, geometry)


def _qkv_codegen(rows: int, geometry: Geometry) -> Slices:
    """Split the layout that CodeGen's training on four TPU cores left behind: q, v, k for each core."""
    cores, roles = 4, (Role.Q, Role.V, Role.K)
    local, remainder = divmod(rows, cores * len(roles))
    if remainder or not local or rows != 3 * (geometry.hidden or 0):
        return ()
    stride = len(roles) * local
    return tuple(
        Slice(role, RowLayout(number * local, (cores, local), (stride, 1))) for number, role in enumerate(roles)
    )


def mixer_qkv(rows: int, geometry: Geometry) -> Slices:
    """Split what goes by the name of attention's queries, keys and values and is linear attention's."""
    if has_quirk(geometry.model_type, Quirk.MIXER_QKV_BY_HEAD):
        return _mixer_qkv_heads(rows, geometry)
    return _mixer_qkv_blocks(rows, geometry)


def _mixer_qkv_heads(rows: int, geometry: Geometry) -> Slices:
    """Split rows held head by head: its queries, its keys, its values (MiniMax 1)."""
    heads, width = geometry.heads, geometry.head_dim
    if not (heads and width) or rows != 3 * heads * width:
        return ()
    roles = (Role.MIXER_Q, Role.MIXER_K, Role.MIXER_V)
    return tuple(
        Slice(role, RowLayout(number * width, (heads, width), (3 * width, 1))) for number, role in enumerate(roles)
    )


def _mixer_qkv_blocks(rows: int, geometry: Geometry) -> Slices:
    """Split linear attention's queries, keys and values, of which there may be more heads than of keys."""
    return _mixer_blocks(rows, geometry, (Role.MIXER_Q, Role.MIXER_K, Role.MIXER_V))


def _mixer_conv_blocks(rows: int, geometry: Geometry) -> Slices:
    return _mixer_blocks(rows, geometry, (Role.MIXER_CONV_Q, Role.MIXER_CONV_K, Role.MIXER_CONV_V))


def _mixer_blocks(rows: int, geometry: Geometry, roles: tuple[Role, Role, Role]) -> Slices:
    heads = geometry.mixer
    if heads is None or rows != 2 * heads.keys + heads.values:
        return ()
    starts, counts = (0, heads.keys, 2 * heads.keys), (heads.keys, heads.keys, heads.values)
    blocks = zip(roles, counts, starts, strict=True)
    return tuple(Slice(role, contiguous(count, start)) for role, count, start in blocks)


def _mixer_qkvz_groups(rows: int, geometry: Geometry) -> Slices:
    """Split rows held key head by key head: its queries, its keys, its values, their gates."""
    heads = geometry.mixer
    if heads is None or rows != 2 * (heads.keys + heads.values):
        return ()
    values = heads.shared * heads.value_dim
    widths = (heads.key_dim, heads.key_dim, values, values)
    roles = (Role.MIXER_Q, Role.MIXER_K, Role.MIXER_V, Role.MIXER_GATE)
    starts = (0, heads.key_dim, 2 * heads.key_dim, 2 * heads.key_dim + values)
    return tuple(
        Slice(role, RowLayout(start, (heads.key_heads, width), (sum(widths), 1)))
        for role, start, width in zip(roles, starts, widths, strict=True)
    )


def _mixer_ba_groups(rows: int, geometry: Geometry) -> Slices:
    heads = geometry.mixer
    if heads is None or rows != 2 * heads.value_heads:
        return ()
    return tuple(
        Slice(role, RowLayout(start, (heads.key_heads, heads.shared), (2 * heads.shared, 1)))
        for role, start in ((Role.MIXER_BETA, 0), (Role.MIXER_STEP, heads.shared))
    )


def _heads(rows: int, geometry: Geometry) -> tuple[int, int]:
    """Return the numbers of query and key heads that explain the number of rows, or zeros."""
    if not geometry.heads or not geometry.head_dim or rows % geometry.head_dim:
        return 0, 0
    keys_and_values = rows // geometry.head_dim - geometry.heads
    if keys_and_values <= 0 or keys_and_values % 2 or keys_and_values // 2 > geometry.heads:
        return 0, 0
    return geometry.heads, keys_and_values // 2


def _adjacent_pairs(rows: int, head_dim: int | None) -> RowLayout:
    """Undo adjacent rotary pairs: row ``(head, half, j)`` stands at ``head * head_dim + 2 j + half``."""
    if not head_dim or head_dim % 2 or rows % head_dim:
        return contiguous(rows)
    return RowLayout(0, (rows // head_dim, 2, head_dim // 2), (head_dim, 1, 2))


def _pairs_in_gguf(rows: int, geometry: Geometry) -> RowLayout:
    permuted = has_quirk(geometry.model_type, Quirk.GGUF_PAIRS_ADJACENT)
    return _adjacent_pairs(rows, geometry.head_dim) if permuted else contiguous(rows)


def _gate_up(rows: int, geometry: Geometry) -> Slices:
    if rows == geometry.ffn:
        return (Slice(Role.UP, contiguous(rows)),)
    return _halves(rows, Role.GATE, Role.UP)


def _up_or_gate_up(rows: int, geometry: Geometry) -> Slices:
    return _up_or_both(rows, geometry, Role.GATE, Role.UP)


def _up_or_both(rows: int, geometry: Geometry, first: Role, second: Role) -> Slices:
    fused = geometry.ffn is not None and rows == 2 * geometry.ffn
    return _halves(rows, first, second) if fused else (Slice(Role.UP, contiguous(rows)),)


def _halves(rows: int, first: Role, second: Role) -> Slices:
    half, odd = divmod(rows, 2)
    if odd or not half:
        return ()
    return Slice(first, contiguous(half)), Slice(second, contiguous(half, half))


def _kv_a_rope(rows: int, geometry: Geometry) -> Slices:
    rank = geometry.kv_rank
    if rank is None or rank >= rows:
        return ()
    return Slice(Role.KV_A, contiguous(rank)), Slice(Role.K_ROPE, contiguous(rows - rank, rank))


def _k_b_v_b(rows: int, geometry: Geometry) -> Slices:
    heads, key, value = geometry.heads, geometry.nope_dim, geometry.value_dim
    if not (heads and key and value) or rows != heads * (key + value):
        return ()
    head = key + value
    return (
        Slice(Role.K_B, RowLayout(0, (heads, key), (head, 1))),
        Slice(Role.V_B, RowLayout(key, (heads, value), (head, 1))),
    )


_SPLITS: dict[Fusion, Callable[[int, Geometry], Slices]] = {
    Fusion.QKV_BLOCKS: qkv_blocks,
    Fusion.QKV_GROUPS: qkv_groups,
    Fusion.QKV_GLM: _qkv_glm,
    Fusion.QKV_C_ATTN: _qkv_c_attn,
    Fusion.QKV_CODEGEN: _qkv_codegen,
    Fusion.MIXER_QKV_BLOCKS: _mixer_qkv_blocks,
    Fusion.MIXER_CONV_BLOCKS: _mixer_conv_blocks,
    Fusion.MIXER_QKVZ_GROUPS: _mixer_qkvz_groups,
    Fusion.MIXER_BA_GROUPS: _mixer_ba_groups,
    Fusion.Q_ADJACENT: lambda rows, sizes: (Slice(Role.Q, _adjacent_pairs(rows, sizes.head_dim)),),
    Fusion.K_ADJACENT: lambda rows, sizes: (Slice(Role.K, _adjacent_pairs(rows, sizes.head_dim)),),
    Fusion.Q_GGUF: lambda rows, sizes: (Slice(Role.Q, _pairs_in_gguf(rows, sizes)),),
    Fusion.K_GGUF: lambda rows, sizes: (Slice(Role.K, _pairs_in_gguf(rows, sizes)),),
    Fusion.GATE_UP: _gate_up,
    Fusion.UP_OR_GATE_UP: _up_or_gate_up,
    Fusion.UP_OR_UP_GATE: lambda rows, sizes: _up_or_both(rows, sizes, Role.UP, Role.GATE),
    Fusion.UP_GATE: lambda rows, _: _halves(rows, Role.UP, Role.GATE),
    Fusion.SHARED_GATE_UP: lambda rows, _: _halves(rows, Role.SHARED_GATE, Role.SHARED_UP),
    Fusion.KV_A_ROPE: _kv_a_rope,
    Fusion.K_B_V_B: _k_b_v_b,
}
