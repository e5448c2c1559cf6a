"""The bases of a base: what a model's card declares, what that one's card declares, and so on.

A fine-tune of a fine-tune of Llama 2 owes Llama 2. Only words are read here, never weights; a repository that cannot
be read ends its branch, and its licence is then known by its name or not at all. Where a card's prose alone names an
origin, the chain goes on through it, and everything from there on is marked with that sentence.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from lineage_audit.checkpoint.claims import Claims
from lineage_audit.claims.declared import open_declared
from lineage_audit.claims.names import bare
from lineage_audit.claims.repository import Repository, read_words
from lineage_audit.claims.stated_licence import StatedLicence, licence_by_name, licence_by_words, read_stated_licence
from lineage_audit.claims.statements import recorded
from lineage_audit.errors import LineageAuditError
from lineage_audit.results import ClaimRecord

DEPTH_LIMIT = 8
"""Longest chain of bases that is followed."""
_COUNT_LIMIT = 24
"""Most repositories that are opened to follow one model's bases."""


class Ancestor(Struct, frozen=True):
    """A base of a base.

    Attributes:
        ref: as the card below it names it.
        through: the models between the subject and it, nearest first.
        licence: what is known of its licence.
        repository: its words, or None where they could not be read.
        said: the sentence that names it, or a model between; None where the cards declare it all the way.
        said_by: the model whose card says so; empty where the cards declare it all the way.
    """

    ref: str
    through: tuple[str, ...]
    licence: StatedLicence | None
    repository: Repository | None
    said: ClaimRecord | None = None
    said_by: str = ""


class _Model(Struct, frozen=True):
    """A model on the way up, whose words lead on: those of the subject's base, or of an ancestor that could be read."""

    repository: Repository
    path: tuple[str, ...]
    said: ClaimRecord | None = None
    said_by: str = ""


def ancestors_of(repository: Repository) -> tuple[Ancestor, ...]:
    """Follow the bases that a repository names: all that cards declare first, then what their prose alone names."""
    seen = {bare(repository.name)}
    start = _Model(repository, (repository.name,))
    found = list(_declared_above([start], seen))
    latest = [start, *_readable(found)]
    while latest:
        told = list(_told_by(latest, seen))
        told += _declared_above(_readable(told), seen)
        found += told
        latest = _readable(told)
    return tuple(found)


def _declared_above(models: Iterable[_Model], seen: set[str]) -> Iterator[Ancestor]:
    """What the cards of some models declare, what the cards of those declare, and so on, nearest first."""
    pending = deque(models)
    while pending:
        below = pending.popleft()
        for name in _unseen(declared_bases(below.repository.claims), seen):
            above = _open(name, below.repository)
            licence = licence_of(above) if above else licence_by_name(name)
            ancestor = Ancestor(name, below.path, licence, above, below.said, below.said_by)
            yield ancestor
            pending.extend(_readable([ancestor]))


def _told_by(models: Iterable[_Model], seen: set[str]) -> Iterator[Ancestor]:
    """What the prose of some models names as their origin."""
    for below in models:
        records = {record.value: record for record in recorded(below.repository.claims.of("derived_from"))}
        for name in _unseen(records, seen):
            above = _open(name, below.repository)
            said, by = (below.said, below.said_by) if below.said else (records[name], below.path[-1])
            licence = licence_of(above) if above else licence_by_words(name)
            yield Ancestor(name, below.path, licence, above, said, by)


def _readable(ancestors: Iterable[Ancestor]) -> list[_Model]:
    """The ancestors whose own words lead on."""
    return [
        _Model(one.repository, (*one.through, one.ref), one.said, one.said_by)
        for one in ancestors
        if one.repository is not None and len(one.through) < DEPTH_LIMIT
    ]


def _unseen(names: Iterable[str], seen: set[str]) -> Iterator[str]:
    """Names of models that were not met before, as many as are followed at all."""
    for name in names:
        if bare(name) not in seen and len(seen) <= _COUNT_LIMIT:
            seen.add(bare(name))
            yield name


def declared_bases(claims: Claims) -> tuple[str, ...]:
    """The bases that a repository declares: in its card, adapter configuration or merge recipe."""
    return tuple(dict.fromkeys(claim.value for claim in claims.of("base_model") if claim.standing != "configuration"))


def licence_of(repository: Repository) -> StatedLicence | None:
    """The licence that a repository states; where it states none that is known, the one its name implies."""
    stated = read_stated_licence(recorded(repository.claims.items), repository.texts, repository.name)
    if stated is not None and stated.is_known:
        return stated
    return licence_by_name(repository.name) or stated


def folder_of(repository: Repository) -> Path | None:
    """The folder of a local repository, or None for one on the Hub."""
    path = Path(repository.ref).expanduser()
    if not path.exists():
        return None
    return path.resolve() if path.is_dir() else path.resolve().parent


def _open(name: str, below: Repository) -> Repository | None:
    """Read the words of a declared base, where it can be found."""
    try:
        return read_words(open_declared(name, folder_of(below)))
    except LineageAuditError:
        return None
