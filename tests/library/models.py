"""Made-up models as fingerprints."""

from __future__ import annotations

import numpy as np

from lineage_audit.library.fingerprint import Fingerprint, sketch
from tests.models import Size, Weights, llama_config, model

SIZE = Size(layers=3, hidden=96, heads=6, kv_heads=3, ffn=160, vocab=384)


def fingerprint(weights: Weights, size: Size = SIZE, *, every_unit: bool = False, effort: str = "full") -> Fingerprint:
    """The fingerprint of a made-up Llama."""
    return sketch(model(weights, llama_config(size)), effort, every_unit=every_unit)


def with_layers(weights: Weights, layers: list[int]) -> Weights:
    """The same model with these of its layers, in this order."""
    kept = {name: values for name, values in weights.items() if ".layers." not in name}
    for new, old in enumerate(layers):
        prefix = f"model.layers.{old}."
        kept |= {
            name.replace(prefix, f"model.layers.{new}."): values
            for name, values in weights.items()
            if name.startswith(prefix)
        }
    return kept


def rotated(weights: Weights, seed: int) -> Weights:
    """Norm gains folded away, then the residual stream turned by a random rotation."""
    width = weights["model.norm.weight"].shape[0]
    rotation = np.linalg.qr(np.random.default_rng(seed).standard_normal((width, width)))[0].astype(np.float32)
    aligned_a = dict(weights)
    for name, values in weights.items():
        if values.ndim == 1:
            aligned_a[name] = np.ones_like(values)
        elif name.endswith(("o_proj.weight", "down_proj.weight")):
            aligned_a[name] = rotation.T @ values
        else:
            aligned_a[name] = values * _gain(weights, name) @ rotation
    return aligned_a


def _gain(weights: Weights, name: str) -> np.ndarray | float:
    """The norm gain in front of a matrix that reads the residual stream."""
    if name.startswith("lm_head"):
        return weights["model.norm.weight"]
    if name.startswith("model.embed"):
        return 1.0
    layer = name.split(".")[2]
    norm = "input_layernorm" if "self_attn" in name else "post_attention_layernorm"
    return weights[f"model.layers.{layer}.{norm}.weight"]
