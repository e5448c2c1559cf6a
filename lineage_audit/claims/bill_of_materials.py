"""A bill of materials (CycloneDX or SPDX, as JSON) as the list of the models to check.

It is untrusted text: a model in it leads to the Hub, or to a folder below the bill's own; nothing else is looked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from msgspec import Struct

from lineage_audit.checkpoint.bounded_json import parse_json
from lineage_audit.checkpoint.card.naming import HUB_ADDRESS
from lineage_audit.claims.names import HUB_ID
from lineage_audit.errors import UnreadableFileError

_LARGEST = 32 * 2**20
_MOST = 500
_PURL = re.compile(r"pkg:huggingface/([\w.-]+/[\w.-]+)(?:@([\w.+-]{1,100}))?(?:[?#].*)?", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}")
_MODEL_TYPE = "machine-learning-model"
_AI_PACKAGE = ("AIPackage", "ai_AIPackage")


class BillOfMaterials(Struct, frozen=True):
    """The models of a bill.

    Attributes:
        models: references of those that can be found, each once.
        unplaced: names of models that lead nowhere.
    """

    models: tuple[str, ...]
    unplaced: tuple[str, ...]


class _Entry(Struct, frozen=True):
    """What a bill says of one component: its name and version, where it may be found, and whether it is a model."""

    name: str
    version: str
    places: tuple[str, ...]
    is_model: bool


_Reader = Callable[[Mapping[str, Any]], Iterator[_Entry]]


def is_bill_of_materials(path: Path) -> bool:
    """Whether a file is a bill of materials by its own word."""
    if path.suffix != ".json" or not path.is_file() or path.stat().st_size > _LARGEST:
        return False
    try:
        document = parse_json(path.read_bytes(), str(path))
    except (OSError, UnreadableFileError):
        return False
    return isinstance(document, dict) and _reader(document) is not None


def read_bill_of_materials(path: Path) -> BillOfMaterials:
    """Read the models that a bill lists.

    Raises:
        UnreadableFileError: the file cannot be read, or is no bill of materials.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise UnreadableFileError(f"{path}: more than the {_LARGEST:,} bytes that a bill of materials may have")
        document = parse_json(path.read_bytes(), str(path))
    except OSError as error:
        raise UnreadableFileError(f"{path}: bill of materials cannot be read ({error.strerror})") from None
    reader = _reader(document) if isinstance(document, dict) else None
    if reader is None or not isinstance(document, dict):
        raise UnreadableFileError(f"{path}: is no bill of materials; give CycloneDX or SPDX as JSON")
    placed: dict[str, None] = {}
    unplaced: dict[str, None] = {}
    for entry in reader(document):
        ref = _place(entry, path.parent)
        if ref is not None and len(placed) < _MOST:
            placed[ref] = None
        elif ref is None and entry.is_model:
            unplaced[entry.name[:200]] = None
    return BillOfMaterials(tuple(placed), tuple(unplaced))


def _reader(document: Mapping[str, Any]) -> _Reader | None:
    """What reads a bill of this format, or None."""
    if document.get("bomFormat") == "CycloneDX":
        return _cyclonedx
    if str(document.get("spdxVersion", "")).startswith("SPDX-2"):
        return _spdx_2
    return _spdx_3 if "spdx.org/rdf/3" in str(document.get("@context", "")) else None


def _cyclonedx(document: Mapping[str, Any]) -> Iterator[_Entry]:
    """The component that the bill is of, and those in it, whatever their depth."""
    metadata = document.get("metadata")
    pending = [*_objects([metadata.get("component")] if isinstance(metadata, dict) else [])]
    pending += _objects(document.get("components"))
    seen = 0
    while pending and seen < 100 * _MOST:
        component, seen = pending.pop(0), seen + 1
        pending += _objects(component.get("components"))
        addresses = [str(one.get("url", "")) for one in _objects(component.get("externalReferences"))]
        yield _Entry(
            name=_joined(component.get("group"), component.get("name")),
            version=str(component.get("version", "")),
            places=(str(component.get("purl", "")), *addresses),
            is_model=component.get("type") == _MODEL_TYPE,
        )


def _spdx_2(document: Mapping[str, Any]) -> Iterator[_Entry]:
    for package in _objects(document.get("packages")):
        locators = [str(one.get("referenceLocator", "")) for one in _objects(package.get("externalRefs"))]
        yield _Entry(
            name=str(package.get("name", "")),
            version=str(package.get("versionInfo", "")),
            places=(*locators, str(package.get("downloadLocation", ""))),
            is_model=False,
        )


def _spdx_3(document: Mapping[str, Any]) -> Iterator[_Entry]:
    for element in _objects(document.get("@graph")):
        yield _Entry(
            name=str(element.get("name", "")),
            version=str(element.get("software_packageVersion", "")),
            places=(str(element.get("software_packageUrl", "")), str(element.get("software_downloadLocation", ""))),
            is_model=str(element.get("type", "")) in _AI_PACKAGE,
        )


def _place(entry: _Entry, folder: Path) -> str | None:
    """Where a component is as a model: on the Hub by its package URL or address, or in a folder below the bill's."""
    for place in entry.places:
        purl, address = _PURL.fullmatch(place), HUB_ADDRESS.fullmatch(place)
        if purl is not None:
            return f"{unquote(purl[1])}@{purl[2]}" if purl[2] else unquote(purl[1])
        if address is not None and HUB_ID.fullmatch(address[1]):
            return _pinned(address[1], entry.version)
    if not entry.is_model:
        return None
    local = (folder / entry.name).resolve()
    if local.is_dir() and local.is_relative_to(folder.resolve()) and local != folder.resolve():
        return str(folder / entry.name)
    return _pinned(entry.name, entry.version) if HUB_ID.fullmatch(entry.name) else None


def _pinned(model: str, version: str) -> str:
    return f"{model}@{version}" if "@" not in model and _COMMIT.fullmatch(version) else model


def _joined(group: object, name: object) -> str:
    return f"{group}/{name}" if group else str(name or "")


def _objects(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
