"""Everything the subject's repository says, and what the policy puts in its place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lineage_audit.checkpoint.claims import Claim
from lineage_audit.claims.licences import Licence, licence_of_model
from lineage_audit.claims.policy import Policy
from lineage_audit.claims.prose import ProseBase, bases_in_prose
from lineage_audit.claims.repository import Repository
from lineage_audit.results import ClaimRecord

CONFIG_FIELD = "_name_or_path"
"""Where a configuration notes what it was loaded from: a hint, no declaration."""
_RECIPE = "mergekit"
_GGUF_KINDS = (("general.license", "license"), ("general.license.name", "license_name"))
_GGUF_BASES = 16


@dataclass(frozen=True, slots=True)
class NamedBase:
    """A base model that the repository's own words name.

    Attributes:
        name: the model, or the words of the prose.
        licence: the licence that models of this name are known to be under, or None.
        record: the claim that names it.
    """

    name: str
    licence: Licence | None
    record: ClaimRecord


@dataclass(frozen=True, slots=True)
class Statements:
    """The claims of the subject, those of the policy first.

    Attributes:
        records: every claim.
        overridden: kinds that the policy states itself; the card's are then only listed.
        prose: bases that the card's sentences name.
    """

    records: tuple[ClaimRecord, ...]
    overridden: frozenset[str]
    prose: tuple[ProseBase, ...]

    def of(self, kind: str) -> tuple[ClaimRecord, ...]:
        """The claims of one kind that count."""
        return tuple(record for record in self.records if record.kind == kind and self._counts(record))

    @property
    def declared(self) -> tuple[ClaimRecord, ...]:
        """The bases that the card, the policy or an adapter's configuration declare, each name once."""
        found = [
            record
            for record in self.of("base_model")
            if record.field != CONFIG_FIELD and not record.file.startswith(_RECIPE)
        ]
        return tuple({record.value.lower(): record for record in reversed(found)}.values())[::-1]

    @property
    def merged(self) -> tuple[ClaimRecord, ...]:
        """The models that a merge recipe names, each name once."""
        found = [record for record in self.of("base_model") if record.file.startswith(_RECIPE)]
        return tuple({record.value.lower(): record for record in reversed(found)}.values())[::-1]

    @property
    def loaded_from(self) -> ClaimRecord | None:
        """What the configuration notes as its origin."""
        return next((record for record in self.of("base_model") if record.field == CONFIG_FIELD), None)

    @property
    def named(self) -> tuple[NamedBase, ...]:
        """Every base that any file of the repository names, with the licence known of it."""
        records = (*self.declared, *self.merged, *((self.loaded_from,) if self.loaded_from else ()))
        by_name = [NamedBase(record.value, licence_of_model(record.value), record) for record in records]
        return (*by_name, *(NamedBase(base.mention, base.licence, base.record) for base in self.prose))

    def _counts(self, record: ClaimRecord) -> bool:
        if record.origin == "policy" or record.kind not in self.overridden:
            return True
        return record.field == CONFIG_FIELD or record.file.startswith(_RECIPE)


def read_statements(subject: Repository, policy: Policy) -> Statements:
    """Gather the claims of the policy, the card, configurations, recipes, licence files, GGUF metadata and prose."""
    file = policy.file.name if policy.file else ""
    stated = [ClaimRecord(claim.kind, claim.value, file, claim.line, claim.kind, "policy") for claim in policy.claims]
    prose = bases_in_prose(subject.card) if subject.card else ()
    records = (
        *stated,
        *recorded(subject.claims.items),
        *_of_gguf(subject),
        *(base.record for base in prose),
    )
    return Statements(records, frozenset(claim.kind for claim in policy.claims), prose)


def recorded(claims: Iterable[Claim]) -> tuple[ClaimRecord, ...]:
    """Claims of a repository in the form of the report."""
    return tuple(ClaimRecord(claim.kind, claim.value, claim.file, claim.line, claim.field) for claim in claims)


def _of_gguf(subject: Repository) -> tuple[ClaimRecord, ...]:
    """Licence and bases that a weight file's own metadata states, in the keys of GGUF."""
    if subject.checkpoint is None:
        return ()
    metadata, file = subject.checkpoint.container.metadata, subject.checkpoint.container.files[0]
    found = [(kind, metadata[key], key) for key, kind in _GGUF_KINDS if metadata.get(key)]
    for number in range(_GGUF_BASES):
        key = f"general.base_model.{number}.repo_url"
        if metadata.get(key):
            found.append(("base_model", metadata[key], key))
    return tuple(ClaimRecord(kind, str(value)[:200], file, None, key) for kind, value, key in found)
