"""The same for languages that set a topic and may leave the subject out: Chinese, Japanese, Korean."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lineage_audit.checkpoint.card.prose.language import Language
from lineage_audit.checkpoint.card.prose.mentions import MENTION, Masked
from lineage_audit.checkpoint.card.prose.statements import Said
from lineage_audit.checkpoint.claims import ClaimKind

_REACH = 60
"""How far behind a name the verb is looked for that makes it a base, in characters."""


def said_of_topic(sentence: Masked, language: Language, kinds: frozenset[ClaimKind]) -> Iterator[Said]:
    """Read what a sentence says, if its topic is the card's own model, or it has none and begins with the statement."""
    text = sentence.text
    if language.compiled(rf"^\W*?{language.one('other_topic')}").match(text):
        return
    topic = language.compiled(rf"^\W*?{language.one('topic')}").match(text)
    if "derived_from" in kinds:
        yield from _bases(sentence, language, topic)
    scratch = language.compiled(language.any_of("scratch")).search(text)
    if scratch and topic and not language.compiled(language.one("scratch_denied")).search(text):
        yield Said(scratch.end(), ())


def _bases(sentence: Masked, language: Language, topic: re.Match[str] | None) -> Iterator[Said]:
    text = sentence.text
    between = language.compiled(rf"\W*?(?:{language.one('topic')})?{language.one('between')}")
    starts = [0, *(match.end() for match in language.compiled(language.one("clause")).finditer(text))]
    for match in language.compiled(language.any_of("frames")).finditer(text):
        clause = max(start for start in starts if start <= match.start())
        if clause > 0 and topic is None:
            continue
        if not between.fullmatch(text, clause, match.start()):
            continue
        if language.compiled(language.one("denied")).search(text[: match.end() + _REACH // 2]):
            continue
        if language.compiled(language.one("made")).search(text, match.start(), match.end() + _REACH):
            signs = re.findall(MENTION, match[0])
            yield Said(match.start(), tuple(sentence.name(sign) for sign in signs))
