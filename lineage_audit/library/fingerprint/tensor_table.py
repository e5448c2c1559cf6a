"""A model's tensors as a short table: one line a name pattern, the layers and experts that it covers beside it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import product

from lineage_audit.checkpoint.model_parts import ModelPart
from lineage_audit.checkpoint.names.patterns import numbered
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import TensorRef

_MOST_TENSORS = 1_000_000
"""More than any model has; a table that says more is refused."""

_Line = tuple[str, str, str, str, tuple[int, ...], str | None, bool, str]
_Place = tuple[int | None, int | None]


def table_of(tensors: Sequence[TensorRef]) -> list[list[object]]:
    """Lines ``[pattern, role, slot, dtype, shape, quantization, inferred, part, layers, experts]``, ready for JSON.

    Where a pattern covers every expert in every of its layers, both are lists; otherwise ``layers`` is a list of
    pairs and ``experts`` None.
    """
    groups: dict[_Line, list[_Place]] = defaultdict(list)
    for tensor in tensors:
        line = (_pattern(tensor), str(tensor.role), tensor.slot, tensor.dtype, tensor.shape, tensor.quantization)
        groups[(*line, tensor.inferred, str(tensor.part))].append((tensor.layer, tensor.expert))
    return [[*line[:4], list(line[4]), *line[5:], *_compact(places)] for line, places in groups.items()]


def _pattern(tensor: TensorRef) -> str:
    """The name with its numbers taken out, where they can be put back; else the name itself."""
    found = numbered(tensor.name)
    if (found.layer, found.expert, found.head) != (tensor.layer, tensor.expert, None):
        return "=" + tensor.name
    restored = _restored("~" + found.pattern, tensor.layer, tensor.expert)
    return "~" + found.pattern if restored == tensor.name else "=" + tensor.name


def _compact(places: Sequence[_Place]) -> tuple[object, object]:
    layers = list(dict.fromkeys(layer for layer, _ in places))
    experts = list(dict.fromkeys(expert for _, expert in places))
    if list(product(layers, experts)) == list(places):
        return layers, experts
    return [list(place) for place in places], None


def tensors_of(table: object) -> tuple[TensorRef, ...]:
    """Undo ``table_of``; tensors come in the table's order.

    Raises:
        ValueError: the table is damaged.
    """
    if not isinstance(table, list):
        raise ValueError("the table of tensors is no list")
    tensors: list[TensorRef] = []
    for line in table:
        tensors.extend(_tensors(line))
        if len(tensors) > _MOST_TENSORS:
            raise ValueError("more tensors than any model has")
    return tuple(tensors)


def _tensors(line: object) -> Iterator[TensorRef]:
    if not isinstance(line, list) or len(line) != 10:
        raise ValueError("a line of the table of tensors is damaged")
    pattern, role, slot, dtype, shape, quantization, inferred, part, layers, experts = line
    if slot not in ("weight", "bias") or not all(type(size) is int and 0 <= size < 2**48 for size in shape):
        raise ValueError("a tensor has an impossible slot or shape")
    if experts is not None and len(layers) * len(experts) > _MOST_TENSORS:
        raise ValueError("more tensors than any model has")
    places = product(layers, experts) if experts is not None else ((place[0], place[1]) for place in layers)
    for layer, expert in places:
        if not all(number is None or (type(number) is int and 0 <= number < 2**31) for number in (layer, expert)):
            raise ValueError("a tensor has an impossible number")
        yield TensorRef(
            name=_restored(str(pattern), layer, expert),
            role=Role(role),
            slot=slot,
            layer=layer,
            expert=expert,
            shape=tuple(shape),
            dtype=str(dtype),
            quantization=None if quantization is None else str(quantization),
            file="",
            parts=(),
            inferred=bool(inferred),
            part=ModelPart(part),
        )


def _restored(pattern: str, layer: int | None, expert: int | None) -> str:
    """Put the numbers back."""
    if pattern.startswith("="):
        return pattern[1:]
    return pattern[1:].replace("{L}", str(layer)).replace("{E}", str(expert))
