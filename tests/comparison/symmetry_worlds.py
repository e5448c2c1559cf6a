"""What can be done to a Llama's weights without changing what it computes, and the forward pass that shows it.

Written from the architecture alone, apart from the package: each function draws a random element of one symmetry.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from tests.models import Size, Weights

Symmetry = Callable[[Weights, Size, np.random.Generator], Weights]


def logits(weights: Weights, size: Size, tokens: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Forward pass in float64: RMSNorm, rotary pairs (i, i + half), grouped queries, SwiGLU."""
    w = {name: values.astype(np.float64) for name, values in weights.items()}
    x = w["model.embed_tokens.weight"][tokens]
    for layer in range(size.layers):
        at = f"model.layers.{layer}."
        x = x + _attention(_rms(x, w[at + "input_layernorm.weight"]), w, at + "self_attn.", size)
        h = _rms(x, w[at + "post_attention_layernorm.weight"])
        gate = h @ w[at + "mlp.gate_proj.weight"].T
        up = h @ w[at + "mlp.up_proj.weight"].T
        x = x + (gate / (1 + np.exp(-gate)) * up) @ w[at + "mlp.down_proj.weight"].T
    return _rms(x, w["model.norm.weight"]) @ w["lm_head.weight"].T


def _rms(x: npt.NDArray[np.float64], gain: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return x / np.sqrt(np.mean(x**2, axis=-1, keepdims=True) + 1e-6) * gain


def _attention(
    h: npt.NDArray[np.float64], w: dict[str, npt.NDArray[np.float64]], at: str, size: Size
) -> npt.NDArray[np.float64]:
    length, dim = len(h), size.head_dim
    q = _rotated((h @ w[at + "q_proj.weight"].T).reshape(length, size.heads, dim))
    k = _rotated((h @ w[at + "k_proj.weight"].T).reshape(length, size.kv_heads, dim))
    v = (h @ w[at + "v_proj.weight"].T).reshape(length, size.kv_heads, dim)
    read = []
    for head in range(size.heads):
        group = head // (size.heads // size.kv_heads)
        scores = q[:, head] @ k[:, group].T / np.sqrt(dim)
        scores[np.triu_indices(length, 1)] = -np.inf
        attended = np.exp(scores - scores.max(axis=1, keepdims=True))
        read.append(attended / attended.sum(axis=1, keepdims=True) @ v[:, group])
    return np.concatenate(read, axis=1) @ w[at + "o_proj.weight"].T


def _rotated(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    half = x.shape[-1] // 2
    angles = np.arange(len(x))[:, None] * 10000.0 ** (-np.arange(half) / half)
    cos, sin = np.cos(angles)[:, None], np.sin(angles)[:, None]
    first, second = x[..., :half], x[..., half:]
    return np.concatenate([first * cos - second * sin, second * cos + first * sin], axis=-1)


def flip_ffn_units(weights: Weights, size: Size, rng: np.random.Generator) -> Weights:
    """Negate units in up and down together."""
    aligned_a = dict(weights)
    for layer in range(size.layers):
        signs = _signs(rng, size.ffn)
        up, down = (f"model.layers.{layer}.mlp.{part}_proj.weight" for part in ("up", "down"))
        aligned_a[up] = weights[up] * signs[:, None]
        aligned_a[down] = weights[down] * signs
    return aligned_a


def flip_value_dimensions(weights: Weights, size: Size, rng: np.random.Generator) -> Weights:
    """Negate value dimensions and the columns of o in every query head that reads them."""
    aligned_a = dict(weights)
    for layer in range(size.layers):
        signs = _signs(rng, size.kv_rows).reshape(size.kv_heads, size.head_dim)
        v, o = (f"model.layers.{layer}.self_attn.{part}_proj.weight" for part in ("v", "o"))
        aligned_a[v] = weights[v] * signs.reshape(-1, 1)
        aligned_a[o] = weights[o] * np.repeat(signs, size.heads // size.kv_heads, axis=0).reshape(-1)
    return aligned_a


def flip_rotary_pairs(weights: Weights, size: Size, rng: np.random.Generator) -> Weights:
    """Negate rotary pairs of a key head and of every query head of its group."""
    aligned_a = dict(weights)
    for layer in range(size.layers):
        half = _signs(rng, size.kv_heads * size.head_dim // 2).reshape(size.kv_heads, -1)
        signs = np.concatenate([half, half], axis=1)
        q, k = (f"model.layers.{layer}.self_attn.{part}_proj.weight" for part in ("q", "k"))
        aligned_a[k] = weights[k] * signs.reshape(-1, 1)
        aligned_a[q] = weights[q] * np.repeat(signs, size.heads // size.kv_heads, axis=0).reshape(-1, 1)
    return aligned_a


def flip_channels(weights: Weights, size: Size, rng: np.random.Generator) -> Weights:
    """Negate residual channels in everything that writes or reads them."""
    signs = _signs(rng, size.hidden)
    return _map_channels(weights, lambda values: values * signs)


def permute_channels(weights: Weights, size: Size, rng: np.random.Generator) -> Weights:
    """Renumber the residual channels, gains included."""
    order = rng.permutation(size.hidden)
    aligned_a = _map_channels(weights, lambda values: values[..., order])
    return aligned_a | {name: values[order] for name, values in weights.items() if values.ndim == 1}


def permute_ffn_units(weights: Weights, size: Size, rng: np.random.Generator) -> Weights:
    """Renumber the FFN units of every layer."""
    aligned_a = dict(weights)
    for layer in range(size.layers):
        order = rng.permutation(size.ffn)
        for part in ("gate", "up"):
            name = f"model.layers.{layer}.mlp.{part}_proj.weight"
            aligned_a[name] = weights[name][order]
        down = f"model.layers.{layer}.mlp.down_proj.weight"
        aligned_a[down] = weights[down][:, order]
    return aligned_a


def permute_kv_groups(weights: Weights, size: Size, rng: np.random.Generator) -> Weights:
    """Renumber the KV heads with all that belongs to them."""
    aligned_a = dict(weights)
    for layer in range(size.layers):
        order = rng.permutation(size.kv_heads)
        for part in ("q", "k", "v"):
            name = f"model.layers.{layer}.self_attn.{part}_proj.weight"
            groups = weights[name].reshape(size.kv_heads, -1, size.hidden)
            aligned_a[name] = groups[order].reshape(weights[name].shape)
        o = f"model.layers.{layer}.self_attn.o_proj.weight"
        aligned_a[o] = weights[o].reshape(size.hidden, size.kv_heads, -1)[:, order].reshape(weights[o].shape)
    return aligned_a


SYMMETRIES: dict[str, Symmetry] = {
    "ffn-signs": flip_ffn_units,
    "value-output-signs": flip_value_dimensions,
    "query-key-signs": flip_rotary_pairs,
    "channel-signs": flip_channels,
    "ffn-fixed-points": permute_ffn_units,
    "head-fixed-points": permute_kv_groups,
    "channel-fixed-points": permute_channels,
}
"""Exact test -> the symmetry that makes it exact."""


def random_disguise(weights: Weights, size: Size, rng: np.random.Generator) -> Weights:
    """One random element of all symmetries together: what an independent training might as well have given."""
    for symmetry in SYMMETRIES.values():
        weights = symmetry(weights, size, rng)
    return weights


def _signs(rng: np.random.Generator, count: int) -> npt.NDArray[np.float32]:
    return rng.choice(np.array([-1.0, 1.0], dtype=np.float32), count)


def _map_channels(weights: Weights, change: Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]]) -> Weights:
    """Apply a change along the channels: columns of what reads the residual stream, rows of o and down."""
    aligned_a = dict(weights)
    for name, values in weights.items():
        if values.ndim == 2:
            writes = name.endswith(("o_proj.weight", "down_proj.weight"))
            aligned_a[name] = np.ascontiguousarray(change(values.T).T if writes else change(values))
    return aligned_a
