"""Names of models: what a reference is called, and whether two names mean one model."""

from __future__ import annotations

import os
import re
from pathlib import Path

from lineage_audit.checkpoint.card.naming import without_address

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}(?:@[\w./+-]{1,100})?", re.ASCII)
_SNAPSHOT = re.compile(r"models--([^/]+)--([^/]+)/snapshots/[^/]+/?$")
_NUMBER_FORMAT = re.compile(
    r"-(?:unsloth|bnb|[348]-?bits?|int[348]|gptq|awq|fp(?:8|16|32)|bf16|nvfp4|mxfp4|gguf|ggml|exl[23]|mlx|hf|w\d+a\d+|dynamic|static)$"
)
"""Endings by which a repository says that it holds a model in another number or file format."""
_WORDS = re.compile(r"\d+(?:\.\d+)*|[^\W\d_]+")
_SAY_NOTHING = frozenset({"meta", "hf", "model", "the", "base", "pretrained", "version"})
"""Words of a name that tell no model from another of its family."""


def model_name(ref: str) -> str:
    """``org/name`` of a Hub reference or cache folder, else the name of the folder or file."""
    found = _SNAPSHOT.search(ref)
    if found:
        return f"{found[1]}/{found[2]}"
    if ref and os.path.lexists(ref):
        return Path(ref).resolve().name
    return hub_name(ref)


def hub_name(ref: str) -> str:
    """A name from a card or a Hub address, without address and revision; never looked for on disk."""
    return _without_revision(without_address(ref)).strip("/")


def _without_revision(ref: str) -> str:
    """A reference without its ``@revision``."""
    return ref.partition("@")[0]


def bare(name: str) -> str:
    """The last part of a name, in lower case, the part that a folder and a Hub repository have in common."""
    return re.split(r"[/\\]", hub_name(name).rstrip("/\\"))[-1].lower()


def plain(name: str) -> str:
    """The last part of a name with hyphens between its words, and without the number format that it is stored in.

    >>> plain("unsloth/Llama_3.1-8B-bnb-4bit")
    'llama-3.1-8b'
    """
    name = re.sub(r"[_\s]+", "-", bare(name))
    while (shorter := _NUMBER_FORMAT.sub("", name)) != name:
        name = shorter
    return name


def same_model(one: str, other: str) -> bool:
    """Whether two names mean one model: equal Hub ids, or equal last parts where one of them is no Hub id."""
    first, second = _joined(hub_name(one)), _joined(hub_name(other))
    if HUB_ID.fullmatch(first) and HUB_ID.fullmatch(second):
        return first == second
    return bool(first) and bare(first) == bare(second)


def is_itself(declared: str, subject: str) -> bool:
    """Whether a declared base is the very model that declares it; ``org/name`` in a folder ``name`` need not be."""
    return _joined(hub_name(declared)) == _joined(subject)


def restates(one: str, other: str) -> bool:
    """Whether two names are one model's in other words: another owner's copy of it, another number format."""
    return bool(plain(one)) and plain(one) == plain(other)


def mentions(words: str, name: str) -> bool:
    """Whether prose that says these words can mean the model of this name: "Llama 2 7B" means Llama-2-7b-hf.

    Every word that tells a model must stand in the name, in this order; the name may say more. A Hub id means itself,
    whatever its words say.
    """
    if HUB_ID.fullmatch(words) and restates(words, name):
        return True
    said, called = iter(_telling(plain(words))), _telling(plain(name))
    wanted = next(said, None)
    if wanted is None:
        return False
    for word in called:
        if word == wanted:
            wanted = next(said, None)
            if wanted is None:
                return True
    return False


def _joined(name: str) -> str:
    return re.sub(r"[_\s]+", "-", name).lower()


def _telling(name: str) -> list[str]:
    return [word for word in _WORDS.findall(name.lower()) if word not in _SAY_NOTHING]
