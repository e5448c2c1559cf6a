"""Which of two models came first, and who says so. Weights alone seldom show it, and what they show can be planted.

An order comes from the subject's own card (a base that it names is the earlier model), from the auditor (`--earlier`,
or both dates of release in the policy), or from a host's dates. Marks in the weights are no source of it here: whoever
holds an honest model can make another that bears every mark of its ancestor.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from lineage_audit.checkpoint.source.dates import HostDates, host_dates
from lineage_audit.claims.names import same_model
from lineage_audit.claims.policy import Policy
from lineage_audit.claims.references import Reference
from lineage_audit.claims.repository import Repository
from lineage_audit.claims.stated_licence import place_of
from lineage_audit.claims.statements import Statements

_OrderBasis = Literal["card", "stated", "dated"]


class Order(Struct, frozen=True):
    """Why a reference is taken for the earlier of the two.

    Attributes:
        basis: the subject's own ``card``, ``stated`` by the auditor, or ``dated`` by a host.
        sentence: who says so, as a line of evidence.
    """

    basis: _OrderBasis
    sentence: str


def order_of(reference: Reference, subject: Repository, statements: Statements, policy: Policy) -> Order | None:
    """The order of a reference and the subject, the reference being the earlier; None where it is not shown."""
    sources = (
        _named(reference, statements),
        _stated(reference, policy),
        _dated(reference, subject),
        _held(reference, subject, policy),
    )
    return next((order for order in sources if order is not None), None)


def _named(reference: Reference, statements: Statements) -> Order | None:
    """What the subject's own files name as its origin is the earlier model."""
    records = (base.record for base in statements.named if base.means(reference.name))
    return next((Order("card", f"order: {place_of(record)} names {reference.name}") for record in records), None)


def _stated(reference: Reference, policy: Policy) -> Order | None:
    given = reference.given
    if given is None:
        return None
    if given.is_earlier:
        return Order("stated", f"order: it is stated that {reference.name} is the earlier model")
    if given.released is not None and policy.released is not None and given.released < policy.released:
        dates = f"{reference.name} was released on {given.released}, the subject on {policy.released}"
        return Order("stated", f"order: the policy states that {dates}")
    return None


def _dated(reference: Reference, subject: Repository) -> Order | None:
    """By one host's dates: the reference was last changed before the subject's repository was made."""
    theirs = host_dates(reference.repository.source) if reference.repository else None
    ours = host_dates(subject.source)
    if theirs is None or ours is None or not _is_before(theirs, ours):
        return None
    said = f"{reference.name} was last changed on {theirs.changed:%Y-%m-%d}, the subject's repository made on "
    return Order("dated", f"order: {theirs.host} says that {said}{ours.created:%Y-%m-%d}")


def _held(reference: Reference, subject: Repository, policy: Policy) -> Order | None:
    """A library held the reference before the subject was released, or its repository made."""
    since = reference.given.held_since if reference.given else None
    dates = host_dates(subject.source)
    ours = policy.released or (dates.created.date() if dates else None)
    if since is None or ours is None or since >= ours:
        return None
    who = f"the policy states that the subject was released on {ours}"
    if policy.released is None and dates is not None:
        who = f"{dates.host} says that the subject's repository was made on {ours}"
    return Order("dated", f"order: the library has held {reference.name} since {since}, and {who}")


def _is_before(theirs: HostDates, ours: HostDates) -> bool:
    return theirs.host == ours.host and theirs.changed < ours.created


def is_named_in(names: Iterable[str], reference: Reference) -> bool:
    """Whether one of these names means the reference."""
    return any(same_model(reference.name, name) for name in names)
