"""The form of a table: what one family of architectures calls its tensors."""

from __future__ import annotations

from msgspec import Struct

from lineage_audit.checkpoint.names.fusions import Fusion
from lineage_audit.checkpoint.roles import Role

Meaning = Role | Fusion
Entries = tuple[tuple[str, Meaning], ...]


class Family(Struct, frozen=True):
    """One way of naming tensors.

    Attributes:
        systems: who uses it.
        layers: the containers of the layers, ``{L}`` for the number: ``layers.{L}``, ``h.{L}``.
        inside: names inside a layer, without ``.weight`` or ``.bias``; ``{E}`` for an expert's number.
        outside: names outside the layers.
    """

    systems: str
    layers: tuple[str, ...] = ()
    inside: Entries = ()
    outside: Entries = ()
