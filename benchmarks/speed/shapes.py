"""The shapes of published models: which tensors they have, of which size, in how many shards."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor of a checkpoint."""

    name: str
    shape: tuple[int, ...]
    dtype: str = "BF16"

    @property
    def bytes(self) -> int:
        """Stored size."""
        return math.prod(self.shape) * {"BF16": 2, "F16": 2, "F32": 4, "I32": 4, "F8_E4M3": 1}[self.dtype]


@dataclass(frozen=True, slots=True)
class LlamaShape:
    """Dimensions of a model of the Llama family."""

    hidden: int
    ffn: int
    layers: int
    heads: int
    kv_heads: int
    vocabulary: int
    shards: int

    def scaled(self, scale: float) -> LlamaShape:
        """The same width with fewer layers and tokens, for small disks."""
        return replace(
            self,
            layers=max(2, round(self.layers * scale)),
            vocabulary=max(1000, round(self.vocabulary * scale)),
            shards=max(1, round(self.shards * scale)),
        )

    def config(self) -> Json:
        """What its ``config.json`` says."""
        return {
            "architectures": ["LlamaForCausalLM"],
            "model_type": "llama",
            "hidden_size": self.hidden,
            "intermediate_size": self.ffn,
            "num_hidden_layers": self.layers,
            "num_attention_heads": self.heads,
            "num_key_value_heads": self.kv_heads,
            "vocab_size": self.vocabulary,
            "hidden_act": "silu",
            "rms_norm_eps": 1e-5,
            "tie_word_embeddings": False,
            "torch_dtype": "bfloat16",
        }

    def tensors(self) -> Iterator[Tensor]:
        """Its tensors, in the order of its files."""
        kv = self.hidden // self.heads * self.kv_heads
        yield Tensor("model.embed_tokens.weight", (self.vocabulary, self.hidden))
        for layer in range(self.layers):
            of = f"model.layers.{layer}."
            yield Tensor(of + "input_layernorm.weight", (self.hidden,))
            yield Tensor(of + "self_attn.q_proj.weight", (self.hidden, self.hidden))
            yield Tensor(of + "self_attn.k_proj.weight", (kv, self.hidden))
            yield Tensor(of + "self_attn.v_proj.weight", (kv, self.hidden))
            yield Tensor(of + "self_attn.o_proj.weight", (self.hidden, self.hidden))
            yield Tensor(of + "post_attention_layernorm.weight", (self.hidden,))
            yield Tensor(of + "mlp.gate_proj.weight", (self.ffn, self.hidden))
            yield Tensor(of + "mlp.up_proj.weight", (self.ffn, self.hidden))
            yield Tensor(of + "mlp.down_proj.weight", (self.hidden, self.ffn))
        yield Tensor("model.norm.weight", (self.hidden,))
        yield Tensor("lm_head.weight", (self.vocabulary, self.hidden))


SHAPES: dict[str, LlamaShape] = {
    "1B": LlamaShape(2048, 8192, 16, 32, 8, 128256, 1),
    "7B": LlamaShape(4096, 11008, 32, 32, 32, 32000, 3),
    "8B": LlamaShape(4096, 14336, 32, 32, 8, 128256, 4),
}
"""Llama-3.2-1B (untied), Llama-2-7B and Llama-3.1-8B."""

_DEEPSEEK_BLOCK = 128
_DEEPSEEK_SHARDS = 163


@dataclass(frozen=True, slots=True)
class DeepSeekShape:
    """DeepSeek-V3: FP8 in blocks of 128 by 128, 256 experts a layer, some 90,000 tensors in 163 shards."""

    layers: int = 61
    experts: int = 256
    shards: int = _DEEPSEEK_SHARDS

    def config(self) -> Json:
        """What its ``config.json`` says."""
        return {
            "architectures": ["DeepseekV3ForCausalLM"],
            "model_type": "deepseek_v3",
            "hidden_size": 7168,
            "intermediate_size": 18432,
            "moe_intermediate_size": 2048,
            "num_hidden_layers": self.layers,
            "first_k_dense_replace": 3,
            "n_routed_experts": self.experts,
            "n_shared_experts": 1,
            "num_experts_per_tok": 8,
            "num_attention_heads": 128,
            "num_key_value_heads": 128,
            "q_lora_rank": 1536,
            "kv_lora_rank": 512,
            "qk_nope_head_dim": 128,
            "qk_rope_head_dim": 64,
            "v_head_dim": 128,
            "vocab_size": 129280,
            "hidden_act": "silu",
            "rms_norm_eps": 1e-6,
            "tie_word_embeddings": False,
            "torch_dtype": "bfloat16",
            "quantization_config": {
                "activation_scheme": "dynamic",
                "fmt": "e4m3",
                "quant_method": "fp8",
                "weight_block_size": [_DEEPSEEK_BLOCK, _DEEPSEEK_BLOCK],
            },
        }

    def tensors(self) -> Iterator[Tensor]:
        """Its tensors, layer by layer."""
        yield Tensor("model.embed_tokens.weight", (129280, 7168))
        for layer in range(self.layers):
            of = f"model.layers.{layer}."
            yield Tensor(of + "input_layernorm.weight", (7168,))
            yield Tensor(of + "post_attention_layernorm.weight", (7168,))
            yield Tensor(of + "self_attn.q_a_layernorm.weight", (1536,))
            yield Tensor(of + "self_attn.kv_a_layernorm.weight", (512,))
            yield from _fp8(of + "self_attn.q_a_proj", 1536, 7168)
            yield from _fp8(of + "self_attn.q_b_proj", 24576, 1536)
            yield from _fp8(of + "self_attn.kv_a_proj_with_mqa", 576, 7168)
            yield from _fp8(of + "self_attn.kv_b_proj", 32768, 512)
            yield from _fp8(of + "self_attn.o_proj", 7168, 16384)
            yield from self._ffn(layer, of + "mlp.")
        yield Tensor("model.norm.weight", (7168,))
        yield Tensor("lm_head.weight", (129280, 7168))

    def _ffn(self, layer: int, of: str) -> Iterator[Tensor]:
        if layer < 3:
            yield from _gated(of, 18432)
            return
        yield Tensor(of + "gate.weight", (self.experts, 7168))
        yield Tensor(of + "gate.e_score_correction_bias", (self.experts,), "F32")
        yield from _gated(of + "shared_experts.", 2048)
        for expert in range(self.experts):
            yield from _gated(f"{of}experts.{expert}.", 2048)


def _gated(of: str, width: int) -> Iterator[Tensor]:
    yield from _fp8(of + "gate_proj", width, 7168)
    yield from _fp8(of + "up_proj", width, 7168)
    yield from _fp8(of + "down_proj", 7168, width)


def _fp8(name: str, rows: int, columns: int) -> Iterator[Tensor]:
    """A matrix and the scales of its blocks."""
    yield Tensor(f"{name}.weight", (rows, columns), "F8_E4M3")
    yield Tensor(f"{name}.weight_scale_inv", (-(-rows // _DEEPSEEK_BLOCK), -(-columns // _DEEPSEEK_BLOCK)), "F32")
