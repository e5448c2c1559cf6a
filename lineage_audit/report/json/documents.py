"""Every kind of result as a document, and back; what differs from the fields is said here alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from lineage_audit.errors import UnreadableFileError
from lineage_audit.report.json.document import TOOL, Document, plain, written
from lineage_audit.report.json.reading import read
from lineage_audit.results import (
    Behaviour,
    CheckReport,
    Comparisons,
    FamilyTree,
    Identification,
    Inspection,
    Report,
    Result,
    Unmixing,
)

_LARGEST = 1 << 30

Change = Callable[[Document], Document]
"""From one form of a document to another; the document that is given may be used up."""


def _report_document(body: Document) -> Document:
    """The layers stand beside the weights, for whoever plots them; the parameters stand near the end."""
    layers, parameters, evidence = body["weights"].pop("layers"), body.pop("parameters"), body.pop("evidence")
    end = {
        name: body.pop(name)
        for name in ("run", "coverage", "requantization", "prompting", "controls", "quoted", "certificate")
    }
    return {**body, "layers": layers, "parameters": parameters, "evidence": evidence, **end}


def _report_fields(body: Document) -> Document:
    return {**body, "weights": {**body["weights"], "layers": body["layers"]}}


def _comparisons_document(body: Document) -> Document:
    """Each comparison is a document of its own kind."""
    return {**body, "reports": [_headed(_REPORT, report) for report in body["reports"]]}


def _comparisons_fields(body: Document) -> Document:
    return {**body, "reports": [_bare(_REPORT, report) for report in body["reports"]]}


def _inspection_document(body: Document) -> Document:
    """Fields become objects with named members."""
    body["fields"] = _named(("field", "value", "origin"), body["fields"])
    body["other_fields"] = _named(("field", "value"), body["other_fields"])
    return body


def _inspection_fields(body: Document) -> Document:
    return {**body, **{key: [list(row.values()) for row in body[key]] for key in ("fields", "other_fields")}}


def _unmixing_document(body: Document) -> Document:
    """The factor goes by its name, and pairs become objects with named members."""
    body["lambda"] = body.pop("lambda_")
    body["collinear"] = _named(("first", "second", "correlation"), body["collinear"])
    return body


def _unmixing_fields(body: Document) -> Document:
    return {**body, "lambda_": body["lambda"], "collinear": [list(row.values()) for row in body["collinear"]]}


def _named(names: tuple[str, ...], rows: list[list[object]]) -> list[Document]:
    return [dict(zip(names, row, strict=True)) for row in rows]


def _as_it_is(body: Document) -> Document:
    return body


@dataclass(frozen=True, slots=True)
class _DocumentKind:
    """One kind of document.

    Attributes:
        name: its name in the id and the file of its schema: ``lineage-audit/<name>/<version>``.
        result: the result that it holds.
        from_fields: from the result's fields to the document's.
        to_fields: the way back.
        version: of its schema; a new one takes the place of the old.
    """

    name: str
    result: type
    from_fields: Change = _as_it_is
    to_fields: Change = _as_it_is
    version: int = 1

    @property
    def schema(self) -> str:
        """The id that every such document bears."""
        return f"{TOOL}/{self.name}/{self.version}"

    @property
    def schema_file(self) -> str:
        """The name of the file that holds its schema."""
        return f"{self.name}-{self.version}.schema.json"


_REPORT = _DocumentKind("report", Report, _report_document, _report_fields, version=2)

KINDS = (
    _REPORT,
    _DocumentKind("comparisons", Comparisons, _comparisons_document, _comparisons_fields),
    _DocumentKind("check", CheckReport),
    _DocumentKind("inspection", Inspection, _inspection_document, _inspection_fields),
    _DocumentKind("identification", Identification),
    _DocumentKind("tree", FamilyTree),
    _DocumentKind("unmix", Unmixing, _unmixing_document, _unmixing_fields),
    _DocumentKind("behaviour", Behaviour),
)
_BY_RESULT: Mapping[type, _DocumentKind] = {kind.result: kind for kind in KINDS}
_BY_SCHEMA: Mapping[str, _DocumentKind] = {kind.schema: kind for kind in KINDS}


def kind_of(result: type) -> _DocumentKind:
    """The kind of document that holds a type of result."""
    return _BY_RESULT[result]


def document_of(result: Result) -> Document:
    """A result as a document."""
    return _headed(kind_of(type(result)), plain(result))


def _headed(kind: _DocumentKind, body: Document) -> Document:
    """The fields of a result as a document that names its schema and the tool."""
    head = {"schema": kind.schema, "tool": {"name": TOOL, "version": body.pop("tool_version")}}
    return {**head, **kind.from_fields(body)}


def _bare(kind: _DocumentKind, document: Mapping[str, Any]) -> Document:
    """The way back."""
    return {**kind.to_fields(dict(document)), "tool_version": document["tool"]["version"]}


def to_json(result: Result) -> str:
    """A result as JSON text: indented by two, ending in a newline."""
    return written(document_of(result))


def result_from(document: str | bytes | Path | Mapping[str, Any]) -> Result:
    """The result that a document holds.

    Args:
        document: its text, its dictionary, or the path of its file.

    Raises:
        UnreadableFileError: it is no JSON, of no schema that this version knows, or not what its schema says.
    """
    members = document if isinstance(document, Mapping) else _parsed(_text_of(document))
    kind = _BY_SCHEMA.get(str(members.get("schema")))
    if kind is None:
        known = ", ".join(_BY_SCHEMA)
        raise UnreadableFileError(f"a document of schema {members.get('schema')!r} cannot be read; known are {known}")
    try:
        result: Result = read(kind.result, _bare(kind, members))
    except (TypeError, KeyError, ValueError, AttributeError, IndexError) as error:
        raise UnreadableFileError(f"the document is not what {kind.schema} says: {error}") from None
    return result


def schema_of(result: type) -> Document:
    """The JSON Schema (draft 2020-12) that the documents of a type of result fulfil."""
    path = files("lineage_audit.report") / "schema" / kind_of(result).schema_file
    schema: Document = json.loads(path.read_text(encoding="utf-8"))
    return {**schema, "$defs": {**schema["$defs"], "report": schema_of(Report)}} if result is Comparisons else schema


def _text_of(document: str | bytes | Path) -> str | bytes:
    """The text itself, or what the file of that path holds; a document begins with a brace, a path does not."""
    if isinstance(document, bytes) or (isinstance(document, str) and document.lstrip()[:1] == "{"):
        return document
    path = Path(document)
    try:
        if path.stat().st_size > _LARGEST:
            raise UnreadableFileError(f"{path}: is too large for a report")
        return path.read_bytes()
    except OSError as error:
        raise UnreadableFileError(f"{path}: cannot be read ({error.strerror})") from None


def _parsed(text: str | bytes) -> Document:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableFileError(f"this is no JSON document: {error}") from None
    if not isinstance(document, dict):
        raise UnreadableFileError("this JSON document is no report: it is not an object")
    return document
