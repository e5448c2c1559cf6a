"""Vocabularies of the sizes that people publish, which share tokens as real ones do.

All of them take from one list of words, in order of their frequency: each leaves some out, the more the rarer they are,
and numbers what it has in an order of its own. A word is its number written in syllables, so that the beginning of a
word is a more frequent word, and merges lead from one to the other.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np

from benchmarks.scale.numbers import IntArray, generator, mixed

Style = Literal["metaspace", "byte-level"]

UNTRAINED = -1
"""The word of a row that no text ever used: padding, reserved tokens."""

BYTES = 256
"""The first words are single bytes."""

_UNIVERSE = 600_000
_SYLLABLES = [consonant + vowel for consonant in "tnsrldmcpbvgfhkwjyz" for vowel in "aeiou"]
_COMMON_LEFT_OUT, _RARE_LEFT_OUT = 0.03, 0.55
"""Share of words that a vocabulary leaves out, at the frequent end and at the rare one."""


@dataclass(frozen=True, slots=True)
class VocabularyShape:
    """A vocabulary before its words are chosen.

    Attributes:
        name: whose it is.
        style: how its file shows tokens.
        tokens: how many ordinary tokens it has, bytes among them.
        added: special tokens, which stand behind the others.
        rows: rows of the embedding; what is above the tokens is padding.
    """

    name: str
    style: Style
    tokens: int
    added: int
    rows: int


VOCABULARIES: dict[str, VocabularyShape] = {
    shape.name: shape
    for shape in (
        VocabularyShape("llama-2", "metaspace", 31_997, 3, 32_000),
        VocabularyShape("mistral", "metaspace", 31_997, 3, 32_000),
        VocabularyShape("yi", "metaspace", 63_992, 8, 64_000),
        VocabularyShape("llama-3", "byte-level", 128_000, 256, 128_256),
        VocabularyShape("qwen-2.5", "byte-level", 151_643, 22, 152_064),
        VocabularyShape("deepseek-v3", "byte-level", 128_000, 815, 129_280),
        VocabularyShape("gemma", "metaspace", 262_138, 6, 262_144),
    )
}


@cache
def words_of(name: str) -> IntArray:
    """The word of every row of an embedding."""
    shape = VOCABULARIES[name]
    seed = mixed(*name.encode())
    random = generator(seed)
    rank = np.arange(BYTES, _UNIVERSE)
    left_out = np.interp(np.log(rank), np.log([BYTES, _UNIVERSE]), [_COMMON_LEFT_OUT, _RARE_LEFT_OUT])
    kept = rank[random.random(len(rank)) > left_out][: shape.tokens - BYTES]
    order = np.argsort(np.log(kept) + 0.15 * random.standard_normal(len(kept)))
    unused = np.full(shape.rows - shape.tokens, UNTRAINED)
    return np.concatenate([np.arange(BYTES), kept[order], unused])


@cache
def tokenizer_json(name: str) -> bytes:
    """The vocabulary as a ``tokenizer.json``."""
    shape = VOCABULARIES[name]
    numbers = words_of(name)[: shape.tokens].tolist()
    shown = _byte_level if shape.style == "byte-level" else _metaspace
    texts = {number: shown(number) for number in numbers}
    added = [f"<|{name}-{number}|>" for number in range(shape.added)]
    document = {
        "version": "1.0",
        "added_tokens": [
            {"id": shape.tokens + number, "content": text, "special": True} for number, text in enumerate(added)
        ],
        **_PIPELINES[shape.style],
        "model": {
            "type": "BPE",
            "byte_fallback": shape.style == "metaspace",
            "vocab": {texts[number]: row for row, number in enumerate(numbers)},
            "merges": _merges(numbers, texts),
        },
    }
    return json.dumps(document, ensure_ascii=False).encode()


_PIPELINES: dict[Style, dict[str, object]] = {
    "metaspace": {
        "normalizer": {"type": "Prepend", "prepend": "▁"},
        "pre_tokenizer": None,
        "decoder": {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
    },
    "byte-level": {
        "normalizer": None,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True},
        "decoder": {"type": "ByteLevel"},
    },
}


def _merges(numbers: list[int], texts: dict[int, str]) -> list[str]:
    """The two parts of every word whose parts are in the vocabulary."""
    known = set(texts.values())
    parts = ((texts[number][:-2], texts[number][-2:]) for number in numbers if number >= BYTES)
    return [f"{left} {right}" for left, right in parts if left in known and right in known]


def _word(number: int) -> tuple[str, bool]:
    """A word's letters, and whether it opens with a space."""
    number, follows = divmod(number - BYTES, 3)
    letters = ""
    while True:
        number, syllable = divmod(number, len(_SYLLABLES))
        letters = _SYLLABLES[syllable] + letters
        if number == 0:
            return letters if follows != 1 else letters.capitalize(), follows != 0
        number -= 1


def _metaspace(number: int) -> str:
    if number < BYTES:
        return f"<0x{number:02X}>"
    letters, opens = _word(number)
    return "▁" + letters if opens else letters


@cache
def _printable() -> list[str]:
    """GPT-2's character for every byte."""
    plain = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    rest = iter(range(0x100, 0x200))
    return [chr(byte) if byte in plain else chr(next(rest)) for byte in range(256)]


def byte_level(token: bytes) -> str:
    """A token as byte-level BPE shows it."""
    return "".join(_printable()[byte] for byte in token)


def _byte_level(number: int) -> str:
    if number < BYTES:
        return byte_level(bytes([number]))
    letters, opens = _word(number)
    return "Ġ" + letters if opens else letters
