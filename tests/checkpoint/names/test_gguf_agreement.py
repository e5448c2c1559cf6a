"""Where llama.cpp's table of names and ours both speak of a name, they mean the same."""

from __future__ import annotations

import pytest

from lineage_audit.checkpoint.names import unknown_names
from lineage_audit.checkpoint.names.fused import UNSPLIT
from lineage_audit.checkpoint.names.fusions import Fusion
from lineage_audit.checkpoint.names.gguf_names import look_up_gguf, role_of
from lineage_audit.checkpoint.names.table import look_up
from lineage_audit.checkpoint.roles import Role

gguf = pytest.importorskip("gguf")

_EXPLAINED = {
    "layers.{L}.post_attention_layernorm": "Llama's name for the FFN's norm, listed there as the norm after attention",
    "h.{L}.ln_mlp": "Falcon 40B's FFN norm, which GGUF keeps as the first of two attention norms",
    "blocks.{L}.norm_attn_norm.norm_2": "DBRX's FFN norm, which GGUF keeps as a norm after attention",
    "blocks.{L}.ff_proj": "OLMo 1's up and gate in one, which is split before it gets a GGUF name",
    "layers.{L}.feed_forward.up_proj": "listed there under a norm",
    "layers.{L}.feed_forward.down_proj": "listed there under the shared expert's up projection",
    "embedding_norm": "LFM 2's norm after the layers, listed there as a norm of the embedding",
    "layers.{L}.linear_attn.in_proj_qkv": "a gated delta net's queries, keys and values, listed there as attention's",
    "embed": "WavTokenizer's first convolution, listed there under a name that elsewhere is an embedding's",
    "layers.{L}.ln2": "Yi's and RWKV's FFN norm, listed there as RWKV's second norm",
    "blocks.{L}.ln2": "RWKV's FFN norm, which GGUF keeps as the second of two attention norms",
    **{
        f"{layers}.{{L}}.attention.receptance": "RWKV 4's gate; later ones, which GGUF knows, hold keys against it"
        for layers in ("blocks", "layers")
    },
    "layers.{L}.linear_attn.in_proj_z": "a gated delta net's gates, which GGUF keeps under the name of attention's",
    "layers.{L}.linear_attn.in_proj_qkvz": "older GGUF files keep it under Mamba's name",
    "layers.{L}.self_attn.dt_proj": "Doge's own, listed there as Mamba's",
    **{f"layers.{{L}}.self_attn.{name}_proj": "attention's, listed there as RWKV's too" for name in "qkvo"},
    **dict.fromkeys(("classifier", "classifier.dense", "pre_classifier"), "GGUF's name for it is UltraBERT's head"),
    "head.dense": "ModernBERT's transform before the head, listed there as a classifier",
    "norm": "listed there as an embedding's norm for two architectures under prefixes that say nothing",
}


def _gguf_names() -> list[tuple[str, Role]]:
    from gguf.tensor_mapping import TensorNameMap

    names = []
    for mappings in (TensorNameMap.mappings_cfg, TensorNameMap.block_mappings_cfg):
        for tensor, keys in mappings.items():
            if (role := role_of(tensor)) is not None:
                names += [(key.replace("{bid}", "{L}").replace("{xid}", "{E}"), role) for key in keys]
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
    unexplained = {name: pair for name, pair in disagreements.items() if pair[1][0] not in _EXPLAINED}
    assert unexplained == {}


def _same(theirs: Role, ours: Role) -> bool:
    fused = {Role.UP, Role.GATE_UP}
    beside = {Role.VISION, Role.AUDIO}  # parts are told by where a name stands, which a table does not say
    return theirs is ours or {theirs, ours} <= fused or ours is Role.OTHER or theirs in beside


def test_every_tensor_that_gguf_knows_has_a_role_in_each_of_its_architectures() -> None:
    from gguf.constants import MODEL_TENSORS, TENSOR_NAMES

    unknown = {}
    for architecture, tensors in MODEL_TENSORS.items():
        names = [TENSOR_NAMES[tensor].replace("{bid}", "0").replace("{xid}", "0") for tensor in tensors]
        unknown[architecture.name] = unknown_names(f"{name}.weight" for name in names)
    assert len(unknown) > 120
    assert {name: missing for name, missing in unknown.items() if missing} == {}


def test_ggufs_table_knows_names_that_ours_does_not() -> None:
    name = "model.transformer.blocks.{L}.q_proj.weight"
    assert look_up(name) is None
    found = look_up_gguf(name)
    assert found is not None
    assert (found.meaning, found.slot, found.in_layer) == (Role.Q, "weight", True)
    assert look_up_gguf("rwkv.blocks.{L}.att.receptance.weight") is None


def test_ggufs_shared_mappings_stay_as_they_are() -> None:
    from gguf.tensor_mapping import TensorNameMap

    before = dict(TensorNameMap.block_mappings_cfg)
    look_up_gguf("anything.{L}.q.weight")
    assert before == TensorNameMap.block_mappings_cfg
