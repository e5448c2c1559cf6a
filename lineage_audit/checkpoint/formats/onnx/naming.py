"""Names of initialisers: PyTorch's exporter keeps those of parameters, but not of matrices that it transposed.

A linear layer becomes ``MatMul`` with a constant ``[in, out]`` called ``onnx::MatMul_123``. The node that consumes it
is called after the module (``/model/layers.0/self_attn/q_proj/MatMul``); else the bias that is added next is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct

from lineage_audit.checkpoint.formats.onnx.graph import Graph, Node

_NAMED = re.compile(r".*\.(?:weight|bias|gamma|beta)", re.DOTALL)
_BUILDER = ".MatMul.weight"
"""onnxruntime-genai's builder names its transposed matrices so."""

_OPERATOR = re.compile(r"(?:MatMul|Gemm)(?:_\d+)?(?:_quant)?")


class Naming(Struct, frozen=True):
    """What an initialiser is called, and whether it is stored ``[in, out]``."""

    name: str
    is_transposed: bool


def name_initialisers(graph: Graph) -> dict[str, Naming]:
    """Give every initialiser the name of the parameter that it was, where the graph tells it."""
    consumers = {node.inputs[1]: node for node in graph.nodes if _multiplies(node)}
    consumers |= {
        node.inputs[0]: consumers[node.outputs[0]]
        for node in graph.nodes
        if node.operator == "DequantizeLinear" and node.inputs and node.outputs and node.outputs[0] in consumers
    }
    biases = _biases(graph.nodes)
    held = {one.name for one in graph.initialisers}
    taken = {name for name in held if _NAMED.fullmatch(name)}
    found: dict[str, Naming] = {}
    for one in graph.initialisers:
        naming = _naming(one.name, len(one.shape), consumers.get(one.name), biases)
        if naming.name != one.name and naming.name in taken:
            naming = Naming(one.name, naming.is_transposed)
        taken.add(naming.name)
        found[one.name] = naming
    return found


def _multiplies(node: Node) -> bool:
    return node.operator in ("MatMul", "Gemm", "MatMulInteger") and len(node.inputs) >= 2 and bool(node.inputs[1])


def _naming(name: str, rank: int, consumer: Node | None, biases: Mapping[str, str]) -> Naming:
    if rank != 2 or consumer is None:
        return Naming(name, is_transposed=False)
    if name.endswith(_BUILDER):
        return Naming(name.removesuffix(_BUILDER) + ".weight", is_transposed=True)
    if _NAMED.fullmatch(name) or consumer.operator == "Gemm":
        return Naming(name, is_transposed=False)
    module = _module(consumer) or biases.get("".join(consumer.outputs[:1]))
    return Naming(f"{module}.weight", is_transposed=True) if module else Naming(name, is_transposed=False)


def _module(node: Node) -> str | None:
    """The module that a node is called after: the path before its operator."""
    path, _, operator = node.name.strip("/").rpartition("/")
    return path.replace("/", ".") if path and _OPERATOR.fullmatch(operator) else None


def _biases(nodes: Sequence[Node]) -> dict[str, str]:
    """Output of a node -> the module whose bias is added to it next."""
    found: dict[str, str] = {}
    for node in nodes:
        if node.operator == "Add" and len(node.inputs) == 2:
            for bias, other in (node.inputs, node.inputs[::-1]):
                if bias.endswith(".bias"):
                    found.setdefault(other, bias.removesuffix(".bias"))
    return found
