"""Documents read back: JSON values as values of the result types, each held against what its field may be.

A member that the fields do not know is left out, so that documents of a later minor version can be read; one that is
missing takes the field's default, and without a default the document is refused.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints


def read(expected: Any, value: Any) -> Any:
    """A value of the expected type.

    Args:
        expected: a result type, or an annotation of one of its fields.
        value: what the JSON document holds there.

    Raises:
        TypeError: the value is not of that type.
        ValueError: the value is not one of a closed set.
    """
    if expected is Any:
        return value
    if is_dataclass(expected):
        return _object(expected, value)
    origin, inner = get_origin(expected), get_args(expected)
    if origin is Literal:
        return _one_of(inner, value)
    if origin in (Union, types.UnionType):
        return _first_that_fits(inner, value)
    if origin is tuple:
        return _tuple(inner, value)
    if origin is not None and issubclass(origin, Mapping):
        return {key: read(inner[1], item) for key, item in _of(dict, value).items()}
    return _scalar(expected, value)


def _object(kind: Any, value: Any) -> Any:
    members, hints = _of(dict, value), _hints(kind)
    found = {}
    for field in fields(kind):
        if field.name in members:
            found[field.name] = read(hints[field.name], members[field.name])
        elif field.default is MISSING and field.default_factory is MISSING:
            raise TypeError(f"{field.name!r} is missing")
    return kind(**found)


def _tuple(inner: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
    items = _of(list, value)
    if inner[-1:] == (Ellipsis,):
        return tuple(read(inner[0], item) for item in items)
    if len(items) != len(inner):
        raise TypeError(f"{len(inner)} items are expected, {len(items)} are there")
    return tuple(read(kind, item) for kind, item in zip(inner, items, strict=True))


def _first_that_fits(kinds: tuple[Any, ...], value: Any) -> Any:
    """The value as the one of several types that it is; whole numbers stay whole where both are allowed."""
    for kind in sorted(kinds, key=lambda kind: kind is float):
        try:
            return read(kind, value)
        except (TypeError, ValueError):
            continue
    raise TypeError(f"{value!r:.60} is of no type that is allowed there")


def _one_of(allowed: tuple[Any, ...], value: Any) -> Any:
    if value not in allowed:
        raise ValueError(f"{value!r:.60} is none of {', '.join(map(str, allowed))}")
    return value


def _scalar(kind: Any, value: Any) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return _of(types.NoneType if kind is None else kind, value)


def _of(kind: Any, value: Any) -> Any:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind in (int, float)):
        raise TypeError(f"{value!r:.60} is no {kind.__name__}")
    return value


@cache
def _hints(kind: type) -> Mapping[str, Any]:
    return get_type_hints(kind)
