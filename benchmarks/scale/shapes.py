"""The true shapes of published models: which tensors, of which sizes, in how many shards, and what config.json says."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from benchmarks.scale.slots import AXES, SHARED, Axis, Role, Slot
from benchmarks.scale.vocabularies import VOCABULARIES

Dtype = Literal["BF16", "F32", "F8_E4M3"]
Family = Literal["llama", "qwen2", "mixtral", "deepseek_v3"]

DTYPE_BYTES: dict[Dtype, int] = {"BF16": 2, "F32": 4, "F8_E4M3": 1}
FP8_BLOCK = 128
"""Rows and columns that share one scale."""


@dataclass(frozen=True, slots=True)
class Latent:
    """Multi-head latent attention: ranks of the compressed queries and keys, and the three parts of a head."""

    query_rank: int = 1536
    key_rank: int = 512
    plain: int = 128
    rotary: int = 64
    value: int = 128


@dataclass(frozen=True, slots=True)
class Stored:
    """A tensor as it stands in a file.

    Attributes:
        name: its name.
        slot: what it is.
        shape: its dimensions.
        dtype: how its numbers are stored.
        scale_of: the matrix that it holds block scales of, or None.
    """

    name: str
    slot: Slot
    shape: tuple[int, ...]
    dtype: Dtype
    scale_of: Slot | None = None

    @property
    def bytes(self) -> int:
        """Its size."""
        return math.prod(self.shape) * DTYPE_BYTES[self.dtype]


@dataclass(frozen=True, slots=True)
class Shape:
    """The dimensions of a model.

    Attributes:
        family: whose names and configuration it has.
        vocabulary: whose tokens it has.
        experts: routed experts a layer, 0 where FFNs are dense.
        expert_ffn: units of an expert.
        dense_layers: leading layers whose FFN is dense although others have experts.
        shared_experts: experts that every token passes.
        latent: its latent attention, or None.
    """

    family: Family
    hidden: int
    ffn: int
    layers: int
    heads: int
    kv_heads: int
    vocabulary: str
    shards: int
    head_dim: int = 128
    experts: int = 0
    expert_ffn: int = 0
    dense_layers: int = 0
    shared_experts: int = 0
    latent: Latent | None = None
    rope_theta: float = 10_000.0
    sizes: dict[Axis, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sizes", _sizes(self))

    def units(self, slot: Slot) -> int:
        """How many FFN units the block of a slot has."""
        return self.expert_ffn if slot.expert >= 0 else self.ffn

    def size(self, axis: Axis, slot: Slot) -> int:
        """How long an axis is in a tensor."""
        return self.units(slot) if axis in (Axis.UNIT, Axis.GATED) else self.sizes[axis]

    def dimensions(self, slot: Slot) -> tuple[int, int]:
        """Rows and columns of a tensor; a vector is one row."""
        row, column = AXES[slot.role]
        return (1 if row is None else self.size(row, slot)), self.size(column, slot)

    def is_sparse(self, layer: int) -> bool:
        """Whether a layer has experts."""
        return self.experts > 0 and layer >= self.dense_layers

    def config(self) -> dict[str, object]:
        """What ``config.json`` says."""
        common: dict[str, object] = {
            "architectures": [_NAMES[self.family].architecture],
            "model_type": self.family,
            "hidden_size": self.hidden,
            "intermediate_size": self.ffn,
            "num_hidden_layers": self.layers,
            "num_attention_heads": self.heads,
            "num_key_value_heads": self.kv_heads,
            "vocab_size": self.sizes[Axis.TOKEN],
            "hidden_act": "silu",
            "rms_norm_eps": 1e-5,
            "rope_theta": self.rope_theta,
            "tie_word_embeddings": False,
            "torch_dtype": "bfloat16",
        }
        return common | _EXTRA_CONFIG[self.family](self)

    def tensors(self) -> Iterator[Stored]:
        """Every tensor, in the order of the files."""
        yield self._stored("model.embed_tokens.weight", Slot(Role.EMBED))
        for layer in range(self.layers):
            for slot in self._layer(layer):
                yield from self._with_scales(f"model.layers.{layer}.{self._name(slot)}", slot)
        yield self._stored("model.norm.weight", Slot(Role.FINAL_NORM))
        yield self._stored("lm_head.weight", Slot(Role.HEAD))

    def _layer(self, layer: int) -> Iterator[Slot]:
        for role in _NAMES[self.family].attention:
            yield Slot(role, layer)
        if not self.is_sparse(layer):
            yield from (Slot(role, layer) for role in _BLOCK)
            return
        yield Slot(Role.ROUTER, layer)
        if self.family == "deepseek_v3":
            yield Slot(Role.ROUTER_BIAS, layer)
        numbers = [*range(self.experts), *range(SHARED, SHARED + self.shared_experts)]
        yield from (Slot(role, layer, expert) for expert in numbers for role in _BLOCK)

    def _name(self, slot: Slot) -> str:
        names = _NAMES[self.family]
        if slot.expert < 0:
            return names.parts[slot.role]
        place = names.shared if slot.expert >= SHARED else names.expert
        return place.format(expert=slot.expert, part=names.expert_parts[slot.role])

    def _stored(self, name: str, slot: Slot, dtype: Dtype = "BF16") -> Stored:
        rows, columns = self.dimensions(slot)
        return Stored(name, slot, (columns,) if AXES[slot.role][0] is None else (rows, columns), dtype)

    def _with_scales(self, name: str, slot: Slot) -> Iterator[Stored]:
        if slot.role is Role.ROUTER_BIAS:
            yield self._stored(name, slot, "F32")
            return
        if self.family != "deepseek_v3" or AXES[slot.role][0] is None or slot.role is Role.ROUTER:
            yield self._stored(name, slot)
            return
        yield self._stored(name, slot, "F8_E4M3")
        blocks = tuple(-(-size // FP8_BLOCK) for size in self.dimensions(slot))
        scales = Slot(Role.SCALES, slot.layer, slot.expert)
        yield Stored(f"{name}_scale_inv", scales, blocks, "F32", scale_of=slot)


def _sizes(shape: Shape) -> dict[Axis, int]:
    latent = shape.latent or Latent()
    query_head = latent.plain + latent.rotary if shape.latent else shape.head_dim
    value_head = latent.value if shape.latent else shape.head_dim
    return {
        Axis.TOKEN: VOCABULARIES[shape.vocabulary].rows,
        Axis.CHANNEL: shape.hidden,
        Axis.GAIN: shape.hidden,
        Axis.QUERY: shape.heads * query_head,
        Axis.KEY: shape.kv_heads * shape.head_dim,
        Axis.VALUE: shape.kv_heads * shape.head_dim,
        Axis.ATTENDED: shape.heads * value_head,
        Axis.EXPERT: shape.experts,
        Axis.QUERY_LATENT: latent.query_rank,
        Axis.QUERY_LATENT_GAIN: latent.query_rank,
        Axis.KEY_LATENT: latent.key_rank + latent.rotary,
        Axis.COMPRESSED: latent.key_rank,
        Axis.COMPRESSED_GAIN: latent.key_rank,
        Axis.KEY_VALUE: shape.heads * (latent.plain + latent.value),
    }


@dataclass(frozen=True, slots=True)
class _Names:
    """How a family names its tensors, and which an attention block has."""

    architecture: str
    attention: tuple[Role, ...]
    parts: dict[Role, str]
    expert_parts: dict[Role, str]
    expert: str = ""
    shared: str = ""


_BLOCK = (Role.GATE, Role.UP, Role.DOWN)
_PLAIN = (Role.ATTENTION_NORM, Role.Q, Role.K, Role.V, Role.O, Role.FFN_NORM)
_BIASED = (*_PLAIN[:4], Role.Q_BIAS, Role.K_BIAS, Role.V_BIAS, *_PLAIN[4:])
_LATENT = (
    *(Role.ATTENTION_NORM, Role.FFN_NORM, Role.Q_LATENT_NORM, Role.KV_LATENT_NORM),
    *(Role.Q_COMPRESS, Role.Q_EXPAND, Role.KV_COMPRESS, Role.KV_EXPAND, Role.O),
)
_GATED = {Role.GATE: "gate_proj.weight", Role.UP: "up_proj.weight", Role.DOWN: "down_proj.weight"}
_PARTS = {
    Role.ATTENTION_NORM: "input_layernorm.weight",
    Role.FFN_NORM: "post_attention_layernorm.weight",
    Role.Q: "self_attn.q_proj.weight",
    Role.K: "self_attn.k_proj.weight",
    Role.V: "self_attn.v_proj.weight",
    Role.O: "self_attn.o_proj.weight",
    Role.Q_BIAS: "self_attn.q_proj.bias",
    Role.K_BIAS: "self_attn.k_proj.bias",
    Role.V_BIAS: "self_attn.v_proj.bias",
    **{role: f"mlp.{name}" for role, name in _GATED.items()},
}
_MIXTRAL_PARTS = {Role.GATE: "w1.weight", Role.UP: "w3.weight", Role.DOWN: "w2.weight"}
_LATENT_PARTS = {
    Role.Q_COMPRESS: "self_attn.q_a_proj.weight",
    Role.Q_LATENT_NORM: "self_attn.q_a_layernorm.weight",
    Role.Q_EXPAND: "self_attn.q_b_proj.weight",
    Role.KV_COMPRESS: "self_attn.kv_a_proj_with_mqa.weight",
    Role.KV_LATENT_NORM: "self_attn.kv_a_layernorm.weight",
    Role.KV_EXPAND: "self_attn.kv_b_proj.weight",
    Role.ROUTER: "mlp.gate.weight",
    Role.ROUTER_BIAS: "mlp.gate.e_score_correction_bias",
}

_NAMES: dict[Family, _Names] = {
    "llama": _Names("LlamaForCausalLM", _PLAIN, _PARTS, _GATED),
    "qwen2": _Names("Qwen2ForCausalLM", _BIASED, _PARTS, _GATED),
    "mixtral": _Names(
        "MixtralForCausalLM",
        _PLAIN,
        _PARTS | {Role.ROUTER: "block_sparse_moe.gate.weight"},
        _MIXTRAL_PARTS,
        expert="block_sparse_moe.experts.{expert}.{part}",
    ),
    "deepseek_v3": _Names(
        "DeepseekV3ForCausalLM",
        _LATENT,
        _PARTS | _LATENT_PARTS,
        _GATED,
        expert="mlp.experts.{expert}.{part}",
        shared="mlp.shared_experts.{part}",
    ),
}


def _deepseek_config(shape: Shape) -> dict[str, object]:
    latent = shape.latent or Latent()
    return {
        "moe_intermediate_size": shape.expert_ffn,
        "first_k_dense_replace": shape.dense_layers,
        "n_routed_experts": shape.experts,
        "n_shared_experts": shape.shared_experts,
        "num_experts_per_tok": 8,
        "q_lora_rank": latent.query_rank,
        "kv_lora_rank": latent.key_rank,
        "qk_nope_head_dim": latent.plain,
        "qk_rope_head_dim": latent.rotary,
        "v_head_dim": latent.value,
        "quantization_config": {
            "activation_scheme": "dynamic",
            "fmt": "e4m3",
            "quant_method": "fp8",
            "weight_block_size": [FP8_BLOCK, FP8_BLOCK],
        },
    }


_EXTRA_CONFIG = {
    "llama": lambda shape: {"head_dim": shape.head_dim} if shape.heads * shape.head_dim != shape.hidden else {},
    "qwen2": lambda shape: {"use_sliding_window": False},  # noqa: ARG005
    "mixtral": lambda shape: {"num_local_experts": shape.experts, "num_experts_per_tok": 2},
    "deepseek_v3": _deepseek_config,
}

SHAPES: dict[str, Shape] = {
    "llama-2-7b": Shape("llama", 4096, 11008, 32, 32, 32, "llama-2", 2),
    "llama-2-70b": Shape("llama", 8192, 28672, 80, 64, 8, "llama-2", 15),
    "yi-34b": Shape("llama", 7168, 20480, 60, 56, 8, "yi", 7, rope_theta=5e6),
    "llama-3.1-8b": Shape("llama", 4096, 14336, 32, 32, 8, "llama-3", 4, rope_theta=5e5),
    "qwen2.5-72b": Shape("qwen2", 8192, 29568, 80, 64, 8, "qwen-2.5", 37, rope_theta=1e6),
    "mixtral-8x7b": Shape(
        "mixtral", 4096, 14336, 32, 32, 8, "mistral", 19, experts=8, expert_ffn=14336, rope_theta=1e6
    ),
    "deepseek-v3": Shape(
        *("deepseek_v3", 7168, 18432, 61, 128, 128, "deepseek-v3", 163),
        experts=256,
        expert_ffn=2048,
        dense_layers=3,
        shared_experts=1,
        latent=Latent(),
    ),
}
"""The published models whose shapes these are, by name."""
