"""Licences as data: what a licence is called, how its text is recognised, and what it asks of a derivative.

One TOML file a family, one entry a licence and version, each with the URL that its facts come from. A new licence
is one entry; no code knows a licence by name.
"""

from __future__ import annotations

from lineage_audit.claims.licences.catalogue import (
    catalogue,
    licence_called,
    licence_mentioned,
    licence_of_model,
    licence_with_text,
    refined,
)
from lineage_audit.claims.licences.expressions import alternatives, spdx_of
from lineage_audit.claims.licences.licence import Licence, Obligation, Owed, alias_form, words_of

__all__ = [
    "Licence",
    "Obligation",
    "Owed",
    "alias_form",
    "alternatives",
    "catalogue",
    "licence_called",
    "licence_mentioned",
    "licence_of_model",
    "licence_with_text",
    "refined",
    "spdx_of",
    "words_of",
]
