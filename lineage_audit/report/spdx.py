"""A check as an SPDX 3 document with the classes of its AI profile: the model, its licences, its files, its lineage.

Models are AI packages, weight files data files with their hashes, the stated licence a declared one and the one that
the weights imply a concluded one. An ancestor is what the subject is a descendant of, with the evidence as the
relationship's comment; findings and caveats are annotations. Conformance to the AI profile is not claimed: it asks
for a date of release and a supplier, which no weights tell.
"""

from __future__ import annotations

import datetime
import io
import re
import uuid
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from lineage_audit.errors import LineageAuditError
from lineage_audit.report import bills
from lineage_audit.report.formats import Renderer
from lineage_audit.report.json.document import TOOL
from lineage_audit.results import AncestorSummary, CheckReport, LicenceStatement, ReferenceSummary

if TYPE_CHECKING:
    from types import ModuleType

_NOT_ID = re.compile(r"[^A-Za-z0-9.-]+")
_SPDX_VERSION = "3.0.1"
_RELATIONS: Mapping[bills.Kinship, tuple[str, bool]] = {
    "ancestors": ("descendantOf", True),
    "descendants": ("descendantOf", False),
    "variants": ("hasVariant", True),
}
"""Kinship of a reference -> the relationship, and whether it runs from the subject."""


def require_library() -> None:
    """Make sure that an SPDX 3 document can be written, before any model is read.

    Raises:
        LineageAuditError: the optional library is not installed.
    """
    try:
        import spdx_python_model  # noqa: F401
    except ImportError:
        raise LineageAuditError("SPDX 3 needs spdx-python-model: pip install 'lineage-audit[spdx]'") from None


def render_check_spdx(report: CheckReport) -> str:
    """A check as SPDX 3.0.1 JSON-LD, ending in a newline; the document's identifier is new with every call.

    Raises:
        LineageAuditError: the optional library is not installed.
    """
    require_library()
    return _Document(report).text()


class _Document:
    """One document as it grows: every element is added once, under an identifier of its own."""

    def __init__(self, report: CheckReport) -> None:
        from spdx_python_model import v3_0_1

        self._model: ModuleType = v3_0_1
        self._report = report
        self._namespace = f"urn:uuid:{uuid.uuid4()}"
        self._elements: list[Any] = []
        self._agent = self._model.SoftwareAgent(spdxId=self._id("agent"), name=TOOL, creationInfo=self._created)
        self._created.createdBy = [self._agent]
        self._elements.append(self._agent)

    def text(self) -> str:
        """The document, whole."""
        subject = self._subject()
        for number, reference in enumerate(self._report.references):
            self._relative(subject, reference, f"reference-{number}")
        profiles = [self._model.ProfileIdentifierType.core, self._model.ProfileIdentifierType.software]
        profiles.append(self._model.ProfileIdentifierType.simpleLicensing)
        bom = self._add(
            self._model.software_Sbom,
            "bom",
            rootElement=[subject],
            element=list(self._elements),
            profileConformance=profiles,
            software_sbomType=[self._model.software_SbomType.analyzed],
        )
        self._add(
            self._model.SpdxDocument,
            "document",
            rootElement=[bom],
            element=[bom, *bom.element],
            profileConformance=profiles,
        )
        stream = io.BytesIO()
        objects = self._model.SHACLObjectSet(self._elements, link=True)
        self._model.JSONLDSerializer(indent=2, ensure_ascii=False).write(objects, stream, force_at_graph=True)
        return stream.getvalue().decode("utf-8") + "\n"

    @cached_property
    def _created(self) -> Any:
        return self._model.CreationInfo(
            created=_moment(self._report.checked_at),
            specVersion=_SPDX_VERSION,
            comment=f"{TOOL} {bills.text(self._report.tool_version)}",
        )

    def _id(self, part: str) -> str:
        return f"{self._namespace}#{part}"

    def _add(self, kind: Any, part: str, **values: Any) -> Any:
        """Make an element, its empty values left out."""
        given = {key: value for key, value in values.items() if value is not None}
        element = kind(spdxId=self._id(part), creationInfo=self._created, **given)
        self._elements.append(element)
        return element

    def _subject(self) -> Any:
        report = self._report
        package = self._package("subject", report.subject.ref, report.subject.revision, report.subject.digest)
        package.ai_typeOfModel = [bills.text(report.subject.architecture)]
        for number, file in enumerate(report.subject.files):
            self._file(package, number, bills.text(file.file), bills.sha256_of(file))
        licence_kinds = self._model.RelationshipType
        self._licence(package, "declared", report.declared_licence, licence_kinds.hasDeclaredLicense)
        self._licence(package, "concluded", report.concluded_licence, licence_kinds.hasConcludedLicense)
        facts = (*bills.named(bills.facts_of_subject(report)), *bills.named_findings(report))
        self._notes(package, "subject", facts)
        return package

    def _package(self, part: str, ref: str, revision: str | None, digest: str | None) -> Any:
        placed = bills.on_the_hub(ref, revision)
        name = f"{placed[0]}/{placed[1]}" if placed else None
        return self._add(
            self._model.ai_AIPackage,
            part,
            name=bills.text(ref),
            software_packageVersion=bills.version(revision, digest),
            software_primaryPurpose=self._model.software_SoftwarePurpose.model,
            software_packageUrl=f"pkg:huggingface/{name}@{revision}" if placed else None,
            software_downloadLocation=f"https://huggingface.co/{name}/tree/{revision}" if placed else None,
        )

    def _file(self, package: Any, number: int, name: str, sha256: str | None) -> None:
        hashes = [self._model.Hash(algorithm=self._model.HashAlgorithm.sha256, hashValue=sha256)] if sha256 else []
        file = self._add(
            self._model.software_File,
            f"file-{number}",
            name=name,
            software_primaryPurpose=self._model.software_SoftwarePurpose.data,
            verifiedUsing=hashes,
        )
        self._relate(package, self._model.RelationshipType.hasDataFile, file, f"file-{number}-of-subject")

    def _licence(self, package: Any, part: str, licence: LicenceStatement | None, relation: str) -> None:
        """A licence by its SPDX expression; one that has none under a reference of the document's own."""
        if licence is None:
            return
        stated = f"LicenseRef-{_NOT_ID.sub('-', licence.name or licence.stated).strip('-')[:80] or 'unnamed'}"
        expression = bills.text(licence.spdx or stated)
        own = re.findall(r"LicenseRef-[A-Za-z0-9.-]+", expression)
        places = licence.source if licence.source and bills.is_plain_address(licence.source) else self._id("unknown")
        element = self._add(
            self._model.simplelicensing_LicenseExpression,
            f"licence-{part}",
            name=bills.text(licence.name or licence.stated),
            comment=bills.text(f"{licence.stated} ({licence.basis})"),
            simplelicensing_licenseExpression=expression,
            simplelicensing_customIdToUri=[self._model.DictionaryEntry(key=key, value=places) for key in own],
        )
        self._relate(package, relation, element, f"licence-{part}-of")

    def _relative(self, subject: Any, reference: ReferenceSummary, part: str) -> None:
        """A reference that is related, with its licence and the bases that its card declares."""
        kinship = bills.kinship(reference)
        if kinship is None:
            return
        package = self._package(part, reference.ref, reference.revision, reference.digest)
        self._licence(package, part, reference.licence, self._model.RelationshipType.hasDeclaredLicense)
        relation, is_from_subject = _RELATIONS[kinship]
        first, second = (subject, package) if is_from_subject else (package, subject)
        evidence = "; ".join(f"{name}={value}" for name, value in bills.named(bills.evidence_of(reference)))
        kind = getattr(self._model.RelationshipType, relation)
        self._relate(first, kind, second, f"{part}-relation", bills.text(evidence))
        self._declared(package, reference.ancestors, part)

    def _declared(self, package: Any, ancestors: Iterable[AncestorSummary], part: str) -> None:
        """The bases above a reference, each a descendant of the next, by words alone."""
        above: dict[tuple[str, ...], Any] = {(): package}
        for number, ancestor in enumerate(ancestors):
            child = above.get(ancestor.through[1:])
            if child is None:
                continue
            own = self._package(f"{part}.{number}", ancestor.ref, None, None)
            above[(*ancestor.through[1:], ancestor.ref)] = own
            self._licence(own, f"{part}.{number}", ancestor.licence, self._model.RelationshipType.hasDeclaredLicense)
            words = f"declared on a card, weights not compared; basis: {ancestor.basis}"
            self._relate(child, self._model.RelationshipType.descendantOf, own, f"{part}.{number}-relation", words)

    def _relate(self, first: Any, kind: str, second: Any, part: str, comment: str | None = None) -> None:
        self._add(self._model.Relationship, part, from_=first, relationshipType=kind, to=[second], comment=comment)

    def _notes(self, package: Any, part: str, notes: Iterable[tuple[str, str]]) -> None:
        for number, (name, value) in enumerate(notes):
            self._add(
                self._model.Annotation,
                f"{part}-note-{number}",
                annotationType=self._model.AnnotationType.review,
                subject=package,
                statement=f"{name}={value}",
            )


RENDERERS: Mapping[type, Renderer] = {CheckReport: render_check_spdx}


def _moment(stated: str) -> datetime.datetime:
    """When a check was made; SPDX asks for a date, and a report that was read back may state anything: then 1970."""
    try:
        return datetime.datetime.strptime(stated, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.UTC)
    except ValueError:
        return datetime.datetime.fromtimestamp(0, datetime.UTC)
