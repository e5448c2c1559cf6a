"""From a family's stored tensors to the zoo's names and back, exactly, and the configuration that fits the weights."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from benchmarks.zoo.families.anatomy import integer_field, layer_count
from benchmarks.zoo.families.axes import Weights, role_of
from benchmarks.zoo.families.family import Family, Names
from benchmarks.zoo.families.fusion import join_fused, split_fused

if TYPE_CHECKING:
    import torch

Config = Mapping[str, object]
"""The contents of ``config.json``."""


def restored(tensors: Weights, config: Config, family: Family) -> Weights:
    """Return a family's stored tensors under the zoo's names, float32, every role a tensor of its own."""
    inverse = tuple((theirs, ours) for ours, theirs in family.names)
    weights: Weights = {
        name: _turned(name, tensor.float(), family) for name, tensor in renamed(tensors, inverse).items()
    }
    heads = integer_field(config, "num_attention_heads", "n_head")
    kv_heads = integer_field(config, "num_key_value_heads", "num_attention_heads", "n_head")
    for fusion in family.fusions:
        weights = split_fused(weights, fusion, heads, kv_heads)
    return weights


def stored(weights: Weights, family: Family, head_dim: int) -> Weights:
    """Return weights under the zoo's names as a family stores them: the inverse of `restored`."""
    for fusion in family.fusions:
        weights = join_fused(weights, fusion, head_dim)
    return renamed({name: _turned(name, tensor, family) for name, tensor in weights.items()}, family.names)


def configured(config: Config, weights: Weights, family: Family, head_dim: int) -> Config:
    """Return the configuration with every size read off the weights, and the family's name."""
    sizes = _sizes(weights, head_dim)
    fields = {field: sizes[size] for size, field in family.config_names}
    if "head_dim" not in config and sizes["hidden"] == sizes["heads"] * head_dim:
        fields.pop("head_dim", None)
    # One type a layer: transformers fills it in again for another number of layers.
    kept = {key: value for key, value in config.items() if key != "layer_types"}
    return {
        **kept,
        **fields,
        "architectures": [family.architecture],
        "model_type": family.model_type,
        "tie_word_embeddings": "head.weight" not in weights,
    }


def _sizes(weights: Weights, head_dim: int) -> dict[str, int]:
    shared = weights.get("layers.0.shared.up.weight")
    routers = [tensor for name, tensor in weights.items() if role_of(name) == "router"]
    first_up = next(tensor for name, tensor in weights.items() if role_of(name) == "up" and ".shared." not in name)
    return {
        "hidden": len(weights["final_norm.weight"]),
        "units": len(first_up),
        "shared_units": 0 if shared is None else len(shared),
        "experts": len(routers[0]) if routers else 0,
        "layers": layer_count(weights),
        "heads": len(weights["layers.0.q.weight"]) // head_dim,
        "kv_heads": len(weights["layers.0.k.weight"]) // head_dim,
        "head_dim": head_dim,
        "vocabulary": len(weights["embed.weight"]),
    }


def renamed(weights: Weights, names: Names) -> dict[str, torch.Tensor]:
    """Rename modules by a table of pairs (pattern, new pattern); a module in no pattern keeps its name."""
    return {_renamed_one(name, names): tensor for name, tensor in weights.items()}


def _renamed_one(name: str, names: Names) -> str:
    module, slot = name.rsplit(".", 1)
    for pattern, target in names:
        if found := _compiled(pattern).fullmatch(module):
            return f"{target.format(**found.groupdict())}.{slot}"
    return name


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    literal = re.escape(pattern)
    return re.compile(literal.replace(r"\{L\}", r"(?P<L>\d+)").replace(r"\{E\}", r"(?P<E>\d+)"))


def _turned(name: str, tensor: torch.Tensor, family: Family) -> torch.Tensor:
    """Transpose the matrices that the family stores ``[in, out]``."""
    return tensor.T.contiguous() if role_of(name) in family.transposed and tensor.ndim == 2 else tensor
