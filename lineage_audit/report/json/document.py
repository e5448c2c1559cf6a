r"""What every JSON document of schema 1 is built of (``schema/*.schema.json``).

A document follows the result types field by field, in their order. It holds no NaN or infinity (null
instead), no lone surrogates, and no raw control or invisible characters (``\uXXXX`` escapes instead).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from math import isfinite
from typing import Any

from lineage_audit.report.escaping import is_visible, without_lone_surrogates

TOOL = "lineage-audit"

Document = dict[str, Any]


def plain(value: object) -> Any:
    """A value of the result types as JSON types: objects in field order, lists, strings, numbers, null."""
    if isinstance(value, str):
        return without_lone_surrogates(value)
    if isinstance(value, float):
        return float(value) if isfinite(value) else None
    if value is None or isinstance(value, int):
        return value
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {without_lone_surrogates(str(key)): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [plain(item) for item in value]
    raise TypeError(f"a report holds no {type(value).__name__}; use the types of lineage_audit.results")


def written(document: Document) -> str:
    """A document as JSON text: indented by two, ending in a newline, every character shown as itself or escaped."""
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    if text.isascii() and "\x7f" not in text:  # the one ASCII control that JSON leaves as it is
        return text + "\n"
    return text.translate({ord(character): _json_character(character) for character in set(text)}) + "\n"


def _json_character(character: str) -> str:
    """The character, or its JSON escape if it would not show as itself; the newlines are the indent's."""
    if character == "\n" or is_visible(character):
        return character
    return json.dumps(character)[1:-1]
