"""The licences that the tool knows: the TOML files beside this one, one entry a licence and version."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from lineage_audit.claims.licences.body import Body, alias_form, words_of
from lineage_audit.claims.licences.indexed import licence_in_index
from lineage_audit.claims.licences.licence import Fact, Licence, Owed

_HUB_FILE = re.compile(r"/(?:blob|resolve|raw)/[^/]+/")


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
    """The licence of this id or name, in any spelling that is known: described in the data, else by id alone."""
    return described(name) or licence_in_index(name)


def described(name: str) -> Licence | None:
    """The licence of this id or name that has an entry in the data."""
    return _aliases().get(alias_form(name))


def licence_at(address: str) -> Licence | None:
    """The licence whose text stands at this address."""
    return _addresses().get(_address(address))


@cache
def _addresses() -> Mapping[str, Licence]:
    """Address -> licence; one that is the source of several licences names none of them."""
    found: dict[str, set[Licence]] = {}
    for licence in catalogue().values():
        if not licence.refines:
            for address in (licence.source, *licence.owes.links):
                found.setdefault(_address(address), set()).add(licence)
    return {address: licences.pop() for address, licences in found.items() if len(licences) == 1}


def _address(address: str) -> str:
    """An address without protocol, ``www`` and branch, so that two ways to write it are equal."""
    plain = re.sub(r"^https?://(?:www\.)?", "", address.strip().lower())
    return _HUB_FILE.sub("/", plain).partition("#")[0].rstrip("/")


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
        text=tuple(map(words_of, entry.get("text", ()))),
        body=_body(entry["body"]) if "body" in entry else None,
        names=tuple(re.compile(pattern, re.IGNORECASE) for pattern in entry.get("names", ())),
        mentions=tuple(re.compile(pattern) for pattern in entry.get("mentions", ())),
        family=entry.get("family", entry["key"]),
        share_alike=_share_alike(entry),
        refines=entry.get("refines"),
        contested=entry.get("contested", ""),
        owes=_owed(entry.get("owes", {})),
        read=entry.get("read", ""),
        facts=tuple(_facts(entry)),
    )


@cache
def _body(file: str) -> Body:
    return Body((files("lineage_audit.claims.licences") / "texts" / file).read_text(encoding="utf-8"))


def _share_alike(entry: Mapping[str, Any]) -> frozenset[str] | None:
    """Licences open to a derivative; copyleft without a list keeps its own."""
    if "share_alike" not in entry and entry["class"] != "copyleft":
        return None
    return frozenset((entry["key"], *entry.get("share_alike", ())))


def _facts(entry: Mapping[str, Any]) -> Iterator[Fact]:
    """Facts read where the whole entry was, but for those that name a place of their own."""
    for question, said in entry.get("facts", {}).items():
        says, read = (said["says"], said["read"]) if isinstance(said, dict) else (said, entry.get("read", ""))
        yield Fact(question, says, read)


def _owed(entry: Mapping[str, Any]) -> Owed:
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
    return Owed(**values)
