"""The second resort: names that our tables lack but llama.cpp's converter knows (package ``gguf``)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from lineage_audit.checkpoint.names.table import Entry, candidates, entry, split_slot
from lineage_audit.checkpoint.roles import Role

ROLES: dict[str, Role] = {
    "TOKEN_EMBD": Role.EMBED,
    "TOKEN_TYPES": Role.TOKEN_TYPE_EMBED,
    "TOKEN_EMBD_NORM": Role.EMBED_NORM,
    "POS_EMBD": Role.POSITION_EMBED,
    "OUTPUT": Role.LM_HEAD,
    "OUTPUT_NORM": Role.FINAL_NORM,
    "ROPE_FREQS": Role.BUFFER,
    "ROPE_FACTORS_LONG": Role.BUFFER,
    "ROPE_FACTORS_SHORT": Role.BUFFER,
    "ATTN_NORM": Role.ATTN_NORM,
    "ATTN_QKV": Role.QKV,
    "ATTN_Q": Role.Q,
    "ATTN_K": Role.K,
    "ATTN_V": Role.V,
    "ATTN_OUT": Role.O,
    "ATTN_OUT_NORM": Role.POST_ATTN_NORM,
    "ATTN_POST_NORM": Role.POST_ATTN_NORM,
    "ATTN_SINKS": Role.ATTN_SINK,
    "ATTN_ROT_EMBD": Role.BUFFER,
    "ATTN_Q_NORM": Role.Q_NORM,
    "ATTN_K_NORM": Role.K_NORM,
    "ATTN_SUB_NORM": Role.ATTN_SUB_NORM,
    "ATTN_Q_A": Role.Q_A,
    "ATTN_Q_A_NORM": Role.Q_A_NORM,
    "ATTN_Q_B": Role.Q_B,
    "ATTN_KV_A_NORM": Role.KV_A_NORM,
    "FFN_NORM": Role.FFN_NORM,
    "FFN_PRE_NORM": Role.FFN_NORM,
    "FFN_POST_NORM": Role.POST_FFN_NORM,
    "LAYER_OUT_NORM": Role.POST_FFN_NORM,
    "FFN_GATE": Role.GATE,
    "FFN_UP": Role.UP,
    "FFN_DOWN": Role.DOWN,
    "FFN_SUB_NORM": Role.FFN_SUB_NORM,
    "FFN_GATE_INP": Role.ROUTER,
    "FFN_EXP_PROBS_B": Role.ROUTER,
    "FFN_GATE_SHEXP": Role.SHARED_GATE,
    "FFN_UP_SHEXP": Role.SHARED_UP,
    "FFN_DOWN_SHEXP": Role.SHARED_DOWN,
    "FFN_GATE_INP_SHEXP": Role.SHARED_ROUTER,
    "NEXTN_EH_PROJ": Role.MULTI_TOKEN,
    "NEXTN_EMBED_TOKENS": Role.MULTI_TOKEN,
    "NEXTN_ENORM": Role.MULTI_TOKEN,
    "NEXTN_HNORM": Role.MULTI_TOKEN,
    "NEXTN_SHARED_HEAD_HEAD": Role.MULTI_TOKEN,
    "NEXTN_SHARED_HEAD_NORM": Role.MULTI_TOKEN,
}
"""gguf's name of a tensor -> role. Fused and stacked tensors are left out: gguf does not say their layout."""

_BESIDE = {"V_": Role.VISION, "A_": Role.AUDIO}


def look_up_gguf(pattern: str) -> Entry | None:
    """Return what gguf's table says of a pattern, or None."""
    table = _table()
    for name in candidates(pattern):
        stem, slot = split_slot(name)
        if stem in table:
            return entry(table[stem], slot, stem)
    return None


@cache
def _table() -> Mapping[str, Role]:
    """Read gguf's literal mappings once; nothing is instantiated, for its maps share mutable state."""
    from gguf.tensor_mapping import TensorNameMap

    table: dict[str, Role] = {}
    for mappings in (TensorNameMap.block_mappings_cfg, TensorNameMap.mappings_cfg):
        for tensor, keys in mappings.items():
            role = _role(tensor.name)
            if role is not None:
                for key in keys:
                    table.setdefault(key.replace("{bid}", "{L}").replace("{xid}", "{E}"), role)
    return table


def _role(tensor: str) -> Role | None:
    beside = next((role for start, role in _BESIDE.items() if tensor.startswith(start)), None)
    return beside or ROLES.get(tensor)
