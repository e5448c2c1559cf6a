"""One vocabulary of architecture fields, whatever a model's configuration calls them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct, field

from lineage_audit.checkpoint.model_parts import ModelPart

FieldValue = str | int | float | bool | tuple["FieldValue", ...] | None
FieldOrigin = Literal["stated", "default", "inferred"]
"""Stated in the configuration, the architecture's documented default, or inferred from tensor shapes."""


class ArchConfig(Struct, frozen=True):
    """A model's architecture.

    Attributes:
        fields: value by field name of the one vocabulary (``fields_table.FIELDS``), defaults filled in.
        origins: where each value comes from.
        other: what the configuration states beyond the vocabulary, flattened to ``a.b.c`` keys.
        file: the file it was read from, or None if there was none.
        parts: the same of the parts beside the core, where they are described (``vision_config``).
    """

    fields: Mapping[str, FieldValue] = field(default_factory=dict)
    origins: Mapping[str, FieldOrigin] = field(default_factory=dict)
    other: Mapping[str, FieldValue] = field(default_factory=dict)
    file: str | None = None
    parts: Mapping[ModelPart, ArchConfig] = field(default_factory=dict)

    def integer(self, name: str) -> int | None:
        """Return a field as an integer, or None if it is absent or of another type."""
        value = self.fields.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def number(self, name: str) -> float | None:
        """Return a field as a float, or None if it is absent or of another type."""
        value = self.fields.get(name)
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

    def text(self, name: str) -> str | None:
        """Return a field as text, or None if it is absent or of another type."""
        value = self.fields.get(name)
        return value if isinstance(value, str) else None

    def flag(self, name: str) -> bool | None:
        """Return a field as a boolean, or None if it is absent or of another type."""
        value = self.fields.get(name)
        return value if isinstance(value, bool) else None
