"""The bases of a base: what a model's card declares, what that one's card declares, and so on.

A fine-tune of a fine-tune of Llama 2 owes Llama 2. Only words are read here, never weights; a repository that cannot
be read ends its branch, and its licence is then known by its name or not at all.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from pathlib import Path

from lineage_audit.checkpoint.claims import Claims
from lineage_audit.claims.declared import open_declared
from lineage_audit.claims.names import bare
from lineage_audit.claims.repository import Repository, read_words
from lineage_audit.claims.stated_licence import StatedLicence, licence_by_name, read_stated_licence
from lineage_audit.claims.statements import recorded
from lineage_audit.errors import LineageAuditError

DEPTH_LIMIT = 8
"""Longest chain of bases that is followed."""
_COUNT_LIMIT = 24
"""Most repositories that are opened to follow one model's bases."""


@dataclass(frozen=True, slots=True)
class Ancestor:
    """A base of a base.

    Attributes:
        ref: as the card below it names it.
        through: the models between the subject and it, nearest first.
        licence: what is known of its licence.
        repository: its words, or None where they could not be read.
    """

    ref: str
    through: tuple[str, ...]
    licence: StatedLicence | None
    repository: Repository | None


def ancestors_of(repository: Repository) -> tuple[Ancestor, ...]:
    """Follow the bases that a repository declares, nearest first."""
    found: list[Ancestor] = []
    seen = {bare(repository.name)}
    pending: deque[tuple[Repository, tuple[str, ...]]] = deque([(repository, (repository.name,))])
    while pending and len(found) < _COUNT_LIMIT:
        below, through = pending.popleft()
        for name in declared_bases(below.claims):
            if bare(name) in seen or len(found) >= _COUNT_LIMIT:
                continue
            seen.add(bare(name))
            above = _open(name, below)
            found.append(Ancestor(name, through, licence_of(above) if above else licence_by_name(name), above))
            if above is not None and len(through) < DEPTH_LIMIT:
                pending.append((above, (*through, name)))
    return tuple(found)


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
