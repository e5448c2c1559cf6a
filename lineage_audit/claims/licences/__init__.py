"""Licences as data: what a licence is called, how its text is recognised, and what it asks of a derivative.

One TOML file a family, one entry a licence and version, each with the URL that its facts come from, and the text
itself (``texts``) where it may be passed on freely. A new licence is one entry; no code knows a licence by name. An
entry of class ``unknown`` knows the licence and not its terms, and licences without an entry are known by the ids of
license-expression's index.
"""

from __future__ import annotations

from lineage_audit.claims.licences.body import alias_form, words_of
from lineage_audit.claims.licences.catalogue import (
    catalogue,
    described,
    licence_at,
    licence_called,
    licence_mentioned,
    licence_of_model,
    refined,
)
from lineage_audit.claims.licences.expressions import Choice, spdx_of, terms_of
from lineage_audit.claims.licences.licence import Licence, Obligation, Owed, card_fields
from lineage_audit.claims.licences.recognition import Recognised, recognise

__all__ = [
    "Choice",
    "Licence",
    "Obligation",
    "Owed",
    "Recognised",
    "alias_form",
    "card_fields",
    "catalogue",
    "described",
    "licence_at",
    "licence_called",
    "licence_mentioned",
    "licence_of_model",
    "recognise",
    "refined",
    "spdx_of",
    "terms_of",
    "words_of",
]
