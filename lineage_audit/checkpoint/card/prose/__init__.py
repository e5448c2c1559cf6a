"""What a card's prose says of its own model: the bases that it names, and training from scratch.

A card is cut into units (``units``), the models in each become signs (``mentions``), the card's own among them
(``own``), and tables, one a language, say how a sentence names a base (``statements``, ``topics``, ``labels``). What
counts is the subject of the sentence; where it cannot be told, nothing is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from lineage_audit.checkpoint.card.prose.labels import opens_a_list, said_by_item, said_by_label
from lineage_audit.checkpoint.card.prose.language import languages
from lineage_audit.checkpoint.card.prose.mentions import FIRST, OWN, Masked, masked
from lineage_audit.checkpoint.card.prose.own import is_the_same, own_names
from lineage_audit.checkpoint.card.prose.statements import Said, may_state, said_in
from lineage_audit.checkpoint.card.prose.topics import said_of_topic
from lineage_audit.checkpoint.card.prose.units import Unit, units_of
from lineage_audit.checkpoint.claims import OF_PROSE, Claim, ClaimKind
from lineage_audit.checkpoint.config.values import clean_text

__all__ = ["QUOTE_LIMIT", "claims_of_prose"]

QUOTE_LIMIT = 300
"""Longest sentence quoted, in characters."""
_CLAIM_LIMIT = 40
_MARKUP = re.compile(r"[*_~`]")
_OTHER_SUBJECT = re.compile(
    rf"\W*(?:(?:the|an?|our|its)\s)?(?:[\w-]+\s)?[\u{FIRST:x}-\u{FIRST + 0xFF:x}]"
    rf"|\W*(?!(?:it|this|we|they|these|our model)\b|{OWN})(?:[\w-]+\s){{1,4}}(?:is|was|are|were|has|have)\b",
    re.IGNORECASE,
)
"""A sentence that begins with another subject than the card's model: "it" is then not known to mean that."""


def claims_of_prose(
    text: str, file: str, names: Iterable[str] = (), kinds: frozenset[ClaimKind] = OF_PROSE
) -> list[Claim]:
    """Read the bases that a card's sentences, lines, tables and lists name, and its claims of training from scratch.

    Args:
        text: the whole card.
        file: its name.
        names: what else the model is called: the repository's name, ``model_name``.
        kinds: which claims are read.

    Returns:
        Claims of kind ``derived_from``, each base once, and ``from_scratch``, each with its line and its sentence.
    """
    if "derived_from" not in kinds and not _may_say_scratch(text):
        return []
    names = tuple(names)
    found: dict[tuple[ClaimKind, str], Claim] = {}
    for unit, sentence, said in _statements(text, names, kinds):
        line = unit.line + sentence.text.count("\n", 0, said.at)
        quote = clean_text(" ".join(unit.text.split()), QUOTE_LIMIT)
        named = [name for name in said.names if not any(is_the_same(name, own) for own in names)]
        bases = [Claim("derived_from", clean_text(name), file, line, None, "prose", quote) for name in named]
        for claim in bases if said.names else [Claim("from_scratch", quote, file, line, standing="prose")]:
            if claim.kind in kinds:
                found.setdefault((claim.kind, claim.value.lower()), claim)
        if len(found) >= _CLAIM_LIMIT:
            break
    return list(found.values())


def _may_say_scratch(text: str) -> bool:
    """Whether a card holds a word of training from scratch in any language: a look that spares the grammar."""
    plain = _MARKUP.sub("", text)
    return any(language.compiled(language.one("scratch_word")).search(plain) for language in languages())


def _statements(text: str, names: Iterable[str], kinds: frozenset[ClaimKind]) -> Iterator[tuple[Unit, Masked, Said]]:
    """Every statement with its unit, in the order of the card."""
    units = tuple(_own_units(tuple(units_of(text))))
    own = own_names(units, names)
    list_block: int | None = None
    is_listing, pronoun_is_own, block = False, True, -1
    for unit in units:
        sentence = masked(unit.text, own)
        if unit.block != block:
            block, pronoun_is_own = unit.block, True
        if unit.kind == "item" and is_listing:
            list_block = unit.block
            found: Iterable[Said] = said_by_item(sentence)
        else:
            is_listing = opens_a_list(sentence) or (is_listing and list_block is None) or unit.block == list_block
            list_block = list_block if is_listing else None
            found = _said(sentence, unit, kinds, pronoun_is_own=pronoun_is_own)
        for said in found:
            yield unit, sentence, said
        pronoun_is_own = _OTHER_SUBJECT.match(sentence.text) is None


def _own_units(units: Iterable[Unit]) -> Iterator[Unit]:
    """The pieces that the card says of its own model: no quoted card of the base, no section on others' work."""
    is_of_others = False
    for unit in units:
        if unit.kind == "heading":
            if _opens(unit, "quoting"):
                return
            is_of_others = _opens(unit, "of_others")
        if not is_of_others:
            yield unit


def _opens(heading: Unit, key: str) -> bool:
    """Whether a heading opens a part of a kind, in any language."""
    return any(language.compiled(rf"^\W*{language.any_of(key)}\b").match(heading.text) for language in languages())


def _said(sentence: Masked, unit: Unit, kinds: frozenset[ClaimKind], *, pronoun_is_own: bool) -> Iterator[Said]:
    """What one unit says: by its label, else by its grammar in any language."""
    labelled = tuple(said_by_label(sentence, unit))
    yield from labelled
    if labelled or unit.kind == "row":
        return
    for language in languages():
        if not may_state(sentence, language, kinds):
            continue
        if language.is_topic_first:
            yield from said_of_topic(sentence, language, kinds)
        else:
            yield from said_in(sentence, unit, language, kinds, pronoun_is_own=pronoun_is_own)
