"""A licence as data: how it is named and recognised, what it asks of a derivative, how a card states it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from msgspec import Struct

from lineage_audit.claims.licences.body import Body
from lineage_audit.results import Level, LicenceClass

Obligation = Literal["copy", "notice", "notice_kept", "attribution", "name_prefix", "changes", "restrictions"]
QUESTIONS: Mapping[str, str] = {
    "commercial_use": "commercial use",
    "acceptable_use": "acceptable use",
    "attribution": "attribution",
    "derivatives": "derivatives",
    "distribution": "distribution",
    "outputs": "outputs",
    "region": "region",
    "share_alike": "terms of derivatives",
}
"""What people ask of a licence and no file of a repository answers -> how it is called."""
UNKNOWN = "unknown"
"""What a fact says that was not read in the licence's text."""

_NAMES = """
afl-3.0 agpl-3.0 apache-2.0 apple-amlr apple-ascl artistic-2.0 bigcode-openrail-m bigscience-bloom-rail-1.0
bigscience-openrail-m bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear bsl-1.0 c-uda cc cc-by-2.0 cc-by-2.5
cc-by-3.0 cc-by-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0
cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cc-by-nd-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc0-1.0 cdla-permissive-1.0
cdla-permissive-2.0 cdla-sharing-1.0 creativeml-openrail-m deepfloyd-if-license ecl-2.0 epl-1.0 epl-2.0 etalab-2.0
eupl-1.1 eupl-1.2 fair-noncommercial-research-license gemma gfdl gpl gpl-2.0 gpl-3.0 h-research intel-research isc
lgpl lgpl-2.1 lgpl-3.0 lgpl-lr llama2 llama3 llama3.1 llama3.2 llama3.3 llama4 lppl-1.3c mit mpl-2.0 ms-pl ncsa
odbl odc-by ofl-1.1 open-mdw openrail openrail++ osl-3.0 pddl postgresql unlicense wtfpl zlib
"""
_HUB_IDS = frozenset(_NAMES.split())
"""The ids that the Hub takes, by its documentation on licences of repositories."""


@dataclass(frozen=True, slots=True)
class Owed:
    """What a derivative's repository must show; empty fields ask for nothing.

    Attributes:
        copy: a copy of the text, or its text or a link to it.
        links: addresses that count as a link.
        notice: words that a notice must hold.
        notice_line: the notice as the licence words it, to be written whole.
        notice_kept: the base's own NOTICE file must be kept.
        attribution: sentences of which one must stand in the repository.
        name_prefix: what the model's name must begin with.
        changes: it must be said that files were changed.
        restrictions: words of which some must be found where use restrictions are passed on.
        levels: severities of single obligations, where they are not the rule's own.
    """

    copy: Literal["", "text", "text-or-link"] = ""
    links: tuple[str, ...] = ()
    notice: str = ""
    notice_line: str = ""
    notice_kept: bool = False
    attribution: tuple[str, ...] = ()
    name_prefix: str = ""
    changes: bool = False
    restrictions: tuple[str, ...] = ()
    levels: Mapping[Obligation, Level] = field(default_factory=dict, hash=False)


class Fact(Struct, frozen=True):
    """What a licence says on a question that cannot be checked from files.

    Attributes:
        question: a key of ``QUESTIONS``.
        says: the answer, or that it is ``UNKNOWN``, alone or with what is known beside it.
        read: where it was read; empty where that is not known.
    """

    question: str
    says: str
    read: str

    @property
    def sentence(self) -> str:
        """Question and answer, for people."""
        says = "not known here" if self.says == UNKNOWN else self.says.replace(f"{UNKNOWN}: ", "not known here; ")
        return f"{QUESTIONS[self.question]}: {says}"


class Licence(Struct, frozen=True):
    """One version of one licence.

    Attributes:
        key: stable key in the tool's data.
        name: full name.
        licence_class: what kind of licence it is.
        spdx: valid SPDX licence id, ``LicenseRef-`` ids included.
        source: URL of its text.
        aliases: other ids and spellings, as ``alias_form`` writes them.
        text: phrases, as ``words_of`` writes them, that its text holds, all of them; the first is its title.
        body: its whole text, where it may be passed on freely; a text is then recognised by that alone.
        names: patterns of the names of models under it.
        mentions: patterns of how prose names such models.
        family: licences of one family pass on each other's restrictions.
        share_alike: keys of the licences that a derivative may have besides this one; None where it may choose.
        refines: key of the licence whose text this one is: as a publisher uses it for models with ``names``, or with
            a choice of later versions.
        contested: what must be said beside a finding, or empty.
        owes: what a derivative's repository must show.
        read: where its terms were read, for this data; empty where they were not.
        facts: what it says that cannot be checked from files.
    """

    key: str
    name: str
    licence_class: LicenceClass
    spdx: str
    source: str
    aliases: frozenset[str]
    text: tuple[str, ...]
    body: Body | None
    names: tuple[re.Pattern[str], ...]
    mentions: tuple[re.Pattern[str], ...]
    family: str
    share_alike: frozenset[str] | None
    refines: str | None
    contested: str
    owes: Owed
    read: str = ""
    facts: tuple[Fact, ...] = ()

    @property
    def terms_are_known(self) -> bool:
        """Whether the data holds what the licence asks for, and not its name alone."""
        return self.licence_class != "unknown"

    @property
    def advice(self) -> tuple[str, ...]:
        """What people must look at themselves, one sentence each."""
        unread = (
            () if self.read or self.body is not None or not self.facts else ("its text was not read for this data",)
        )
        return (*(fact.sentence for fact in self.facts), *unread)

    def covers(self, model: str) -> bool:
        """Whether a model of this name is known to be under this licence."""
        name = model.rsplit("/", 1)[-1].replace("_", "-").lower()
        return any(pattern.search(name) for pattern in self.names)


def card_fields(licence: Licence) -> tuple[tuple[str, str], ...]:
    """The keys and values of a front matter that state a licence."""
    hub_id = next((name for name in (licence.key, *sorted(licence.aliases)) if name in _HUB_IDS), None)
    if hub_id is not None:
        return (("license", hub_id),)
    return (("license", "other"), ("license_name", licence.key), ("license_link", licence.source))
