"""Statements that are no sentences: ``Base model: X``, a row of a table, the list of a merge."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from lineage_audit.checkpoint.card.prose.language import Language, languages
from lineage_audit.checkpoint.card.prose.mentions import MENTION, Masked
from lineage_audit.checkpoint.card.prose.statements import Said
from lineage_audit.checkpoint.card.prose.units import Unit

_NAMES = rf"(?P<names>{MENTION}(?:(?:,\s?|\s?[/&+]\s?|\sand\s){MENTION})*)"
_QUALIFIER = r"(?:\s?(?:\[optional\]|\([^()]{0,40}\)))?"


def said_by_label(sentence: Masked, unit: Unit) -> Iterator[Said]:
    """Read a line or a row of two cells whose first part is the label of a base."""
    if unit.kind == "row" and len(unit.cells) != 2:
        return
    separator = r"\s?\|\s?" if unit.kind == "row" else r"\s?[:：]\s?"
    match = _labelled(separator).match(sentence.text)
    if match is None:
        return
    if match["names"]:
        yield Said(match.start("names"), tuple(sentence.name(sign) for sign in re.findall(MENTION, match["names"])))
    else:
        yield Said(match.end(), ())


@cache
def _labelled(separator: str) -> re.Pattern[str]:
    """A label in any language, then the base, or that there is none and the model was trained from scratch."""
    labels = "|".join(language.any_of("labels") for language in languages())
    answers = "|".join(language.one("label_answers") for language in languages() if "label_answers" in language.table)
    scratch = "|".join(language.one("scratch_fragment") for language in languages())
    return Language("any", {}).compiled(
        rf"^\W*?(?:{labels}){_QUALIFIER}{separator}\W*?(?:(?:{answers}){_NAMES}|{scratch})".replace("|(?!)", "")
    )


def opens_a_list(sentence: Masked) -> bool:
    """Whether a line announces the models of a merge."""
    return any(language.compiled(language.any_of("lists")).search(sentence.text) for language in languages())


def said_by_item(sentence: Masked) -> Iterator[Said]:
    """The model that an item of such a list names first."""
    match = re.match(rf"\W*?(?:\(?\w{{1,8}}\)?:?\s)?({MENTION})", sentence.text)
    if match:
        yield Said(match.start(1), (sentence.name(match[1]),))
