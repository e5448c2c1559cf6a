"""Who says that a reference came first: the card, the auditor, or one host's dates."""

from __future__ import annotations

import datetime
from types import SimpleNamespace

import pytest

from lineage_audit.checkpoint.claims import Claims
from lineage_audit.checkpoint.source.dates import HostDates
from lineage_audit.claims.given import GivenReference
from lineage_audit.claims.order import order_of
from lineage_audit.claims.policy import Policy
from lineage_audit.claims.references import Reference
from lineage_audit.claims.repository import Repository
from lineage_audit.claims.statements import Statements
from lineage_audit.results import ClaimRecord

SILENT = Statements((), frozenset())


def day(number: int) -> datetime.datetime:
    return datetime.datetime(2024, 1, number, tzinfo=datetime.UTC)


def dated(ref: str, host: str, created: int, changed: int) -> Repository:
    dates = HostDates(host, day(created), day(changed))
    return Repository(SimpleNamespace(ref=ref, dates=dates), Claims(), (), None, None, ())  # type: ignore[arg-type]


def undated(ref: str) -> Repository:
    return Repository(SimpleNamespace(ref=ref), Claims(), (), None, None, ())  # type: ignore[arg-type]


def held(repository: Repository, given: GivenReference | None = None) -> Reference:
    return Reference(repository.ref, "given", None, repository, None, None, None, (), given)


def test_a_host_that_dates_both_gives_an_order():
    order = order_of(held(dated("org/base", "hub", 1, 5)), dated("org/late", "hub", 6, 9), SILENT, Policy())
    assert order is not None
    assert order.basis == "dated"
    assert "hub says that org/base was last changed on 2024-01-05" in order.sentence


@pytest.mark.parametrize(
    ("reference", "subject"),
    [
        (dated("org/base", "hub", 1, 7), dated("org/late", "hub", 6, 9)),
        (dated("org/base", "hub", 1, 5), dated("org/late", "another", 6, 9)),
        (undated("base"), dated("org/late", "hub", 6, 9)),
        (dated("org/base", "hub", 1, 5), undated("late")),
    ],
    ids=["changed after the subject was made", "dates of two hosts", "a local reference", "a local subject"],
)
def test_other_dates_give_none(reference, subject):
    assert order_of(held(reference), subject, SILENT, Policy()) is None


def test_the_subjects_own_word_comes_before_what_others_say():
    record = ClaimRecord("base_model", "org/base", "README.md", 3, "base_model")
    given = GivenReference("org/base", is_earlier=True)
    order = order_of(held(undated("org/base"), given), undated("late"), Statements((record,), frozenset()), Policy())
    assert order is not None
    assert (order.basis, order.sentence) == ("card", "order: README.md:3 base_model names org/base")


def test_one_date_of_release_is_no_order():
    given = GivenReference("org/base", released=day(1).date())
    assert order_of(held(undated("org/base"), given), undated("late"), SILENT, Policy()) is None
    stated = order_of(held(undated("org/base"), given), undated("late"), SILENT, Policy(released=day(2).date()))
    assert stated is not None
    assert stated.basis == "stated"
