"""Split q, k and v rows are the rows that each model's own forward pass uses.

The oracle is transformers' code: an attention module is fed the unit vectors at position 0 (where rotary
embedding does nothing), and the queries, keys and values that it makes of them are the weights' columns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from lineage_audit.checkpoint.names import map_names
from tests.checkpoint.names.stored import Array, all_stored, by_role, config_of, read, unread_rows

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

Heads = dict[str, Any]


def _interface(attention: Any, inputs: Any, **kwargs: Any) -> Heads:
    """Take q, k and v where the module hands them to the attention function: ``[batch, heads, 1, head_dim]``."""
    from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

    taken: Heads = {}

    def take(_module: Any, query: Any, key: Any, value: Any, *_: Any, **__: Any) -> tuple[Any, None]:
        taken.update(q=query[:, :, 0], k=key[:, :, 0], v=value[:, :, 0])
        raise StopIteration

    ALL_ATTENTION_FUNCTIONS["capture"] = take
    attention.config._attn_implementation = "capture"
    with pytest.raises(StopIteration):
        attention(inputs[:, None], attention_mask=None, **kwargs)
    return taken


def _with_rotary(attention: Any, inputs: Any) -> Heads:
    width = attention.head_dim if hasattr(attention, "head_dim") else attention.head_size
    rotated = int(width * getattr(attention, "partial_rotary_factor", 1.0))
    still = torch.ones(1, 1, rotated), torch.zeros(1, 1, rotated)
    return _interface(attention, inputs, position_embeddings=still)


def _split_heads(attention: Any, inputs: Any) -> Heads:
    """Falcon and Persimmon: ``[batch, 1, heads, head_dim]``, keys repeated for each query head."""
    q, k, v = attention._split_heads(attention.query_key_value(inputs[:, None]))
    groups = getattr(attention, "num_kv_heads", k.shape[2])
    repeats = max(k.shape[2] // groups, 1)
    return {"q": q[:, 0], "k": k[:, 0, ::repeats], "v": v[:, 0, ::repeats]}


def _bloom(attention: Any, inputs: Any) -> Heads:
    q, k, v = attention._reshape(attention.query_key_value(inputs[:, None]))
    return {"q": q[:, :, 0], "k": k[:, :, 0], "v": v[:, :, 0]}


def _codegen(attention: Any, inputs: Any) -> Heads:
    taken: Heads = {}

    def take(query: Any, key: Any, value: Any, *_: Any) -> None:
        taken.update(q=query[:, :, 0], k=key[:, :, 0], v=value[:, :, 0])
        raise StopIteration

    attention._attn = take
    with pytest.raises(StopIteration):
        attention(inputs[:, None], position_ids=torch.zeros(len(inputs), 1, dtype=torch.long))
    return taken


@dataclass(frozen=True)
class Case:
    name: str
    model_type: str
    attention: str
    oracle: Callable[[Any, Any], Heads]
    config: dict[str, object] = field(default_factory=dict)
    auto_class: str = "AutoModelForCausalLM"


_SMALL = {"vocab_size": 40, "hidden_size": 24, "num_hidden_layers": 1, "num_attention_heads": 6}
_SMALL_GPT = {"vocab_size": 40, "n_embd": 24, "n_layer": 1, "n_head": 6, "n_positions": 8}
_FALCON = "transformer.h.0.self_attention"

CASES = (
    Case("falcon-7b", "falcon", _FALCON, _split_heads, {**_SMALL, "multi_query": True}),
    Case(
        "falcon-40b", "falcon", _FALCON, _split_heads, {**_SMALL, "num_kv_heads": 2, "new_decoder_architecture": True}
    ),
    Case(
        "falcon-rw",
        "falcon",
        _FALCON,
        _split_heads,
        {**_SMALL, "multi_query": False, "parallel_attn": False, "alibi": True, "bias": True},
    ),
    Case("bloom", "bloom", _FALCON, _bloom, {"vocab_size": 40, "hidden_size": 24, "n_layer": 1, "n_head": 6}),
    Case(
        "gpt-neox",
        "gpt_neox",
        "gpt_neox.layers.0.attention",
        _with_rotary,
        {**_SMALL, "intermediate_size": 48, "rotary_pct": 1.0},
    ),
    Case(
        "persimmon",
        "persimmon",
        "model.layers.0.self_attn",
        _split_heads,
        {**_SMALL, "intermediate_size": 48, "qk_layernorm": False},
    ),
    Case("gpt2", "gpt2", "transformer.h.0.attn", _interface, _SMALL_GPT),
    Case("starcoder", "gpt_bigcode", "transformer.h.0.attn", _interface, {**_SMALL_GPT, "multi_query": True}),
    Case(
        "gpt-bigcode, a key for each head",
        "gpt_bigcode",
        "transformer.h.0.attn",
        _interface,
        {**_SMALL_GPT, "multi_query": False},
    ),
    Case(
        "codegen",
        "codegen",
        "transformer.h.0.attn",
        _codegen,
        {**_SMALL_GPT, "n_embd": 32, "n_head": 8, "rotary_dim": 4},
    ),
    Case(
        "phi-3",
        "phi3",
        "model.layers.0.self_attn",
        _with_rotary,
        {**_SMALL, "intermediate_size": 48, "num_key_value_heads": 2, "pad_token_id": 0},
    ),
)


def _model(case: Case) -> Any:
    torch.manual_seed(3)
    config = transformers.AutoConfig.for_model(case.model_type, **case.config)
    model = getattr(transformers, case.auto_class).from_config(config, dtype=torch.float64).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter)
    return model


def _flat(heads: Any) -> Array:
    """``[inputs, heads, head_dim]`` -> ``[rows, inputs]``."""
    return heads.detach().reshape(heads.shape[0], -1).T.numpy()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_split_rows_are_those_that_the_forward_pass_uses(case: Case) -> None:
    model = _model(case)
    arrays = {name: parameter.detach().numpy() for name, parameter in model.named_parameters()}
    refs = map_names(all_stored({name: a.shape for name, a in arrays.items()}), config_of(**model.config.to_dict()))
    layer = [ref for ref in refs if ref.layer == 0]
    assert unread_rows(layer) == []
    attention = model.get_submodule(case.attention)
    width = model.config.hidden_size
    inputs = torch.cat([torch.zeros(1, width), torch.eye(width)]).double()
    with torch.no_grad():
        used = {role: _flat(heads) for role, heads in case.oracle(attention, inputs).items()}
    weights, biases = by_role(layer), by_role(layer, "bias")
    for role, columns in used.items():
        assert weights[role].shape == (columns.shape[0], width)
        np.testing.assert_allclose(read(weights[role], arrays), columns[:, 1:] - columns[:, :1], atol=1e-12)
        if role in biases:
            np.testing.assert_allclose(read(biases[role], arrays), columns[:, 0], atol=1e-12)
    assert {"q", "k", "v", "o"} <= set(weights)
