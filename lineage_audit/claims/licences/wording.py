"""Spellings in which texts and names of licences are compared."""

from __future__ import annotations

import re

_NOT_WORDS = re.compile(r"(?<!\w)[.+]|\.(?!\w)|[^\w.+]+")
_NOT_ALIAS = re.compile(r"[^a-z0-9.+]+")


def words_of(text: str) -> str:
    """Text without markup, case, punctuation and line breaks, so that phrases can be found in it."""
    return " ".join(_NOT_WORDS.sub(" ", text.replace("_", " ")).lower().split())


def alias_form(name: str) -> str:
    """A licence id or name in the spelling in which aliases are compared: lower case, hyphens between words."""
    return _NOT_ALIAS.sub("-", name.lower()).strip("-")
