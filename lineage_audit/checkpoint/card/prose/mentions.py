"""Names of models in a sentence: linked, addressed, in code, in plain words; each becomes one sign of its own.

A sentence with its models masked can be read by a grammar of its own: what stands between a subject and a model's name.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from msgspec import Struct

FIRST = 0xE000
OWN = "\uf8ff"
"""The sign for the card's own model."""
MENTION = f"[\\u{FIRST:x}-\\u{FIRST + 0xFF:x}]"
"""A pattern for the sign of any other model."""
_LIMIT = 0xFF
_PRIVATE = re.compile("[\ue000-\uf8ff]")
_SPACE = re.compile(r"\s+")
_EMPHASIS = re.compile(r"\*{1,3}|(?<!\w)_{1,3}|_{1,3}(?!\w)|~~")
_LINK = re.compile(
    r"!?\[([^\[\]\n]{1,200})\]\(\s*<?([^)\s>]{0,400})>?[^)\n]{0,100}\)"
    r"|<a\b[^>\n]*?href=[\"']([^\"'\n]{0,400})[\"'][^>\n]*>(.{1,200}?)</a>",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"<?((?:https?://|(?:www\.)?huggingface\.co/|hf\.co/)[^\s<>)\]|`\"']{3,300})>?", re.IGNORECASE)
_CODE = re.compile(r"(`{1,3})([^`\n]{1,200})\1")
_HUB = re.compile(
    r"(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co|hf-mirror\.com)/"
    r"(?!(?:datasets|spaces|papers|docs|blog|collections|organizations|models|tasks|learn|posts|join)/)"
    r"([A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}?)(?:/(?:tree|blob|resolve|raw|commit)/\S*)?/?(?:[?#]\S*)?[.,;]?",
    re.ASCII,
)
_OWNER = re.compile(r"https?://(?:www\.)?huggingface\.co/[A-Za-z0-9][\w.-]*/?", re.ASCII)
_REPOSITORY = r"(?<![\w./\\~:@-])[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][\w.-]*[A-Za-z0-9](?![\w/\\])"
_HYPHENATED = r"(?<![\w./\\-])[A-Za-z][A-Za-z0-9.]*(?:[-_][A-Za-z0-9.]*[A-Za-z0-9])+(?![\w/\\])"
_TELLING = re.compile(
    r".*\d|.*-(?:base|small|large|tiny|mini|xl|xxl|cased|uncased|instruct|chat|lite)\b", re.IGNORECASE
)
_LAST = re.compile(
    r"(?:\bfrom |[:|]\s*)(?!(?:none|unknown|scratch|null|and|or|not|no)\b)"
    r"([A-Za-z0-9][\w.-]+/[A-Za-z][\w.-]*\w)(?=\W*$)",
    re.ASCII | re.IGNORECASE,
)
"""``owner/name`` that ends a line after "from" or a label: a model, whatever it is called."""


class Masked(Struct, frozen=True):
    """A sentence whose models are signs.

    Attributes:
        text: the sentence, each run of white space one line feed or one space.
        names: what the signs stand for, in the order of their alphabet.
    """

    text: str
    names: tuple[str, ...]

    def name(self, sign: str) -> str:
        """The model that a sign stands for."""
        return self.names[ord(sign) - FIRST]


class _Names(Struct, frozen=True):
    plain: re.Pattern[str]
    family: re.Pattern[str]
    not_models: re.Pattern[str]


@cache
def names_table() -> Mapping[str, tuple[str, ...]]:
    """How models are called, as data."""
    file = files("lineage_audit.checkpoint.card.prose").joinpath("languages/names.toml")
    return {key: tuple(words) for key, words in tomllib.loads(file.read_text(encoding="utf-8")).items()}


@cache
def _names() -> _Names:
    table = names_table()
    families = "|".join(sorted(table["families"], key=len, reverse=True))
    version = rf"(?:[- ]?(?:{'|'.join(table['followers'])})(?![A-Za-z0-9]))*(?![A-Za-z0-9_])(?:[-.][\w.-]*\w)?"
    called = rf"(?<![A-Za-z0-9_./\\-])(?:{families}){version}"
    return _Names(
        plain=re.compile(f"({_REPOSITORY})|({called})|({_HYPHENATED})", re.ASCII),
        family=re.compile(rf"(?:{families})(?:\b|(?=\d))", re.ASCII),
        not_models=re.compile("|".join(table["not_models"]), re.IGNORECASE),
    )


def is_family(word: str) -> bool:
    """Whether a name begins with that of a model family."""
    return _names().family.match(word) is not None


def masked(sentence: str, own: re.Pattern[str] | None) -> Masked:
    """Put a sign in the place of every model.

    Args:
        sentence: the sentence, in Markdown.
        own: what the card's own model is called, or None where that is not known.
    """
    names: list[str] = []

    def sign(name: str) -> str:
        if len(names) >= _LIMIT:
            return name
        names.append(name)
        return chr(FIRST + len(names) - 1)

    def linked(match: re.Match[str]) -> str:
        words, target = (match[1], match[2]) if match[1] is not None else (match[4], match[3])
        found = _HUB.fullmatch(target)
        if found:
            return sign(found[1])
        words = _CODE.sub(r"\2", words)
        if "huggingface.co/" in target.lower() and not _OWNER.fullmatch(target):
            return " "
        return words

    text = _LINK.sub(linked, _EMPHASIS.sub("", _PRIVATE.sub("", sentence)))
    text = _ADDRESS.sub(lambda match: sign(found[1]) if (found := _HUB.fullmatch(match[1])) else " ", text)
    text = _CODE.sub(r"\2", text)
    if own is not None:
        text = own.sub(OWN, text)
    text = _LAST.sub(lambda match: match[0].replace(match[1], sign(match[1])), text)
    text = _names().plain.sub(lambda match: sign(match[0]) if _is_model(match) else match[0], text)
    return Masked(_SPACE.sub(lambda match: "\n" if "\n" in match[0] else " ", text).strip(), tuple(names))


def _is_model(match: re.Match[str]) -> bool:
    """Whether a plain word is a model's name, and not a compound or a path."""
    if _names().not_models.fullmatch(match[0].rsplit("/", 1)[-1]):
        return False
    if match[1]:
        name = match[1].rsplit("/", 1)[-1]
        return bool(_TELLING.match(name)) or ("-" in name and is_family(name))
    return bool(match[2]) or bool(_TELLING.match(match[0]))
