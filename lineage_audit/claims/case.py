"""Everything that a rule may look at: the subject's words, the references, and what follows from the weights."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from msgspec import Struct

from lineage_audit.claims.derivation import Tie
from lineage_audit.claims.licences import Licence
from lineage_audit.claims.names import mentions
from lineage_audit.claims.policy import Allowance, Policy
from lineage_audit.claims.references import Reference
from lineage_audit.claims.repository import Repository
from lineage_audit.claims.stated_licence import StatedLicence
from lineage_audit.claims.statements import NamedBase, Statements, licence_is_unread
from lineage_audit.results import ClaimRecord, LibrarySearch, Location, Standing


class Debt(Struct, frozen=True):
    """A licence whose terms the subject's repository must show, because of what its weights derive from.

    Attributes:
        licence: the licence.
        model: the model under it.
        through: the models between, from the reference on; empty where the model is the reference itself.
        reference: the reference that the weights show.
        repository: the words of the model's own repository, or None.
    """

    licence: Licence
    model: str
    through: tuple[str, ...]
    reference: Reference
    repository: Repository | None

    @property
    def origin(self) -> str:
        """The model, and how the subject comes by its licence."""
        return f"{self.model} (through {', '.join(self.through)})" if self.through else self.model


class Case(Struct, frozen=True, dict=True):
    """One subject with everything known of it.

    Attributes:
        subject: its repository.
        statements: what it says, with the policy's overrides.
        licence: the licence that it states, or None.
        ties: what it was held against, each with what it is to the subject.
        policy: the policy.
        expired: allowances of the policy that no longer hold.
        library: what a library gave, or None where none was asked.
        unused_certificates: files of certificates that are about no declared base that is not at hand.
    """

    subject: Repository
    statements: Statements
    licence: StatedLicence | None
    ties: tuple[Tie, ...]
    policy: Policy
    expired: tuple[Allowance, ...]
    library: LibrarySearch | None = None
    unused_certificates: tuple[str, ...] = ()

    @property
    def references(self) -> tuple[Reference, ...]:
        """What it was held against."""
        return tuple(tie.reference for tie in self.ties)

    @property
    def is_held_against_something(self) -> bool:
        """Whether there was anything to hold its weights against."""
        return bool(self.ties) or (self.library is not None and self.library.models > 0)

    @cached_property
    def bases(self) -> tuple[Reference, ...]:
        """References that are concluded to be bases: the card names them, or order and weights show them."""
        return tuple(tie.reference for tie in self.of_standing("declared", "base"))

    @cached_property
    def undeclared(self) -> tuple[Reference, ...]:
        """Bases that order and weights show, and that no declared base accounts for."""
        return tuple(tie.reference for tie in self.of_standing("base"))

    def of_standing(self, *standings: Standing) -> tuple[Tie, ...]:
        """The references that are one of these to the subject."""
        return tuple(tie for tie in self.ties if tie.standing in standings)

    @cached_property
    def debts(self) -> tuple[Debt, ...]:
        """The licences of all bases and of their bases, each once, the nearest first."""
        found: dict[str, Debt] = {}
        for reference in self.bases:
            for debt in _debts_of(reference):
                found.setdefault(debt.licence.key, debt)
        return tuple(found.values())

    @cached_property
    def unverified(self) -> tuple[NamedBase, ...]:
        """Bases under a known licence that only words name, the repository's or its bases'; no weights settle them."""
        settled = [one for one in self.references if one.is_certified or one.relation not in (None, "inconclusive")]
        owed = {debt.licence.key for debt in self.debts}
        found: dict[str, NamedBase] = {}
        for base in (*self.statements.named, *self._named_by_bases()):
            compared = any(base.means(reference.name) for reference in settled)
            if base.licence is not None and base.licence.key not in owed and not compared:
                found.setdefault(base.licence.key, base)
        return tuple(found.values())

    def named_in_prose(self, reference: Reference) -> ClaimRecord | None:
        """The sentence of the card that names a reference as its base, or None."""
        return next((record for record in self.statements.prose if mentions(record.value, reference.name)), None)

    @property
    def model_names(self) -> tuple[str, ...]:
        """What the model is called: by the policy, else by its repository and the first heading of its card."""
        stated = tuple(record.value for record in self.statements.of("name"))
        return stated or (self.subject.name.rsplit("/", 1)[-1], *self._headings())

    def place(self, *kinds: str) -> Location:
        """Where in the repository to show a finding: the card's line of the first of these claims that it makes.

        Without one: the card's ``license`` or ``base_model`` line, its first line, the first of ``config.json``,
        or of any file.
        """
        card = self.subject.card
        for kind in (*kinds, "license", "base_model"):
            for claim in self.subject.claims.of(kind):  # type: ignore[arg-type]
                if card is not None and claim.file == card.file and claim.line is not None:
                    return Location(claim.file, claim.line)
        if card is not None:
            return Location(card.file, 1)
        files = self.subject.source.files
        return Location("config.json" if "config.json" in files else min(files), 1)

    def _named_by_bases(self) -> Iterator[NamedBase]:
        """What only the prose of the subject's bases, or of theirs, leads to: words go on where no card declares."""
        for ancestor in (above for reference in self.bases for above in reference.ancestors):
            if ancestor.said is not None and ancestor.licence is not None:
                for licence in ancestor.licence.owed:
                    yield NamedBase(ancestor.ref, licence, ancestor.said, ancestor.said_by)

    def _headings(self) -> Iterator[str]:
        """The first heading of a local card; on the Hub, the repository's name is the model's."""
        if "/" not in self.subject.name and self.subject.card is not None:
            for line in self.subject.card.text.split("\n"):
                if line.startswith("# "):
                    yield line.removeprefix("# ").strip()
                    return


def _debts_of(reference: Reference) -> Iterator[Debt]:
    """The licences of one base, and those of its ancestors by what cards declare."""
    for licence in reference.licence.owed if reference.licence else ():
        yield Debt(licence, reference.name, (), reference, reference.repository)
    for ancestor in reference.declared_ancestors:
        for licence in ancestor.licence.owed if ancestor.licence else ():
            yield Debt(licence, ancestor.ref, ancestor.through, reference, ancestor.repository)


def unknown_licences(reference: Reference) -> Iterator[tuple[str, str]]:
    """The models among a base and its ancestors whose licence is not all known, and why, one sentence each."""
    yield from _unknown(reference.name, reference.licence, reference.repository)
    for ancestor in reference.declared_ancestors:
        yield from _unknown(ancestor.ref, ancestor.licence, ancestor.repository)


def _unknown(name: str, licence: StatedLicence | None, repository: Repository | None) -> Iterator[tuple[str, str]]:
    """What is not known of a licence; one that may stand in what could not be read is not said to be missing."""
    is_unread = repository is not None and licence_is_unread(repository.claims.unread)
    nothing = "its card could not be read" if is_unread else "no licence is stated"
    for why in (nothing,) if licence is None else licence.unknown:
        yield name, why
