"""The one list of formats: what each is called, what its files end in, and which results it takes.

A format is a module or folder of this room that bears its name and holds ``RENDERERS``: result type -> function to text
or bytes. It is loaded when something is first written in it, and everything that the command line offers (choices,
suffixes, help) is read off this list.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from lineage_audit.errors import LineageAuditError
from lineage_audit.results import RESULTS, CheckReport, FamilyTree, Report, Unmixing

Renderer = Callable[[Any], str | bytes]


@dataclass(frozen=True, slots=True)
class Format:
    """One format.

    Attributes:
        name: what it is called, and the module of this room that writes it.
        suffixes: what the names of its files end in.
        results: the results that it takes.
        needs_library: whether an optional library writes it, which may be missing.
    """

    name: str
    suffixes: tuple[str, ...]
    results: tuple[type, ...] = RESULTS
    needs_library: bool = False

    def renderers(self) -> Mapping[type, Renderer]:
        """Result type -> what writes it."""
        renderers: Mapping[type, Renderer] = self._module().RENDERERS
        return renderers

    def require(self) -> None:
        """Make sure that the format can be written, before any model is read.

        Raises:
            LineageAuditError: it needs an optional library that is not installed.
        """
        if self.needs_library:
            self._module().require_library()

    def _module(self) -> ModuleType:
        return importlib.import_module(f"lineage_audit.report.{self.name}")


TERMINAL = Format("terminal", (".txt",))

FORMATS = (
    TERMINAL,
    Format("json", (".json",)),
    Format("markdown", (".md",)),
    Format("html", (".html", ".htm")),
    Format("pdf", (".pdf",), needs_library=True),
    Format("sarif", (".sarif", ".sarif.json"), (CheckReport,)),
    Format("junit", (".xml",), (CheckReport,)),
    Format("cyclonedx", (".cdx.json", ".bom.json"), (CheckReport,), needs_library=True),
    Format("spdx", (".spdx.json", ".spdx3.json"), (CheckReport,), needs_library=True),
    Format("github", (".github.txt",), (CheckReport,)),
    Format("dot", (".dot", ".gv"), (FamilyTree,)),
    Format("mermaid", (".mmd", ".mermaid"), (FamilyTree,)),
)
"""Every format; the terminal's is what stdout gets where nothing else is asked for."""

WITH_FIGURES: tuple[type, ...] = (Report, CheckReport, Unmixing, FamilyTree)
"""The results that have figures."""


def formats_of(kind: type) -> tuple[Format, ...]:
    """The formats that a kind of result can be written in."""
    return tuple(form for form in FORMATS if kind in form.results)


def suffixes_of(kind: type) -> tuple[str, ...]:
    """What a file's name may end in, the first ending of each format."""
    return tuple(form.suffixes[0] for form in formats_of(kind))


def format_named(kind: type, name: str) -> Format:
    """The format of that name.

    Raises:
        LineageAuditError: this kind of result has no such format.
    """
    for form in formats_of(kind):
        if form.name == name:
            return form
    known = ", ".join(form.name for form in formats_of(kind))
    raise LineageAuditError(f"{name!r} is no format of this result; use one of {known}")


def format_of_file(kind: type, file_name: str) -> Format | None:
    """The format that a file's name ends in, or None: ``model.cdx.json`` is a bill of materials, not a report."""
    name = file_name.lower()
    endings = ((suffix, form) for form in formats_of(kind) for suffix in form.suffixes if name.endswith(suffix))
    return max(endings, key=lambda ending: len(ending[0]), default=(None, None))[1]
