"""The parts of an ONNX graph that concern weights: initialisers with the place of their data, and who consumes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct, field

from lineage_audit.checkpoint.formats.onnx.wire import Field, WireFile
from lineage_audit.errors import UnreadableFileError

_NODE_LIMIT = 1_000_000
TENSOR_LIMIT = 200_000
_RANK_LIMIT = 16

_FEW = 4096
"""Bytes and values of numbers that are kept where they are written as such."""

# Field numbers of onnx.proto.
_GRAPH = 7
_NODE, _INITIALISER = 1, 5
_INPUT, _OUTPUT, _NODE_NAME, _OPERATOR = 1, 2, 3, 4
_DIMS, _TYPE, _FLOATS, _INTEGERS, _NAME, _RAW, _DOUBLES, _EXTERNAL, _LOCATION = 1, 2, 4, 5, 8, 9, 10, 13, 14
_KEY, _VALUE = 1, 2
_IS_EXTERNAL = 1

TYPES: Mapping[int, str] = {
    1: "F32",
    2: "U8",
    3: "I8",
    4: "U16",
    5: "I16",
    6: "I32",
    7: "I64",
    9: "BOOL",
    10: "F16",
    11: "F64",
    12: "U32",
    13: "U64",
    16: "BF16",
    17: "F8_E4M3",
    19: "F8_E5M2",
}
"""ONNX's element types that have plain values -> safetensors' names."""

_CONSUMERS = frozenset({"MatMul", "Gemm", "Add", "MatMulInteger", "DequantizeLinear"})
"""Operators whose nodes tell what an initialiser without a name of its own is for."""


class Initialiser(Struct, frozen=True):
    """A constant tensor of the graph.

    Attributes:
        name: its name in the graph.
        type: ONNX's number of its element type.
        shape: dimensions.
        place: where its bytes are in the model's file, or None where they are elsewhere or not in one piece.
        external: key -> value of where they are outside; empty for those inside.
        integers: a few values that are written as numbers of their own; empty otherwise.
    """

    name: str
    type: int
    shape: tuple[int, ...]
    place: tuple[int, int] | None
    external: Mapping[str, str] = field(default_factory=dict)
    integers: tuple[int, ...] = ()


class Node(Struct, frozen=True):
    """A use of tensors: its own name, its operator, and the names of what goes in and comes out."""

    name: str
    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


class Graph(Struct, frozen=True):
    """What was read of a graph."""

    initialisers: tuple[Initialiser, ...]
    nodes: tuple[Node, ...]


def read_graph(wire: WireFile) -> Graph:
    """Walk a model's main graph.

    Raises:
        UnreadableFileError: the file is no ONNX model, or has more parts than any.
    """
    initialisers: list[Initialiser] = []
    nodes: list[Node] = []
    graphs = [part for part in wire.fields(0, wire.size) if part.number == _GRAPH]
    if len(graphs) != 1:
        raise UnreadableFileError(f"{wire.file}: not an ONNX model (it has {len(graphs):,} graphs); fetch it again")
    seen = 0
    for part in wire.fields(graphs[0].start, graphs[0].stop):
        seen += part.number in (_NODE, _INITIALISER)
        if seen > _NODE_LIMIT or len(initialisers) > TENSOR_LIMIT:
            raise UnreadableFileError(f"{wire.file}: has more nodes than any real ONNX model; not read")
        if part.number == _NODE:
            nodes += _node(wire, part)
        elif part.number == _INITIALISER:
            initialisers.append(_initialiser(wire, part))
    return Graph(tuple(initialisers), tuple(nodes))


def _node(wire: WireFile, message: Field) -> Iterator[Node]:
    """The node, where it is of a kind that consumes weights; attributes and subgraphs are stepped over."""
    texts: dict[int, list[str]] = {_INPUT: [], _OUTPUT: [], _NODE_NAME: [], _OPERATOR: []}
    for part in wire.fields(message.start, message.stop):
        if part.number in texts:
            texts[part.number].append(wire.text(part))
    operator = "".join(texts[_OPERATOR][:1])
    if operator in _CONSUMERS:
        yield Node("".join(texts[_NODE_NAME][:1]), operator, tuple(texts[_INPUT]), tuple(texts[_OUTPUT]))


def _initialiser(wire: WireFile, message: Field) -> Initialiser:
    shape: list[int] = []
    integers: list[int] = []
    name, kind, location = "", 0, 0
    places: list[tuple[int, int]] = []
    external: dict[str, str] = {}
    for part in wire.fields(message.start, message.stop):
        if part.number == _DIMS:
            shape += wire.numbers(part)
        elif part.number == _TYPE:
            kind = part.value
        elif part.number == _NAME:
            name = wire.text(part)
        elif part.number in (_RAW, _FLOATS, _DOUBLES) and part.stop > part.start:
            places.append((part.start, part.stop))
        elif part.number == _INTEGERS and part.stop - part.start <= _FEW and len(integers) <= _FEW:
            integers += wire.numbers(part)
        elif part.number == _EXTERNAL and len(external) < _RANK_LIMIT:
            external |= _entry(wire, part)
        elif part.number == _LOCATION:
            location = part.value
    if len(shape) > _RANK_LIMIT or any(not 0 <= dimension < 2**63 for dimension in shape):
        raise UnreadableFileError(f"{wire.file}: {name!r} has an impossible shape")
    place = places[0] if len(places) == 1 and location != _IS_EXTERNAL else None
    return Initialiser(name, kind, tuple(shape), place, external if location == _IS_EXTERNAL else {}, tuple(integers))


def _entry(wire: WireFile, message: Field) -> dict[str, str]:
    found = {part.number: wire.text(part) for part in wire.fields(message.start, message.stop)}
    return {found[_KEY]: found.get(_VALUE, "")} if _KEY in found else {}
