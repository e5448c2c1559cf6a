"""Adapters of any shape and with any names: put on a base, or refused in one line."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lineage_audit.checkpoint.composed.composing import compose
from lineage_audit.comparison import compare_checkpoints
from lineage_audit.errors import LineageAuditError
from tests import models
from tests.checkpoint.composed.adapters import ALPHA, RANK, adapter
from tests.models import Array

SIZE = models.Size(layers=1, hidden=8, heads=2, kv_heads=1, ffn=12, vocab=16)
LLAMA = models.model(models.llama(1, SIZE), models.llama_config(SIZE))
GPT2 = models.model(models.gpt2(1, SIZE), models.gpt2_config(SIZE))
NAMES = (
    "model.layers.0.self_attn.q_proj",
    "model.layers.0.self_attn.k_proj",
    "model.layers.0.mlp.down_proj",
    "transformer.h.0.attn.c_attn",
    "transformer.h.0.mlp.c_fc",
    "model.embed_tokens",
    "lm_head",
    "blk.0.attn_q",
    "x",
)
PARTS = (
    ".lora_A.weight",
    ".lora_B.weight",
    ".lora_B.bias",
    ".lora_embedding_A",
    ".lora_embedding_B",
    ".lora_magnitude_vector",
    ".base_layer.weight",
    ".modules_to_save.default.weight",
    ".weight",
    ".bias",
    ".lora_C.weight",
)
SHAPES = st.lists(st.sampled_from([0, 1, 2, 4, 8, 12, 16]), min_size=0, max_size=3).map(tuple)
TENSORS = st.dictionaries(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(PARTS)).map("".join), SHAPES, min_size=1, max_size=6
)


@given(TENSORS, st.booleans(), st.booleans(), st.sampled_from([1, 4, 1e-300, 1e8, None, "x"]))
def test_any_adapter_is_put_on_a_base_or_refused(
    shapes: dict[str, tuple[int, ...]], transposed: bool, dora: bool, alpha: object
) -> None:
    more: dict[str, Array] = {name: np.full(shape, 0.5, dtype=np.float32) for name, shape in shapes.items()}
    added = models.checkpoint(adapter({}, more, lora_alpha=alpha, fan_in_fan_out=transposed, use_dora=dora))
    for base in (LLAMA, GPT2):
        compare_checkpoints(base, added)
        try:
            composed = compose(base, added)
        except LineageAuditError as error:
            assert "\n" not in str(error)
            continue
        for tensor in composed.tensors:
            assert composed.rows(tensor, 0, tensor.shape[0] if tensor.shape else 1).size == tensor.size


def test_factors_that_are_no_numbers_make_no_crash() -> None:
    module = "model.layers.0.self_attn.q_proj"
    a = np.full((RANK, SIZE.hidden), np.nan, dtype=np.float32)
    b = np.full((SIZE.hidden, RANK), 3e38, dtype=np.float32)
    added = models.checkpoint(adapter({module: (a, b)}, lora_alpha=ALPHA))
    composed = compose(LLAMA, added)
    assert compare_checkpoints(composed, LLAMA).verdict.relation in ("derived", "inconclusive")
    assert compare_checkpoints(added, added).verdict.relation in ("identical", "inconclusive", "derived")
