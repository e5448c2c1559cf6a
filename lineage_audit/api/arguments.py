"""What the public functions are given, in one form and checked before any work: one line where it is wrong."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TypeVar, get_args

from lineage_audit.errors import LineageAuditError
from lineage_audit.sizes import LEAST_BUDGET, read_size

Reference = str | os.PathLike[str]
"""A local path, as text or as a ``Path``, or any other reference as text."""

Choice = TypeVar("Choice", bound=str)


def as_reference(model: Reference) -> str:
    """A reference as text.

    Raises:
        LineageAuditError: it is neither text nor a path.
    """
    if isinstance(model, (str, os.PathLike)):
        return os.fspath(model)
    raise LineageAuditError(f"{model!r:.80} is no reference to a model; give a path or org/name[@revision]")


def as_references(models: Reference | Iterable[Reference]) -> tuple[str, ...]:
    """References as text; one that stands alone is one, not its letters.

    Raises:
        LineageAuditError: something among them is neither text nor a path.
    """
    if isinstance(models, (str, os.PathLike)):
        return (as_reference(models),)
    if not isinstance(models, Iterable):
        raise LineageAuditError(f"{models!r:.80} is no list of references; give paths or org/name[@revision]")
    return tuple(map(as_reference, models))


def as_path(path: str | Path | None) -> Path | None:
    """A path that may be left out."""
    return None if path is None else Path(path)


def as_budget(budget: int | str | None) -> int | None:
    """A number of bytes, as such or as people write it (``"64MiB"``); None stays None.

    Raises:
        LineageAuditError: it is no size, or less than one MiB, from which nothing can be said.
    """
    if budget is None:
        return None
    size = read_size(budget) if isinstance(budget, str) else budget
    if not isinstance(size, int) or isinstance(size, bool) or size < LEAST_BUDGET:
        raise LineageAuditError(f"budget={budget!r:.40}: give at least one MiB, as 8000000 or '64MiB'")
    return size


def one_of(name: str, value: Choice, allowed: Collection[str]) -> Choice:
    """The value of an argument that has a closed set of values.

    Raises:
        LineageAuditError: it is not one of them.
    """
    if value not in allowed:
        raise LineageAuditError(f"{name}={value!r:.40}: use one of {', '.join(allowed)}")
    return value


def choices(literal: object) -> tuple[str, ...]:
    """The values of a ``Literal`` type."""
    return get_args(literal)
