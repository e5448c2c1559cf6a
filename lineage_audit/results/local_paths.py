"""Reports without the paths of this machine: of a local model its folder's name is enough, and nobody's business more.

What lies below the working directory keeps its relative path, which is the same wherever the project is checked out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

_Report = TypeVar("_Report")


def without_local_paths(report: _Report, refs: Iterable[str]) -> _Report:
    """The same report, the folders above the models that were given taken out of every text.

    Args:
        report: any of the result types.
        refs: the references and files as they were given; those that are no absolute paths hide nothing.
    """
    above = sorted(set(_folders_above(refs)), key=len, reverse=True)
    result: _Report = _changed(report, lambda text: _without(text, above)) if above else report
    return result


def _folders_above(refs: Iterable[str]) -> Iterable[str]:
    """The beginnings of absolute paths that are left out: the working directory, or the folder around a model."""
    here = Path.cwd()
    for ref in refs:
        given = Path(ref).expanduser()
        for path in {given, given.resolve()} if given.is_absolute() else ():
            around = here if path.is_relative_to(here) and path != here else path.parent
            if around != Path(around.anchor):
                yield f"{around}/"


def _without(text: str, folders: Iterable[str]) -> str:
    for folder in folders:
        text = text.replace(folder, "")
    return text


def _changed(value: Any, change: Callable[[str], str]) -> Any:
    """A value of the result types with every text in it changed."""
    if isinstance(value, str):
        return change(value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: _changed(getattr(value, field.name), change) for field in fields(value)})
    if isinstance(value, Mapping):
        return {key: _changed(item, change) for key, item in value.items()}
    if isinstance(value, tuple):
        return tuple(_changed(item, change) for item in value)
    return value
