"""A licence as data: how it is named, recognised, and what it asks of a derivative's repository."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from lineage_audit.results import Level, LicenceClass

Obligation = Literal["copy", "notice", "notice_kept", "attribution", "name_prefix", "changes", "restrictions"]


@dataclass(frozen=True, slots=True)
class Owed:
    """What a derivative's repository must show; empty fields ask for nothing.

    Attributes:
        copy: a copy of the text, or its text or a link to it.
        links: addresses that count as a link.
        notice: words that a notice must hold.
        notice_kept: the base's own NOTICE file must be kept.
        attribution: sentences of which one must stand in the repository.
        name_prefix: what the model's name must begin with.
        changes: it must be said that files were changed.
        restrictions: words of which some must be found where use restrictions are passed on.
        levels: severities of single obligations, where they are not the rule's own.
        advisory: what cannot be checked from files, for people to read.
    """

    copy: Literal["", "text", "text-or-link"] = ""
    links: tuple[str, ...] = ()
    notice: str = ""
    notice_kept: bool = False
    attribution: tuple[str, ...] = ()
    name_prefix: str = ""
    changes: bool = False
    restrictions: tuple[str, ...] = ()
    levels: Mapping[Obligation, Level] = field(default_factory=dict)
    advisory: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Licence:
    """One version of one licence.

    Attributes:
        key: stable key in the tool's data.
        name: full name.
        licence_class: what kind of licence it is.
        spdx: valid SPDX licence id, ``LicenseRef-`` ids included.
        source: URL of its text.
        aliases: other ids and spellings, as ``alias_form`` writes them.
        text: phrases, as ``words_of`` writes them, that its text holds, all of them.
        names: patterns of the names of models under it.
        mentions: patterns of how prose names such models.
        family: licences of one family pass on each other's restrictions.
        share_alike: keys of the licences that a derivative may have besides this one; None where it may choose.
        refines: key of the licence that this one is for models with ``names``.
        contested: what must be said beside a finding, or empty.
        owes: what a derivative's repository must show.
    """

    key: str
    name: str
    licence_class: LicenceClass
    spdx: str
    source: str
    aliases: frozenset[str]
    text: tuple[str, ...]
    names: tuple[re.Pattern[str], ...]
    mentions: tuple[re.Pattern[str], ...]
    family: str
    share_alike: frozenset[str] | None
    refines: str | None
    contested: str
    owes: Owed

    def covers(self, model: str) -> bool:
        """Whether a model of this name is known to be under this licence."""
        name = model.rsplit("/", 1)[-1].replace("_", "-").lower()
        return any(pattern.search(name) for pattern in self.names)


_NOT_WORDS = re.compile(r"(?<!\w)\.|\.(?!\w)|[^\w.]+")
_NOT_ALIAS = re.compile(r"[^a-z0-9.+]+")


def words_of(text: str) -> str:
    """Text without markup, case, punctuation and line breaks, so that phrases can be found in it."""
    return " ".join(_NOT_WORDS.sub(" ", text.replace("_", " ")).lower().split())


def alias_form(name: str) -> str:
    """A licence id or name in the spelling in which aliases are compared: lower case, hyphens between words."""
    return _NOT_ALIAS.sub("-", name.lower()).strip("-")
