"""What the public functions are given, in one form and checked before any work: one line where it is wrong."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TypeVar, get_args

from lineage_audit.errors import LineageAuditError

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
