"""The architectures, and the ways to start, each a function of a few lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

WIDTH, LAYERS, HEADS, UNITS, BYTES = 64, 3, 4, 160, 256

_SIZES = {"hidden_size": WIDTH, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "vocab_size": BYTES}
_SPECIAL = {"pad_token_id": 0, "bos_token_id": 0, "eos_token_id": 0}
_DENSE = {"intermediate_size": UNITS, "num_key_value_heads": HEADS // 2, "max_position_embeddings": 128}


def llama() -> PreTrainedModel:
    """The plain one: RMSNorm, rotary positions, a gated FFN."""
    from transformers import LlamaConfig, LlamaForCausalLM

    return LlamaForCausalLM(LlamaConfig(**_SIZES, **_DENSE, **_SPECIAL))


def universal() -> PreTrainedModel:
    """A Llama whose layers are one layer, exported as many."""
    model = llama()
    first = model.model.layers[0]
    for layer in model.model.layers[1:]:
        for name, _ in list(layer.named_parameters()):
            owner, _, slot = name.rpartition(".")
            setattr(layer.get_submodule(owner), slot, first.get_submodule(owner).get_parameter(slot))
    return model


def gated_attention() -> PreTrainedModel:
    """What attention reads is gated by the query's own projection (Qwen3-Next)."""
    from transformers import Qwen3NextConfig, Qwen3NextForCausalLM

    kinds = ["full_attention"] * LAYERS
    dense = {"layer_types": kinds, "mlp_only_layers": list(range(LAYERS)), "num_experts": 0, "head_dim": 32}
    return Qwen3NextForCausalLM(Qwen3NextConfig(**_SIZES, **_DENSE, **dense, **_SPECIAL))


def normed_queries() -> PreTrainedModel:
    """Queries and keys are normalised (Qwen 3)."""
    from transformers import Qwen3Config, Qwen3ForCausalLM

    return Qwen3ForCausalLM(Qwen3Config(**_SIZES, **_DENSE, **_SPECIAL, head_dim=16))


def alibi() -> PreTrainedModel:
    """Positions are slopes, one a head (BLOOM)."""
    from transformers import BloomConfig, BloomForCausalLM

    return BloomForCausalLM(BloomConfig(vocab_size=BYTES, hidden_size=WIDTH, n_layer=LAYERS, n_head=HEADS, **_SPECIAL))


def squared_relu() -> PreTrainedModel:
    """No gate but a squared ReLU, and gains that are stored less one (Nemotron)."""
    from transformers import NemotronConfig, NemotronForCausalLM

    return NemotronForCausalLM(NemotronConfig(**_SIZES, **_DENSE, **_SPECIAL))


def partial_rotary() -> PreTrainedModel:
    """A quarter of each head is rotated (StableLM)."""
    from transformers import StableLmConfig, StableLmForCausalLM

    return StableLmForCausalLM(StableLmConfig(**_SIZES, **_DENSE, **_SPECIAL, partial_rotary_factor=0.25))


def gainless_norm() -> PreTrainedModel:
    """LayerNorm without gain or bias (OLMo)."""
    from transformers import OlmoConfig, OlmoForCausalLM

    return OlmoForCausalLM(OlmoConfig(**_SIZES, **_DENSE, **_SPECIAL))


def meanless_norm() -> PreTrainedModel:
    """A GPT-NeoX whose LayerNorms take no mean away, exported under the names of its kind."""
    import torch
    from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

    class Meanless(torch.nn.LayerNorm):
        def forward(self, stream: torch.Tensor) -> torch.Tensor:
            scaled = stream * torch.rsqrt(stream.square().mean(-1, keepdim=True) + self.eps)
            return scaled * self.weight + self.bias

    model = GPTNeoXForCausalLM(
        GPTNeoXConfig(**_SIZES, **_SPECIAL, intermediate_size=UNITS, max_position_embeddings=128)
    )
    for module in model.modules():
        if type(module) is torch.nn.LayerNorm:
            module.__class__ = Meanless
    return model


KINDS: Mapping[str, Callable[[], PreTrainedModel]] = {
    "llama": llama,
    "universal transformer": universal,
    "gated attention": gated_attention,
    "normed queries": normed_queries,
    "ALiBi": alibi,
    "squared ReLU": squared_relu,
    "partial rotary": partial_rotary,
    "gainless norm": gainless_norm,
    "meanless norm": meanless_norm,
}
"""Kind -> an untrained model, its weights drawn as transformers draws them."""


def _as_transformers(_model: PreTrainedModel) -> None:
    """Normal numbers of one size, as they stand."""


def _as_pytorch(model: PreTrainedModel) -> None:
    """Every module as PyTorch starts it: uniform numbers in linear layers, normal ones in embeddings."""
    for module in model.modules():
        if hasattr(module, "reset_parameters"):
            module.reset_parameters()


def _as_xavier(model: PreTrainedModel) -> None:
    """Uniform numbers whose size falls with both widths of a matrix."""
    import torch

    for parameter in model.parameters():
        if parameter.ndim > 1:
            torch.nn.init.xavier_uniform_(parameter)


def _as_orthogonal(model: PreTrainedModel) -> None:
    """Matrices with orthogonal rows or columns."""
    import torch

    for parameter in model.parameters():
        if parameter.ndim > 1:
            torch.nn.init.orthogonal_(parameter, gain=0.5)


STARTS: Mapping[str, Callable[[PreTrainedModel], None]] = {
    "transformers": _as_transformers,
    "PyTorch": _as_pytorch,
    "Xavier": _as_xavier,
    "orthogonal": _as_orthogonal,
}
"""Where a model starts: what is done to it before it is trained."""
