"""Statements in a card's prose that the model was trained from scratch."""

from __future__ import annotations

import re
from itertools import islice

from lineage_audit.checkpoint.claims import Claim
from lineage_audit.checkpoint.config.values import clean_text

QUOTE_LIMIT = 300
"""Longest sentence quoted, in characters."""
_CLAIM_LIMIT = 20
_MATCH_LIMIT = 500
_REACH = 250
"""How far before and after the words a sentence is followed, in characters."""

_WORDS = re.compile(
    r"\bfrom[ \n-]{1,3}scratch\b"
    r"|从零开始的?(?:预?训练|研发)|从头(?:开始)?的?预?训练|(?:フル)?スクラッチ(?:から|で)",
    re.IGNORECASE,
)
_MADE = re.compile(
    r"\b(?:pre-?)?trained\b|\b(?:built|developed|created|learned)\b|\bwe\s+(?:\w+\s+)?(?:pre-?)?train\b|训练|研发",
    re.IGNORECASE,
)
_MADE_AFTER = re.compile(r"[^\n。]{0,8}(?:学習|開発|訓練|構築)")
"""In Japanese the verb follows."""
_DENIED = re.compile(
    r"\b(?:not|never|neither|nor|unlike|without|instead|rather|than|compared|versus|avoid\w*|if|would|could"
    r"|tokeni[sz]ers?|other|efforts?|costs?)\b|n['’]t\b|不是|并非|而非|无需",
    re.IGNORECASE,
)
_BOUNDARY = re.compile(r"[.!?](?=[\s)*\"”]|$)|[。！？]|\n\s*\n|\n\s*(?:[-*+>|#]|\d+\.)\s|\|")
_FENCED = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)


def claims_of_prose(text: str, file: str) -> list[Claim]:
    """Quote each sentence that claims training from scratch, with the line of those words.

    A sentence that denies it, or speaks of other models or of a tokenizer, is passed over.
    """
    prose = _FENCED.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    claims = []
    for match in islice(_WORDS.finditer(prose), _MATCH_LIMIT):
        before, after = _around(prose, match)
        made = _MADE.search(before + match[0]) or _MADE_AFTER.match(after)
        if made and not _DENIED.search(before):
            quote = " ".join(f"{before}{match[0]}{after}".split()).lstrip("-*+>#| ")
            line = prose.count("\n", 0, match.start()) + 1
            claims.append(Claim("from_scratch", clean_text(quote, QUOTE_LIMIT), file, line))
        if len(claims) >= _CLAIM_LIMIT:
            break
    return claims


def _around(prose: str, match: re.Match[str]) -> tuple[str, str]:
    """The rest of the sentence on both sides of the words."""
    before = prose[max(match.start() - _REACH, 0) : match.start()]
    starts = [boundary.end() for boundary in _BOUNDARY.finditer(before)]
    after = prose[match.end() : match.end() + _REACH]
    stop = _BOUNDARY.search(after)
    end = len(after) if stop is None else stop.start() + (after[stop.start()] in ".!?。！？")
    return before[starts[-1] if starts else 0 :], after[:end]
