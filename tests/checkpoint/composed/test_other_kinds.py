"""Adapters of other kinds than LoRA, written by hand: on bases of another layout, incomplete, and of any shape."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.composed.composing import compose
from lineage_audit.comparison import compare_checkpoints
from lineage_audit.errors import LineageAuditError, UnsupportedFormatError
from tests import models
from tests.checkpoint.composed.adapters import adapter, fused, llama_updates
from tests.models import SMALL, Array

WEIGHTS = models.llama(1)
MODULE = "model.layers.0.self_attn.v_proj"
OUT, IN = SMALL.kv_rows, SMALL.hidden
RNG = np.random.default_rng(3)


def drawn(*shape: int) -> Array:
    return (0.1 * RNG.standard_normal(shape)).astype(np.float32)


def of_kind(kind: str, parts: dict[str, Array], **stated: object) -> Checkpoint:
    """An adapter with parts by their names, alone or behind the module's."""
    return models.checkpoint(adapter({}, parts, peft_type=kind, **stated), "adapter")


def rows_of(checkpoint: Checkpoint, layer: int = 0, role: str = "v") -> Array:
    tensor = next(one for one in checkpoint.tensors if (one.role, one.layer, one.slot) == (role, layer, "weight"))
    return checkpoint.rows(tensor, 0, tensor.shape[0])


LOHA = {
    f"{MODULE}.hada_w{n}_{side}": drawn(*shape) for n in (1, 2) for side, shape in (("a", (OUT, 3)), ("b", (3, IN)))
}
LOKR = {
    f"{MODULE}.lokr_w1": drawn(4, 8),
    f"{MODULE}.lokr_w2_a": drawn(OUT // 4, 2),
    f"{MODULE}.lokr_w2_b": drawn(2, IN // 8),
}
IA3 = {f"{MODULE}.ia3_l": 1 + drawn(OUT, 1)}


@pytest.mark.parametrize(("kind", "parts"), [("LOHA", LOHA), ("LOKR", LOKR)])
def test_a_fused_base_takes_it_as_a_separate_one_does(kind: str, parts: dict[str, Array]) -> None:
    added = of_kind(kind, parts, r=2, alpha=6)
    separate, together = compose(models.model(WEIGHTS), added), compose(fused(WEIGHTS), added)
    assert not together.caveats
    np.testing.assert_array_equal(rows_of(separate), rows_of(together))
    assert not np.array_equal(rows_of(separate), WEIGHTS[f"{MODULE}.weight"])
    np.testing.assert_array_equal(rows_of(together, 0, "q"), WEIGHTS["model.layers.0.self_attn.q_proj.weight"])


def test_vera_without_its_projections_is_refused() -> None:
    parts = {f"{MODULE}.vera_lambda_b": drawn(OUT), f"{MODULE}.vera_lambda_d": drawn(3)}
    with pytest.raises(UnsupportedFormatError, match=r"without its projections.*save_projection=True"):
        compose(models.model(WEIGHTS), of_kind("VERA", parts, r=3))


@pytest.mark.parametrize(
    ("kind", "parts", "stated"),
    [
        ("IA3", {f"{MODULE}.ia3_l": drawn(OUT + 1, 1)}, {}),
        ("IA3", {f"{MODULE}.ia3_l": drawn(2, 2)}, {}),
        ("LOHA", {name: values for name, values in LOHA.items() if "w2_a" not in name}, {"r": 3, "alpha": 1}),
        ("LOHA", {**LOHA, f"{MODULE}.hada_w2_b": drawn(3, IN + 1)}, {"r": 3, "alpha": 1}),
        ("LOHA", LOHA, {"r": 3}),
        ("LOKR", LOKR, {"alpha": 1, "r": None}),
        ("LOKR", {**LOKR, f"{MODULE}.lokr_w1": drawn(3, 8)}, {"r": 2, "alpha": 1}),
        ("VERA", {f"{MODULE}.vera_lambda_b": drawn(OUT), f"{MODULE}.vera_lambda_d": drawn(3),
                  "vera_A": drawn(3, IN - 1), "vera_B": drawn(OUT, 3)}, {}),
        ("LORA", LOHA, {}),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_left_out_and_said(kind: str, parts: dict[str, Array], stated: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedFormatError, match="no module of the adapter fits"):
        compose(models.model(WEIGHTS), of_kind(kind, parts, **stated))
    saved = {**parts, "model.norm.weight": drawn(IN)}
    composed = compose(models.model(WEIGHTS), of_kind(kind, saved, **stated))
    assert any(MODULE in caveat for caveat in composed.caveats)


KINDS = ("TRAINABLE_TOKENS", "LORA", "IA3", "LOHA", "LOKR", "VERA", "LN_TUNING")
PARTS = (
    *(f"hada_w{n}_{side}" for n in (1, 2) for side in "ab"),
    *(f"lokr_w{n}{side}" for n in (1, 2) for side in ("", "_a", "_b")),
    *("trainable_tokens_delta", "token_adapter.trainable_tokens_delta"),
    *("vera_lambda_b", "vera_lambda_d", "ia3_l", "ln_tuning_layers.weight", "lora_A.weight", "lora_B.weight"),
)
SMALLEST = models.Size(layers=1, hidden=8, heads=2, kv_heads=1, ffn=12, vocab=16)
BASES = (
    models.model(models.llama(1, SMALLEST), models.llama_config(SMALLEST)),
    models.model(models.gpt2(1, SMALLEST), models.gpt2_config(SMALLEST)),
)
TOKENS = ([], [0], [1, 0], [1, 1], [40], [-1], [2**40], {"q_proj": [3, 2, 1, 0]}, {"": "x"}, "x", None)
NAMES = ("model.layers.0.self_attn.q_proj", "model.layers.0.mlp.down_proj", "transformer.h.0.attn.c_attn", "x")
SHAPES = st.lists(st.sampled_from([0, 1, 2, 4, 8, 12, 24]), max_size=3).map(tuple)
TENSORS = st.dictionaries(
    st.one_of(
        st.sampled_from(["vera_A", "vera_B", "base_model.vera_A"]),
        st.tuples(st.sampled_from(NAMES[:2]), st.sampled_from(PARTS)).map(".".join),
        st.tuples(st.sampled_from(NAMES), st.sampled_from(PARTS)).map(".".join),
    ),
    SHAPES,
    min_size=1,
    max_size=8,
)


@given(
    TENSORS,
    st.sampled_from(KINDS),
    st.booleans(),
    st.sampled_from([1, 4, 1e-300, 1e8, None, "x"]),
    st.sampled_from(TOKENS),
)
def test_any_adapter_is_put_on_a_base_or_refused(
    shapes: dict[str, tuple[int, ...]], kind: str, transposed: bool, alpha: object, tokens: object
) -> None:
    parts: dict[str, Array] = {name: np.full(shape, 0.5, dtype=np.float32) for name, shape in shapes.items()}
    stated = {"alpha": alpha, "lora_alpha": alpha, "token_indices": tokens, "trainable_token_indices": tokens}
    added = of_kind(kind, parts, **stated, fan_in_fan_out=transposed, r=2)
    for base in BASES:
        compare_checkpoints(base, added)
        try:
            composed = compose(base, added)
        except LineageAuditError as error:
            assert "\n" not in str(error)
            continue
        for tensor in composed.tensors:
            assert composed.rows(tensor, 0, tensor.shape[0] if tensor.shape else 1).size == tensor.size


@pytest.mark.parametrize("start", ["pissa", "pissa_niter_16", "olora", "corda", "loftq", "lora_ga"])
def test_an_adapter_that_began_by_changing_its_base_is_refused_with_the_reason(start: str) -> None:
    """What PEFT takes away from the base when it loads such an adapter is not in the adapter."""
    added = models.checkpoint(adapter(llama_updates(1), init_lora_weights=start), "adapter")
    base = models.checkpoint({"model.safetensors": models.safetensors(WEIGHTS)})
    with pytest.raises(UnsupportedFormatError, match="takes a part of the base away before the adapter is put on it"):
        compose(base, added)
