"""Sentences of a card that name a base model: "fine-tuned from LLaMA", "based on Llama 2"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from itertools import islice

from lineage_audit.checkpoint.config.values import clean_text
from lineage_audit.claims.licences import Licence, catalogue
from lineage_audit.claims.repository import RepositoryText
from lineage_audit.results import ClaimRecord

QUOTE_LIMIT = 300
"""Longest sentence quoted, in characters."""
_REACH = 120
"""How far before a model's name the words are looked for that make it a base, in characters."""
_MATCH_LIMIT = 400

_LEADING_TO = re.compile(
    r"(?:fine-?\s?tun(?:ed|ing|e)(?:\s+(?:version|model|of|from|on|the|original|base|a|an))*"
    r"|based\s+(?:up)?on(?:\s+(?:the|original|base|model))*|built\s+(?:up)?on(?:\s+top\s+of)?(?:\s+the)?"
    r"|derived\s+from(?:\s+the)?|initiali[sz]ed\s+(?:from|with)(?:\s+the)?|on\s+top\s+of(?:\s+the)?(?:\s+original)?"
    r"|base\s+model(?:\s+is|:)?|(?:merge|quanti[sz]ation|quanti[sz]ed\s+version)\s+of(?:\s+\w+){0,3}?|基于|基於)"
    r"\s*[\[*`\"'(]*(?:[\w.-]{1,60}/)?(?:Meta[- ])?$",
    re.IGNORECASE,
)
_FOLLOWED_BY = re.compile(r"(?:\s*をベース|\S{0,20}\s+converted\s+to)", re.IGNORECASE)
_ONLY_FORM = re.compile(
    r"\S{0,20}['’s]*\s*(?:-?(?:style|like)\b|(?:model\s+)?(?:architecture|tokeni[sz]er|format|codebase|code"
    r"|factory|index|hub|架构|结构)|\.cpp)",
    re.IGNORECASE,
)
_DENIED = re.compile(r"\b(?:not|never|unlike|instead|than|compared|nor)\b|n['’]t\b|不是|并非", re.IGNORECASE)
_BOUNDARY = re.compile(r"[.!?](?=\s)|[。！？]|\n\s*\n|\n\s*(?:[-*+>|#]|\d+\.)\s")
_FENCED = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class ProseBase:
    """A base model that a sentence names.

    Attributes:
        mention: the words that name it.
        licence: the licence that such models are under.
        record: the sentence, with its line.
    """

    mention: str
    licence: Licence
    record: ClaimRecord


def bases_in_prose(card: RepositoryText) -> tuple[ProseBase, ...]:
    """Find the sentences that name a base under a known licence, the first for each licence.

    A sentence that denies it, or speaks of the architecture or tokenizer alone, is passed over.
    """
    prose = _FENCED.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), card.text)
    found: dict[str, ProseBase] = {}
    for licence, pattern in _mentions():
        for match in islice(pattern.finditer(prose), _MATCH_LIMIT):
            if licence.key not in found and _is_base(prose, match):
                record = ClaimRecord(
                    "derived_from", _sentence(prose, match), card.file, prose.count("\n", 0, match.start()) + 1, None
                )
                found[licence.key] = ProseBase(clean_text(match[0]), licence, record)
    return tuple(sorted(found.values(), key=lambda base: base.record.line or 0))


@cache
def _mentions() -> tuple[tuple[Licence, re.Pattern[str]], ...]:
    return tuple((licence, pattern) for licence in catalogue().values() for pattern in licence.mentions)


def _is_base(prose: str, match: re.Match[str]) -> bool:
    """Whether the words around a model's name make it the base."""
    before, after = prose[max(0, match.start() - _REACH) : match.start()], prose[match.end() : match.end() + _REACH]
    starts = [boundary.end() for boundary in _BOUNDARY.finditer(before)]
    before = before[starts[-1] if starts else 0 :]
    if _DENIED.search(before) or _ONLY_FORM.match(after):
        return False
    return bool(_LEADING_TO.search(before) or _FOLLOWED_BY.match(after))


def _sentence(prose: str, match: re.Match[str]) -> str:
    """The sentence around a match."""
    before = prose[max(0, match.start() - _REACH) : match.start()]
    after = prose[match.end() : match.end() + _REACH]
    starts = [boundary.end() for boundary in _BOUNDARY.finditer(before)]
    stop = _BOUNDARY.search(after)
    end = len(after) if stop is None else stop.start() + (after[stop.start()] in ".!?。！？")
    quote = f"{before[starts[-1] if starts else 0 :]}{match[0]}{after[:end]}"
    return clean_text(" ".join(quote.split()).lstrip("-*+>#| "), QUOTE_LIMIT)
