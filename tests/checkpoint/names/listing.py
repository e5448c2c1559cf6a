"""How a published checkpoint's tensor names and shapes are written down: as patterns.

``{L}`` stands for a layer's number and ``{E}`` for an expert's. Shapes are those of the published weights.
"""

from __future__ import annotations

from dataclasses import dataclass

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Listing:
    model: str
    config: dict[str, object]
    layers: int
    outside: dict[str, Shape]
    inside: dict[str, Shape]
    experts: int = 0

    def shapes(self) -> dict[str, Shape]:
        expanded = dict(self.outside)
        for layer in range(self.layers):
            for pattern, shape in self.inside.items():
                name = pattern.replace("{L}", str(layer))
                for expert in range(self.experts if "{E}" in name else 1):
                    expanded[name.replace("{E}", str(expert))] = shape
        return expanded


def llama_layers(hidden: int, ffn: int, kv: int, norms: tuple[str, str]) -> dict[str, Shape]:
    layer = "model.layers.{L}."
    return {
        layer + "self_attn.q_proj.weight": (hidden, hidden),
        layer + "self_attn.k_proj.weight": (kv, hidden),
        layer + "self_attn.v_proj.weight": (kv, hidden),
        layer + "self_attn.o_proj.weight": (hidden, hidden),
        layer + "mlp.gate_proj.weight": (ffn, hidden),
        layer + "mlp.up_proj.weight": (ffn, hidden),
        layer + "mlp.down_proj.weight": (hidden, ffn),
        layer + norms[0] + ".weight": (hidden,),
        layer + norms[1] + ".weight": (hidden,),
    }


def llama_ends(vocabulary: int, hidden: int) -> dict[str, Shape]:
    return {
        "model.embed_tokens.weight": (vocabulary, hidden),
        "model.norm.weight": (hidden,),
        "lm_head.weight": (vocabulary, hidden),
    }


LLAMA_NORMS = ("input_layernorm", "post_attention_layernorm")


def without(shapes: dict[str, Shape], *words: str) -> dict[str, Shape]:
    return {name: shape for name, shape in shapes.items() if not any(word in name for word in words)}
