"""A check in which every string that a model repository or a policy may control holds something nasty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from types import UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints


def with_every_string(value: Any, text: str, kind: Any = None) -> Any:
    """The value with every string replaced, except those of closed sets and fingerprints."""
    if isinstance(value, str):
        return value if _is_closed(kind) else text
    if isinstance(value, tuple):
        inner = get_args(kind)[0] if kind else None
        return tuple(with_every_string(item, text, inner) for item in value)
    if isinstance(value, Mapping):
        return {f"{text}{number}": with_every_string(item, text) for number, item in enumerate(value.values())}
    if not is_dataclass(value) or isinstance(value, type):
        return value
    hints = get_type_hints(type(value))
    return replace(
        value,
        **{
            field.name: with_every_string(getattr(value, field.name), text, hints[field.name])
            for field in fields(value)
            if field.name != "fingerprint"
        },
    )


def _is_closed(kind: Any) -> bool:
    """Whether a type is a closed set of words, or that or None."""
    if get_origin(kind) is UnionType or getattr(kind, "__args__", None):
        return any(get_origin(item) is Literal for item in (kind, *get_args(kind)))
    return get_origin(kind) is Literal
