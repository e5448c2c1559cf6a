"""What a card calls its own model: its title, the names in its front matter, the repository's name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import takewhile

from lineage_audit.checkpoint.card.prose.mentions import is_family, names_table
from lineage_audit.checkpoint.card.prose.units import Unit

_MARKUP = re.compile(r"[*`~]|!?\[([^\]]*)\]\([^)]*\)")
_ASIDE = re.compile(
    r"^(?:model card (?:for|of)|what is|welcome to|introduc(?:ing|tion to)|about|uploaded|model)\b[: ]*"
    r"|[?!:].*$|\s[-–—|(].*$|\s(?:model )?card$",
    re.IGNORECASE,
)
_RELEASE = re.compile(r"v\d+(?:\.\d+)*", re.IGNORECASE)
_KINDS = (
    re.compile(r"v?\d+(?:\.\d+)*", re.IGNORECASE),
    re.compile(r"\d+(?:\.\d+)?[bm]", re.IGNORECASE),
    re.compile(r"instruct|chat|it|coder?|math|vl|vision|reasoning|thinking", re.IGNORECASE),
)
"""Releases, sizes, variants: words of a name that tell one model of a series from another."""
_TITLES = 3
"""Headings that are taken for titles."""
_SHORTEST = 2


def own_names(units: Iterable[Unit], stated: Iterable[str]) -> re.Pattern[str] | None:
    """What the card's own model is called, as a pattern; longest first.

    Args:
        units: the card's pieces.
        stated: names from elsewhere: the repository's, ``model_name``.
    """
    headings = [unit for unit in units if unit.kind == "heading"]
    titles = [unit.text for unit in headings if unit.level == 1 or unit is headings[0]][:_TITLES]
    names = tuple(map(_whole, stated))
    found = {alias for title in titles for alias in _aliases(_whole(title), names)}
    found |= {alias for name in names for alias in _aliases(name)}
    if not found:
        return None
    called = "|".join(_called(alias) for alias in sorted(found, key=lambda alias: (-len(alias), alias)))
    others = _of_others({word for name in (*names, *map(_whole, titles)) for word in _words(name)})
    return re.compile(rf"(?<![A-Za-z0-9_/.-])(?:{called})(?![A-Za-z0-9_]){others}(?:[-.][A-Za-z0-9][\w.-]*\w)?(?!/)")


def _of_others(words: set[str]) -> str:
    """That no word follows by which the name is another model's of the series: its release, its size, a variant."""
    told = [kind.pattern for kind in _KINDS if any(kind.fullmatch(word) for word in words)]
    if not told:
        return ""
    same = "|".join(sorted(re.escape(word.lower().removeprefix("v")) for word in words))
    apart = rf"(?!v?(?:{same})(?!\w))(?:{'|'.join(told)})(?![A-Za-z0-9]|\.\d)"
    return rf"(?![\w.-]*(?<=[-_])(?i:{apart}))"


def _called(alias: str) -> str:
    """A name as a pattern: of several words, whatever stands between them, and in any letter case."""
    words = _words(alias)
    return f"(?i:{r'[ _-]'.join(map(re.escape, words))})" if len(words) > 1 else re.escape(alias)


def _whole(name: str) -> str:
    """A name without markup, owner and what a title says beside it."""
    whole = _MARKUP.sub(r"\1", name).strip()
    whole = whole if " " in whole else whole.rstrip("/").rsplit("/", 1)[-1]
    return _ASIDE.sub("", _ASIDE.sub("", whole)).strip()


def _words(name: str) -> list[str]:
    return [word for word in re.split(r"[\s_-]+", name) if word]


def _aliases(whole: str, repository: tuple[str, ...] = ()) -> Iterator[str]:
    """A name, and the word of it that could be no other model's.

    The name of a family and a version ("Orca 2") is one model's where the repository's name begins with it.
    """
    words = _words(whole)
    if not words or "/" in whole or len(whole) < _SHORTEST:
        return
    proper = [word for word in words if _is_proper(word)]
    if is_family(whole):
        yield from (whole, *proper) if proper else ()
        if len(words) == 1 or any(_begins(name, words) for name in repository):
            yield whole
    elif words[0] in proper:
        yield whole
        named = " ".join(takewhile(_is_proper, whole.split()))
        yield from (word for word in (named, whole.split()[0], words[0]) if word.lower() != word or not word.isascii())
    elif not _common().fullmatch(words[0]):
        yield whole


def is_the_same(name: str, own: str) -> bool:
    """Whether a model's name has the words of another's, in whatever order; versions of a release tell them not."""
    first, second = (
        {word.lower() for word in _words(_whole(one)) if not _RELEASE.fullmatch(word)} for one in (name, own)
    )
    return len(first) > 1 and first == second


def _begins(name: str, words: list[str]) -> bool:
    return [word.lower() for word in _words(name)[: len(words)]] == [word.lower() for word in words]


def _is_proper(word: str) -> bool:
    """Whether a word is a name of its own: no family's, no size, format or variant, no word of every card."""
    if _common().fullmatch(word) or is_family(word):
        return False
    return len(word) > _SHORTEST or not word.isascii()


@cache
def _common() -> re.Pattern[str]:
    table = names_table()
    return re.compile("|".join((*table["variants"], *table["words_of_titles"])), re.IGNORECASE)
