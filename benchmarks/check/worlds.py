"""Where a card's words stand: what the weights are, and which findings are then right."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.claims.families import FAMILIES, Family
from tests.claims.repositories import derived_weights, independent_weights
from tests.models import Weights


@dataclass(frozen=True, slots=True)
class World:
    """One kind of truth behind a card.

    Attributes:
        weights: the subject's weights.
        findings: what is right to find, the licence kept and everything shown that it asks for.
        owes: whether the weights derive from the reference, so that its licence asks for something.
        is_named: whether the card names the reference, and so says which came first; else the auditor does.
    """

    weights: Callable[[], Weights]
    findings: tuple[str, ...]
    owes: bool = True
    is_named: bool = False


WORLDS: Mapping[str, World] = {
    "front": World(derived_weights, (), is_named=True),
    "prose": World(derived_weights, ("LA101 note",), is_named=True),
    "mentions": World(derived_weights, ("LA101 warning",)),
    "silent": World(derived_weights, ("LA101 error",)),
    "unread": World(derived_weights, ("LA910 warning",)),
    "scratch-false": World(derived_weights, ("LA101 error", "LA104 error")),
    "scratch-true": World(independent_weights, (), owes=False),
    "clean": World(independent_weights, (), owes=False),
}
"""What a card says of the base -> the world it stands in: named in the front matter, in prose alone, ..."""

_LICENCES: tuple[tuple[str, str], ...] = (
    (r"(meta-)?llama-3\.1", "llama3.1"),
    (r"(meta-)?llama-3-", "llama3"),
    (r"llama-2|codellama", "llama2"),
    (r"llama-\d+b", "llama1"),
    (r"gemma-[123]", "gemma"),
    (r"yi-\d+b", "yi-community"),
    (r"qwen-\d+b", "tongyi-qianwen"),
    (r"stablelm", "cc-by-sa"),
    (r"gpt2$|base-7b|bge|camembert|deepseek-v3", "mit"),
    (r"", "apache-2.0"),
)
"""Beginning of a base's name -> the licence family that it is under here."""


def family_of(base: str) -> Family:
    """The licence family of a base, with everything that a derivative must show."""
    title = next(title for pattern, title in _LICENCES if re.match(pattern, base, re.IGNORECASE))
    return next(family for family in FAMILIES if family.title == title)
