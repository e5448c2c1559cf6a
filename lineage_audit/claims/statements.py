"""Everything the subject's repository says, and what the policy puts in its place."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from lineage_audit.checkpoint.claims import Claim, Unread
from lineage_audit.claims.licences import Licence, licence_mentioned, licence_of_model
from lineage_audit.claims.names import mentions, restates, same_model
from lineage_audit.claims.policy import Policy
from lineage_audit.claims.repository import Repository
from lineage_audit.results import ClaimRecord

_DECLARING = ("front matter", "adapter", "weight file", "policy")
"""Standings by which a base is declared; a configuration's note of what it was loaded from is a hint alone."""
_WITH_BASES = ("front matter", "base_model")
"""Parts of a card in which bases are declared."""
_WITH_LICENCE = ("front matter", "license")
"""Parts of a card in which the licence is stated."""
_NOT_OF_THE_CARD = ("configuration", "recipe")
"""Standings that a policy's claims do not replace."""


class NamedBase(Struct, frozen=True):
    """A base model that the repository's own words name.

    Attributes:
        name: the model.
        licence: the licence that models of this name are known to be under, or None.
        record: the claim that names it.
        through: the base whose card says so, or empty where the repository itself does.
    """

    name: str
    licence: Licence | None
    record: ClaimRecord
    through: str = ""

    @property
    def said_by(self) -> str:
        """Who names it."""
        return f"the card of {self.through}" if self.through else "the repository itself"

    def means(self, model: str) -> bool:
        """Whether it is the model of this name, in other words or in another number format; prose is less exact."""
        in_prose = self.record.standing == "prose" and mentions(self.name, model)
        return in_prose or same_model(self.name, model) or restates(self.name, model)


class Statements(Struct, frozen=True):
    """The claims of the subject, those of the policy first.

    Attributes:
        records: every claim.
        overridden: kinds that the policy states itself; the card's are then only listed.
        unread: what the card states in a form that could not be read.
    """

    records: tuple[ClaimRecord, ...]
    overridden: frozenset[str]
    unread: tuple[Unread, ...] = ()

    def of(self, kind: str) -> tuple[ClaimRecord, ...]:
        """The claims of one kind that count."""
        return tuple(record for record in self.records if record.kind == kind and self._counts(record))

    @property
    def of_licence(self) -> tuple[ClaimRecord, ...]:
        """The claims that state the licence."""
        return tuple(record for kind in ("license", "license_name", "license_link") for record in self.of(kind))

    @property
    def bases_unread(self) -> bool:
        """Whether the card may declare bases that could not be read, and the policy does not state them."""
        return "base_model" not in self.overridden and any(one.part in _WITH_BASES for one in self.unread)

    @property
    def licence_unread(self) -> bool:
        """Whether the card may state a licence that could not be read, and the policy does not state one."""
        return "license" not in self.overridden and licence_is_unread(self.unread)

    @property
    def declared(self) -> tuple[ClaimRecord, ...]:
        """The bases that the card, the policy, an adapter or a weight file declare, each name once."""
        return self._named_once(*_DECLARING)

    @property
    def merged(self) -> tuple[ClaimRecord, ...]:
        """The models that a merge recipe names, each name once."""
        return self._named_once("recipe")

    @property
    def prose(self) -> tuple[ClaimRecord, ...]:
        """The bases that the card's sentences name."""
        return self.of("derived_from")

    @property
    def loaded_from(self) -> ClaimRecord | None:
        """What the configuration notes as its origin."""
        return next((record for record in self.of("base_model") if record.standing == "configuration"), None)

    @property
    def named(self) -> tuple[NamedBase, ...]:
        """Every base that any file of the repository names, with the licence known of it."""
        records = (*self.declared, *self.merged, *((self.loaded_from,) if self.loaded_from else ()), *self.prose)
        return named_by(records)

    def _named_once(self, *standings: str) -> tuple[ClaimRecord, ...]:
        found = [record for record in self.of("base_model") if record.standing in standings]
        return tuple({record.value.lower(): record for record in reversed(found)}.values())[::-1]

    def _counts(self, record: ClaimRecord) -> bool:
        return record.origin == "policy" or record.kind not in self.overridden or record.standing in _NOT_OF_THE_CARD


def licence_is_unread(unread: Iterable[Unread]) -> bool:
    """Whether a licence may be stated in what could not be read of a card."""
    return any(one.part in _WITH_LICENCE for one in unread)


def named_by(records: Iterable[ClaimRecord], through: str = "") -> tuple[NamedBase, ...]:
    """The bases that claims name, with the licence known of each."""
    return tuple(NamedBase(record.value, _licence_of(record), record, through) for record in records)


def _licence_of(record: ClaimRecord) -> Licence | None:
    """The licence that models of this name are known to be under; prose calls them less exactly."""
    known = licence_of_model(record.value)
    return licence_mentioned(record.value) if known is None and record.standing == "prose" else known


def read_statements(subject: Repository, policy: Policy) -> Statements:
    """Gather the claims of the policy, the card, configurations, recipes, licence files, GGUF metadata and prose."""
    file = policy.file.name if policy.file else ""
    stated = [
        ClaimRecord(claim.kind, claim.value, file, claim.line, claim.kind, "policy", "policy")
        for claim in policy.claims
    ]
    overridden = frozenset(claim.kind for claim in policy.claims)
    return Statements((*stated, *recorded(subject.claims.items)), overridden, subject.claims.unread)


def recorded(claims: Iterable[Claim]) -> tuple[ClaimRecord, ...]:
    """Claims of a repository in the form of the report."""
    return tuple(
        ClaimRecord(
            claim.kind, claim.value, claim.file, claim.line, claim.field, standing=claim.standing, quote=claim.quote
        )
        for claim in claims
    )
