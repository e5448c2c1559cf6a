"""Names of models: what a reference is called, and whether two names mean one model."""

from __future__ import annotations

import os
import re
from pathlib import Path

HUB_ADDRESS = re.compile(r"(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co)/", re.IGNORECASE)
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}(?:@[\w./+-]{1,100})?", re.ASCII)
_SNAPSHOT = re.compile(r"models--([^/]+)--([^/]+)/snapshots/[^/]+/?$")


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
    return without_revision(HUB_ADDRESS.sub("", ref.strip())).strip("/")


def without_revision(ref: str) -> str:
    """A reference without its ``@revision``."""
    return ref.partition("@")[0]


def bare(name: str) -> str:
    """The last part of a name, in lower case, the part that a folder and a Hub repository have in common."""
    return re.split(r"[/\\]", without_revision(HUB_ADDRESS.sub("", name.strip())).rstrip("/\\"))[-1].lower()


def same_model(one: str, other: str) -> bool:
    """Whether two names mean one model: equal Hub ids, or equal last parts where one of them is no Hub id."""
    first, second = hub_name(one).lower(), hub_name(other).lower()
    if HUB_ID.fullmatch(first) and HUB_ID.fullmatch(second):
        return first == second
    return bool(first) and bare(first) == bare(second)
