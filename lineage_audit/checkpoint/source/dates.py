"""When a host says that a repository was made and last changed. Local files have no such date."""

from __future__ import annotations

import datetime
from typing import Protocol, runtime_checkable

from msgspec import Struct

from lineage_audit.checkpoint.source.base import Source


class HostDates(Struct, frozen=True):
    """A repository's dates, by its host.

    Attributes:
        host: who says so.
        created: when the repository was made; its weights may have come later.
        changed: when the commit that is read was made, or a later one; its weights were there by then.
    """

    host: str
    created: datetime.datetime
    changed: datetime.datetime


@runtime_checkable
class _Dated(Protocol):
    """A source whose host dates it."""

    @property
    def dates(self) -> HostDates | None: ...


def host_dates(source: Source) -> HostDates | None:
    """The dates that a source's host gives, or None."""
    return source.dates if isinstance(source, _Dated) else None
