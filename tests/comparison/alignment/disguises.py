"""Function-preserving changes of a Llama's weights, and cuts, in plain NumPy."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tests.models import WIDE, Array, Size, Weights

READERS = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "mlp.gate_proj", "mlp.up_proj")
WRITERS = ("self_attn.o_proj", "mlp.down_proj")
Disguise = Callable[[Weights, np.random.Generator], Weights]


def _at(layer: int, part: str) -> str:
    return f"model.layers.{layer}.{part}.weight"


def _signs(rng: np.random.Generator, shape: int | tuple[int, ...]) -> Array:
    return rng.choice(np.array([-1.0, 1.0], dtype=np.float32), size=shape)


def permute_units(weights: Weights, rng: np.random.Generator, size: Size = WIDE) -> Weights:
    return _units(weights, rng, size, lambda count: np.ones(count, dtype=np.float32))


def rescale_units(weights: Weights, rng: np.random.Generator, size: Size = WIDE) -> Weights:
    return _units(weights, rng, size, lambda count: np.exp(0.5 * rng.standard_normal(count)).astype(np.float32))


def flip_units(weights: Weights, rng: np.random.Generator, size: Size = WIDE) -> Weights:
    return _units(weights, rng, size, lambda count: _signs(rng, count))


def _units(weights: Weights, rng: np.random.Generator, size: Size, factors: Callable[[int], Array]) -> Weights:
    changed = dict(weights)
    for layer in range(size.layers):
        order, factor = rng.permutation(size.ffn), factors(size.ffn)
        changed[_at(layer, "mlp.gate_proj")] = weights[_at(layer, "mlp.gate_proj")][order]
        changed[_at(layer, "mlp.up_proj")] = weights[_at(layer, "mlp.up_proj")][order] * factor[:, None]
        changed[_at(layer, "mlp.down_proj")] = weights[_at(layer, "mlp.down_proj")][:, order] / factor
    return changed


def permute_heads(weights: Weights, rng: np.random.Generator, size: Size = WIDE) -> Weights:
    changed, per_group = dict(weights), size.heads // size.kv_heads
    for layer in range(size.layers):
        groups = rng.permutation(size.kv_heads)
        heads = np.concatenate([group * per_group + rng.permutation(per_group) for group in groups])
        kv_rows, q_rows = (
            (numbers[:, None] * size.head_dim + np.arange(size.head_dim)).ravel() for numbers in (groups, heads)
        )
        for part, rows in (("q", q_rows), ("k", kv_rows), ("v", kv_rows)):
            changed[_at(layer, f"self_attn.{part}_proj")] = weights[_at(layer, f"self_attn.{part}_proj")][rows]
        changed[_at(layer, "self_attn.o_proj")] = weights[_at(layer, "self_attn.o_proj")][:, q_rows]
    return changed


def flip_attention(weights: Weights, rng: np.random.Generator, size: Size = WIDE) -> Weights:
    changed, per_group = dict(weights), size.heads // size.kv_heads
    for layer in range(size.layers):
        values = _signs(rng, (size.kv_heads, 1, size.head_dim))
        pairs = np.concatenate([_signs(rng, (size.kv_heads, 1, size.head_dim // 2))] * 2, axis=2)
        of_queries = (np.repeat(signs, per_group, axis=1).ravel() for signs in (values, pairs))
        o_columns, q_rows = of_queries
        changed[_at(layer, "self_attn.v_proj")] = weights[_at(layer, "self_attn.v_proj")] * values.ravel()[:, None]
        changed[_at(layer, "self_attn.o_proj")] = weights[_at(layer, "self_attn.o_proj")] * o_columns
        changed[_at(layer, "self_attn.k_proj")] = weights[_at(layer, "self_attn.k_proj")] * pairs.ravel()[:, None]
        changed[_at(layer, "self_attn.q_proj")] = weights[_at(layer, "self_attn.q_proj")] * q_rows[:, None]
    return changed


def permute_channels(weights: Weights, rng: np.random.Generator, size: Size = WIDE) -> Weights:
    order, signs = rng.permutation(size.hidden), _signs(rng, size.hidden)
    return {name: _channels(name, values, order, signs) for name, values in weights.items()}


def keep_channels(weights: Weights, kept: Array) -> Weights:
    ones = np.ones(len(kept), dtype=np.float32)
    return {name: _channels(name, values, kept, ones) for name, values in weights.items()}


def _channels(name: str, values: Array, order: Array, signs: Array) -> Array:
    if values.ndim == 1:
        return values[order]
    if any(writer in name for writer in WRITERS):
        return values[order] * signs[:, None]
    return values[:, order] * signs


def rotate_residual(weights: Weights, rng: np.random.Generator, size: Size = WIDE) -> Weights:
    turned = np.linalg.qr(rng.standard_normal((size.hidden, size.hidden)))[0].astype(np.float32)
    changed = dict(weights)
    for layer in range(size.layers):
        for norm, readers in (("input_layernorm", READERS[:3]), ("post_attention_layernorm", READERS[3:])):
            for reader in readers:
                folded = weights[_at(layer, reader)] * weights[_at(layer, norm)]
                changed[_at(layer, reader)] = folded @ turned
            changed[_at(layer, norm)] = np.ones(size.hidden, dtype=np.float32)
        for writer in WRITERS:
            changed[_at(layer, writer)] = turned.T @ weights[_at(layer, writer)]
    changed["model.embed_tokens.weight"] = weights["model.embed_tokens.weight"] @ turned
    changed["lm_head.weight"] = (weights["lm_head.weight"] * weights["model.norm.weight"]) @ turned
    changed["model.norm.weight"] = np.ones(size.hidden, dtype=np.float32)
    return changed


def everything(weights: Weights, rng: np.random.Generator) -> Weights:
    """All of them, unit signs left alone."""
    for disguise in (rescale_units, flip_attention, permute_heads, permute_channels, rotate_residual):
        weights = disguise(weights, rng)
    return weights


def with_layers(weights: Weights, layers: Sequence[int]) -> Weights:
    """A model whose layer i is layer ``layers[i]`` of another."""
    changed = {name: values for name, values in weights.items() if ".layers." not in name}
    for number, source in enumerate(layers):
        at = f"model.layers.{source}."
        changed |= {
            name.replace(at, f"model.layers.{number}."): values for name, values in weights.items() if at in name
        }
    return changed
