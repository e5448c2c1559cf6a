"""Where llama.cpp's table of names and ours both speak of a name, they mean the same."""

from __future__ import annotations

import pytest

from lineage_audit.checkpoint.names.fused import UNSPLIT
from lineage_audit.checkpoint.names.fusions import Fusion
from lineage_audit.checkpoint.names.gguf_names import ROLES, look_up_gguf
from lineage_audit.checkpoint.names.table import look_up
from lineage_audit.checkpoint.roles import Role

gguf = pytest.importorskip("gguf")

_DISAGREEMENTS = {
    "layers.{L}.post_attention_layernorm": "Llama's FFN norm; gguf lists it under both meanings",
    "layers.{L}.post_feedforward_layernorm": "the same",
    "h.{L}.ln_mlp": "gguf keeps Falcon 40B's FFN norm as its first norm and ln_attn as the second",
    "h.{L}.mlp.w1": "Qwen 1: silu is on w2, whatever the file format calls it",
    "h.{L}.mlp.w2": "the same",
    "layers.{L}.self_attn.sub_norm": "not a name of ours",
    "transformer.norm": "OpenELM's norm",
}


def _gguf_names() -> list[tuple[str, Role]]:
    from gguf.tensor_mapping import TensorNameMap

    names = []
    for mappings in (TensorNameMap.mappings_cfg, TensorNameMap.block_mappings_cfg):
        for tensor, keys in mappings.items():
            if tensor.name in ROLES:
                names += [(key.replace("{bid}", "{L}").replace("{xid}", "{E}"), ROLES[tensor.name]) for key in keys]
    return names


def _ours(name: str) -> tuple[str, Role] | None:
    entry = look_up(f"{name}.weight") or look_up(name)
    if entry is None:
        return None
    meaning = UNSPLIT.get(entry.meaning, Role.OTHER) if isinstance(entry.meaning, Fusion) else entry.meaning
    return entry.stem, meaning


def test_our_table_agrees_with_ggufs() -> None:
    both = [(name, theirs, ours) for name, theirs in _gguf_names() if (ours := _ours(name)) is not None]
    assert len(both) > 150
    disagreements = {name: (theirs, ours) for name, theirs, ours in both if not _same(theirs, ours[1])}
    unexplained = {name: pair for name, pair in disagreements.items() if pair[1][0] not in _DISAGREEMENTS}
    assert unexplained == {}


def _same(theirs: Role, ours: Role) -> bool:
    fused = {Role.UP, Role.GATE_UP}
    return theirs is ours or {theirs, ours} <= fused or ours is Role.OTHER


def test_ggufs_table_knows_names_that_ours_does_not() -> None:
    entry = look_up_gguf("rwkv.blocks.{L}.att.receptance.weight")
    assert entry is None
    plamo = look_up_gguf("model.layers.layers.{L}.mixer.q.weight")
    assert plamo is None or plamo.meaning is Role.Q
    arctic = look_up_gguf("model.transformer.blocks.{L}.q_proj.weight")
    assert arctic is not None
    assert (arctic.meaning, arctic.slot, arctic.in_layer) == (Role.Q, "weight", True)


def test_ggufs_shared_mappings_stay_as_they_are() -> None:
    from gguf.tensor_mapping import TensorNameMap

    before = {tensor: keys for tensor, keys in TensorNameMap.block_mappings_cfg.items()}
    look_up_gguf("anything.{L}.q.weight")
    assert before == TensorNameMap.block_mappings_cfg
