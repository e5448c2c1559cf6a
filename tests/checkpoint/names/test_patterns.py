"""Layer and expert numbers are found wherever people put them."""

from __future__ import annotations

import pytest

from lineage_audit.checkpoint.names import name_pattern
from lineage_audit.checkpoint.names.patterns import numbered


@pytest.mark.parametrize(
    ("name", "pattern", "layer", "expert"),
    [
        ("model.layers.31.mlp.up_proj.weight", "model.layers.{L}.mlp.up_proj.weight", 31, None),
        (
            "model.layers.3.mlp.experts.255.down_proj.weight",
            "model.layers.{L}.mlp.experts.{E}.down_proj.weight",
            3,
            255,
        ),
        ("layers.0.block_sparse_moe.experts.7.w1.weight", "layers.{L}.block_sparse_moe.experts.{E}.w1.weight", 0, 7),
        ("0.auto_model.encoder.layer.4.output.dense.bias", "0.auto_model.encoder.layer.{L}.output.dense.bias", 4, None),
        ("0.auto_model.embeddings.LayerNorm.weight", "0.auto_model.embeddings.LayerNorm.weight", None, None),
        (
            "encoder.albert_layer_groups.0.albert_layers.0.ffn.weight",
            "encoder.albert_layer_groups.{L}.albert_layers.0.ffn.weight",
            0,
            None,
        ),
        ("stages.1.layers.5.attn.q", "stages.1.layers.{L}.attn.q", 5, None),
        ("net/layer_12/attn/wq", "net/layer_{L}/attn/wq", 12, None),
        ("m.block7.ff.up.weight", "m.block{L}.ff.up.weight", 7, None),
        ("blocks.3.mlp.0.weight", "blocks.{L}.mlp.0.weight", 3, None),
        ("blk.2.ffn_gate.7.weight", "blk.{L}.ffn_gate.{E}.weight", 2, 7),
        ("blk.2.attn_q.weight", "blk.{L}.attn_q.weight", 2, None),
        ("lm_head.weight", "lm_head.weight", None, None),
        ("lm_heads.3.weight", "lm_heads.{C}.weight", None, None),
        ("model.decoder.embed_tokens.0.weight", "model.decoder.embed_tokens.{C}.weight", None, None),
        ("layers.99999999999999999999.q", "layers.99999999999999999999.q", None, None),
        ("layers.².q", "layers.².q", None, None),
        ("", "", None, None),
    ],
)
def test_numbers_are_found(name: str, pattern: str, layer: int | None, expert: int | None) -> None:
    found = numbered(name)
    assert (found.pattern, found.layer, found.expert) == (pattern, layer, expert)
    assert name_pattern(name) == pattern
