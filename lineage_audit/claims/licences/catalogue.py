"""The licences that the tool knows: the TOML files beside this one, one entry a licence and version."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from lineage_audit.claims.licences.licence import Licence, Owed, alias_form, words_of

_HEAD = 3000
"""Characters of a text in which its title is looked for."""


@cache
def catalogue() -> Mapping[str, Licence]:
    """Every licence by its key."""
    folder = files("lineage_audit.claims.licences")
    found: dict[str, Licence] = {}
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".toml"):
            for entry in tomllib.loads(file.read_text(encoding="utf-8"))["licence"]:
                for licence in _versions(entry):
                    found[licence.key] = licence
    return found


@cache
def _aliases() -> Mapping[str, Licence]:
    """Every spelling -> its licence; a licence that refines another leaves that one its SPDX id."""
    found: dict[str, Licence] = {}
    for licence in catalogue().values():
        for alias in (*licence.aliases, *(() if licence.refines else (alias_form(licence.spdx),))):
            found[alias] = licence
    return found


def licence_called(name: str) -> Licence | None:
    """The licence of this id or name, in any spelling that is known."""
    return _aliases().get(alias_form(name))


def licence_of_model(model: str) -> Licence | None:
    """The licence that models of this name are known to be under, by their publisher's naming."""
    return next((licence for licence in catalogue().values() if licence.covers(model)), None)


def licence_mentioned(words: str) -> Licence | None:
    """The licence of the models that prose calls so: "Llama 2 7B", "Gemma"."""
    return next(
        (licence for licence in catalogue().values() if any(pattern.search(words) for pattern in licence.mentions)),
        None,
    )


def refined(licence: Licence, model: str) -> Licence:
    """The licence with what the publisher of this very model adds to it."""
    special = licence_of_model(model)
    return special if special is not None and special.refines == licence.key else licence


def licence_with_text(words: str) -> Licence | None:
    """The licence whose text this is, given as ``words_of`` writes it; the one with the longest phrases wins.

    The first phrase is the title, or stands where a title would: a text further down is a quotation.
    """
    head = words[:_HEAD]
    matching = [
        licence
        for licence in catalogue().values()
        if licence.text and licence.text[0] in head and all(phrase in words for phrase in licence.text)
    ]
    return max(matching, key=lambda licence: sum(map(len, licence.text)), default=None)


def _versions(entry: Mapping[str, Any]) -> Iterator[Licence]:
    """One licence for every version that an entry lists, or the one."""
    for version in entry.get("versions", [""]):
        yield _licence(_filled(entry, version) if version else dict(entry))


def _filled(value: Any, version: str) -> Any:
    """A value with the version in every ``{version}``."""
    if isinstance(value, str):
        return value.replace("{version}", version)
    if isinstance(value, list):
        return [_filled(item, version) for item in value]
    if isinstance(value, dict):
        return {key: _filled(item, version) for key, item in value.items()}
    return value


def _licence(entry: Mapping[str, Any]) -> Licence:
    return Licence(
        key=entry["key"],
        name=entry["name"],
        licence_class=entry["class"],
        spdx=entry["spdx"],
        source=entry["source"],
        aliases=frozenset(map(alias_form, (entry["key"], entry["name"], *entry["aliases"]))),
        text=tuple(map(words_of, entry["text"])),
        names=tuple(re.compile(pattern, re.IGNORECASE) for pattern in entry.get("names", ())),
        mentions=tuple(re.compile(pattern) for pattern in entry.get("mentions", ())),
        family=entry.get("family", entry["key"]),
        share_alike=_share_alike(entry),
        refines=entry.get("refines"),
        contested=entry.get("contested", ""),
        owes=_owed(entry.get("owes", {})),
    )


def _share_alike(entry: Mapping[str, Any]) -> frozenset[str] | None:
    """Licences open to a derivative; copyleft without a list keeps its own."""
    if "share_alike" not in entry and entry["class"] != "copyleft":
        return None
    return frozenset((entry["key"], *entry.get("share_alike", ())))


def _owed(entry: Mapping[str, Any]) -> Owed:
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
    return Owed(**values)
