"""Values that a careless or hostile configuration states: taken when they fit the field, else dropped."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from lineage_audit.checkpoint.config.fields import FieldValue
from lineage_audit.checkpoint.config.fields_table import SIZE_LIMIT, FieldKind, FieldSpec

TEXT_LIMIT = 200
"""Longest text kept of any value, in characters."""
OTHER_LIMIT = 500
"""Most entries kept beyond the vocabulary."""
LIST_LIMIT = 200
"""Most elements kept of a list."""
_INTEGER_LIMIT = 2**63
_NUMBER_LIMIT = 1e15

_ACTIVATIONS: Mapping[str, str] = {
    "swish": "silu",
    "swiglu": "silu",
    "gelu_new": "gelu_tanh",
    "gelu_fast": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "gelu_python": "gelu",
}
"""One name for one function; the tanh approximation of GELU goes by three."""


def checked(value: object, spec: FieldSpec) -> FieldValue:
    """Return the value in the field's own type, or None if it does not fit."""
    if spec.kind in ("size", "count"):
        return _integer(value, 1 if spec.kind == "size" else 0, spec.limit)
    if spec.kind == "number":
        return _number(value)
    if spec.kind == "flag":
        return value if isinstance(value, bool) else None
    return _text(value, spec.kind)


def _integer(value: object, lowest: int, highest: int) -> int | None:
    if isinstance(value, float) and value.is_integer() and abs(value) <= SIZE_LIMIT:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest:
        return value
    return None


def _number(value: object) -> float | None:
    """Return a finite, positive number; every number of the vocabulary is one."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < _NUMBER_LIMIT:
        return float(value)
    return None


def _text(value: object, kind: FieldKind) -> str | None:
    if not isinstance(value, str):
        return None
    text = clean_text(value)
    if kind == "activation":
        text = _ACTIVATIONS.get(text.lower(), text.lower())
    elif kind == "dtype":
        text = text.lower().removeprefix("torch.")
    return text or None


def clean_text(text: str, limit: int = TEXT_LIMIT) -> str:
    """Return trimmed, printable text of at most ``limit`` characters, encodable as UTF-8."""
    kept = "".join(character if character.isprintable() else " " for character in text[:limit])
    return kept.encode("utf-8", "replace").decode("utf-8").strip()


def lookup(config: Mapping[str, object], path: str) -> object:
    """Return the value at a dotted path, or None where any step is missing."""
    value: object = config
    for key in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def flattened(config: Mapping[str, object], used: frozenset[str]) -> dict[str, FieldValue]:
    """Flatten the rest of a configuration to ``a.b.c`` keys, in the file's order, ``OTHER_LIMIT`` at most."""
    other: dict[str, FieldValue] = {}
    for path, value in _leaves(config, ""):
        if len(other) >= OTHER_LIMIT:
            break
        if path not in used and value is not None:
            other[path] = value
    return other


def _leaves(value: object, path: str) -> Iterator[tuple[str, FieldValue]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            name = clean_text(str(key))
            yield from _leaves(inner, f"{path}.{name}"[:TEXT_LIMIT] if path else name)
    elif isinstance(value, list):
        scalars = [_scalar(item) for item in value[:LIST_LIMIT]]
        if all(scalar is not None for scalar in scalars):
            yield path, tuple(scalars)
        else:
            for position, item in enumerate(value[:LIST_LIMIT]):
                yield from _leaves(item, f"{path}.{position}")
    else:
        yield path, _scalar(value)


def _scalar(value: object) -> FieldValue:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < _INTEGER_LIMIT else None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return None
