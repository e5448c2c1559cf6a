"""Models drawn in memory, and what all models of one shape have in common: names, places, what is read of them.

Only the weights of a model are new: header, settings and the pairing of tensors are read once a shape, and what a test
asks of one model alone (its rotary keys over its tokens) once a model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.invariants.anchor_tokens import read_anchor_tokens
from lineage_audit.comparison.invariants.rotary_keys import (
    KeyPlan,
    RotaryKeys,
    plan_keys,
    read_keys,
    shared_key_sources,
)
from lineage_audit.comparison.pairing.tensors import TensorPair, pair_tensors
from lineage_audit.comparison.reading.plan import Reading, default_budget, plan_reading
from lineage_audit.comparison.reading.set_values import without_set
from tests.checkpoint.memory_source import MemorySource
from tests.models import Config, model, safetensors

Array = npt.NDArray[np.float32]
Weights = Mapping[str, Array]
Random = np.random.Generator


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of a Llama, or of a Mixtral where it has experts."""

    layers: int = 1
    hidden: int = 64
    heads: int = 16
    kv_heads: int = 8
    head_dim: int = 16
    ffn: int = 48
    vocab: int = 96
    experts: int = 0
    tied: bool = False

    @property
    def kv_rows(self) -> int:
        """Rows of k and of v."""
        return self.kv_heads * self.head_dim

    @property
    def config(self) -> Config:
        """The configuration of such a model."""
        return {
            "architectures": ["MixtralForCausalLM" if self.experts else "LlamaForCausalLM"],
            "model_type": "mixtral" if self.experts else "llama",
            "hidden_size": self.hidden,
            "intermediate_size": self.ffn,
            "num_hidden_layers": self.layers,
            "num_attention_heads": self.heads,
            "num_key_value_heads": self.kv_heads,
            "head_dim": self.head_dim,
            "vocab_size": self.vocab,
            "rms_norm_eps": 1e-6,
            "rope_theta": 10000.0,
            "tie_word_embeddings": self.tied,
            **({"num_local_experts": self.experts, "num_experts_per_tok": 2} if self.experts else {}),
        }

    @property
    def tensors(self) -> Mapping[str, tuple[int, ...]]:
        """Names and shapes of its tensors."""
        stream, queries = self.hidden, self.heads * self.head_dim
        shapes: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (self.vocab, stream)}
        for layer in range(self.layers):
            at = f"model.layers.{layer}."
            shapes |= {
                f"{at}self_attn.q_proj.weight": (queries, stream),
                f"{at}self_attn.k_proj.weight": (self.kv_rows, stream),
                f"{at}self_attn.v_proj.weight": (self.kv_rows, stream),
                f"{at}self_attn.o_proj.weight": (stream, queries),
                f"{at}input_layernorm.weight": (stream,),
                f"{at}post_attention_layernorm.weight": (stream,),
                **self._ffns(at),
            }
        shapes["model.norm.weight"] = (stream,)
        return shapes if self.tied else shapes | {"lm_head.weight": (self.vocab, stream)}

    def _ffns(self, at: str) -> Mapping[str, tuple[int, ...]]:
        into, out = (self.ffn, self.hidden), (self.hidden, self.ffn)
        if not self.experts:
            mlp = f"{at}mlp."
            return {f"{mlp}gate_proj.weight": into, f"{mlp}up_proj.weight": into, f"{mlp}down_proj.weight": out}
        moe = f"{at}block_sparse_moe."
        return {
            f"{moe}gate.weight": (self.experts, self.hidden),
            **{
                f"{moe}experts.{number}.{name}.weight": shape
                for number in range(self.experts)
                for name, shape in (("w1", into), ("w3", into), ("w2", out))
            },
        }

    def draw(self, random: Random) -> dict[str, Array]:
        """Gains near one, and matrices of independent normal numbers."""
        return {name: _drawn(random, shape) for name, shape in self.tensors.items()}


def _drawn(random: Random, shape: tuple[int, ...]) -> Array:
    values = random.standard_normal(shape, dtype=np.float32)
    return 1.0 + 0.2 * values if len(shape) == 1 else 0.02 * values


@dataclass(frozen=True, slots=True, eq=False)
class Common:
    """What all models of one shape have in common.

    Attributes:
        opened: one of them, opened as a file is.
        pairs: which tensor stands where.
        readings: all rows of the matrices.
        keys: which rotary keys are read.
    """

    opened: Checkpoint
    pairs: tuple[TensorPair, ...]
    readings: tuple[Reading, ...]
    keys: KeyPlan


@cache
def common_of(shape: Shape) -> Common:
    """Read names, settings and places of a shape's models."""
    opened = model(shape.draw(np.random.default_rng(0)), shape.config)
    pairs = pair_tensors(opened, opened).pairs
    keys = plan_keys(*shared_key_sources(opened, opened), default_budget(opened), count_ranges=False)
    assert keys is not None, "every shape has rotary keys"
    readings = (reading for reading in plan_reading(pairs, "full") if len(reading.pair.b.shape) > 1)
    return Common(opened, pairs, tuple(readings), keys)


class Drawn:
    """One model that was drawn.

    Attributes:
        shape: its sizes.
        weights: by name.
    """

    def __init__(self, shape: Shape, weights: Weights) -> None:
        self.shape = shape
        self.weights = weights

    @property
    def common(self) -> Common:
        """What it has in common with all models of its shape."""
        return common_of(self.shape)

    @cached_property
    def checkpoint(self) -> Checkpoint:
        """The model as it would be opened."""
        source = MemorySource({"model.safetensors": safetensors(self.weights)})
        return replace(self.common.opened, source=source)

    @cached_property
    def matrices(self) -> tuple[Array, ...]:
        """What the readings read."""
        tensors = [reading.pair.b for reading in self.common.readings]
        return tuple(self.checkpoint.rows(tensor, 0, tensor.shape[0]) for tensor in tensors)

    @cached_property
    def trained(self) -> tuple[Array, ...]:
        """The same without what was set."""
        return tuple(without_set(matrix, np.arange(len(matrix))) for matrix in self.matrices)

    @cached_property
    def keys(self) -> RotaryKeys | None:
        """Its rotary keys over its tokens; None where too few tokens can be told apart."""
        tokens = read_anchor_tokens(self.checkpoint, self.checkpoint, None)
        if tokens is None:
            return None
        plan = self.common.keys
        return read_keys(CanonicalWeights(self.checkpoint), plan.sources_b, plan, tokens.directions_b)
