"""A check as a CycloneDX bill of materials (ML-BOM): the model, its licences, and what its weights come from.

The licence that the repository states is *declared*, the one that the weights imply *concluded*. References whose
weights are related stand in the pedigree: ancestors, descendants, or variants where neither comes from the other;
behind an ancestor stand the bases that its own card declares. Every pedigree entry carries the evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from lineage_audit.errors import LineageAuditError
from lineage_audit.report import bills
from lineage_audit.report.formats import Renderer
from lineage_audit.report.json.document import TOOL
from lineage_audit.results import (
    AncestorSummary,
    CheckReport,
    LicenceStatement,
    ReferenceSummary,
    WeightFile,
)

if TYPE_CHECKING:
    from cyclonedx.model import HashType, Property
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component, Pedigree
    from cyclonedx.model.license import DisjunctiveLicense, LicenseAcknowledgement
    from packageurl import PackageURL


def require_library() -> None:
    """Make sure that a bill of materials can be written, before any model is read.

    Raises:
        LineageAuditError: the optional library is not installed.
    """
    try:
        import cyclonedx  # noqa: F401
    except ImportError:
        missing = "a CycloneDX bill of materials needs cyclonedx-python-lib: pip install 'lineage-audit[bom]'"
        raise LineageAuditError(missing) from None


def render_check_cyclonedx(report: CheckReport) -> str:
    """A check as CycloneDX 1.6 JSON, ending in a newline; serial number and time are new with every call.

    Raises:
        LineageAuditError: the optional library is not installed.
    """
    require_library()
    from cyclonedx.output.json import JsonV1Dot6

    return JsonV1Dot6(_bom(report)).output_as_string(indent=2) + "\n"


def _bom(report: CheckReport) -> Bom:
    from cyclonedx.model.bom import Bom, BomMetaData
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.model.tool import ToolRepository

    tool = Component(name=TOOL, version=bills.text(report.tool_version), type=ComponentType.APPLICATION)
    metadata = BomMetaData(tools=ToolRepository(components=[tool]), component=_subject(report))
    return Bom(metadata=metadata)


def _subject(report: CheckReport) -> Component:
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.model.license import LicenseAcknowledgement

    subject = report.subject
    licences = (
        *_licence(report.declared_licence, LicenseAcknowledgement.DECLARED),
        *_licence(report.concluded_licence, LicenseAcknowledgement.CONCLUDED),
    )
    return Component(
        type=ComponentType.MACHINE_LEARNING_MODEL,
        bom_ref="subject",
        name=bills.text(subject.ref),
        version=bills.version(subject.revision, subject.digest),
        purl=_package_url(subject.ref, subject.revision),
        hashes=_hashes(subject.files),
        licenses=licences,
        pedigree=_pedigree(report.references),
        properties=_properties((*bills.named(bills.facts_of_subject(report)), *bills.named_findings(report))),
    )


def _pedigree(references: Iterable[ReferenceSummary]) -> Pedigree | None:
    """The references by what the weights say of them; those that are not related stay out."""
    from cyclonedx.model.component import Pedigree

    related: dict[bills.Kinship, list[Component]] = {"ancestors": [], "descendants": [], "variants": []}
    for number, reference in enumerate(references):
        if found := bills.kinship(reference):
            related[found].append(_reference(reference, f"reference-{number}"))
    if not any(related.values()):
        return None
    return Pedigree(ancestors=related["ancestors"], descendants=related["descendants"], variants=related["variants"])


def _reference(reference: ReferenceSummary, bom_ref: str) -> Component:
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.model.license import LicenseAcknowledgement

    return Component(
        type=ComponentType.MACHINE_LEARNING_MODEL,
        bom_ref=bom_ref,
        name=bills.text(reference.ref),
        version=bills.version(reference.revision, reference.digest),
        purl=_package_url(reference.ref, reference.revision),
        licenses=_licence(reference.licence, LicenseAcknowledgement.DECLARED),
        pedigree=_declared_pedigree(reference.ancestors, (), bom_ref),
        properties=_properties(bills.named(bills.evidence_of(reference))),
    )


def _declared_pedigree(ancestors: Iterable[AncestorSummary], chain: tuple[str, ...], bom_ref: str) -> Pedigree | None:
    """The bases that a reference declares, each behind the one that declares it; the chain begins above the reference.

    It grows with every step, so that models which declare each other end where the report ends.
    """
    from cyclonedx.model.component import Component, ComponentType, Pedigree
    from cyclonedx.model.license import LicenseAcknowledgement

    everyone = tuple(ancestors)
    found = []
    for number, ancestor in enumerate(everyone):
        if ancestor.through[1:] != chain:
            continue
        own_ref = f"{bom_ref}.{number}"
        found.append(
            Component(
                type=ComponentType.MACHINE_LEARNING_MODEL,
                bom_ref=own_ref,
                name=bills.text(ancestor.ref),
                licenses=_licence(ancestor.licence, LicenseAcknowledgement.DECLARED),
                pedigree=_declared_pedigree(everyone, (*chain, ancestor.ref), own_ref),
                properties=_properties(
                    bills.named({"evidence": "declared on a card, weights not compared", "basis": ancestor.basis})
                ),
            )
        )
    return Pedigree(ancestors=found) if found else None


def _licence(
    licence: LicenceStatement | None, acknowledgement: LicenseAcknowledgement
) -> tuple[DisjunctiveLicense, ...]:
    """A licence by its SPDX id where that is on SPDX's list, else by its name."""
    from cyclonedx.model import XsUri
    from cyclonedx.model.license import DisjunctiveLicense
    from cyclonedx.spdx import is_supported_id

    if licence is None:
        return ()
    known = licence.spdx if licence.spdx and is_supported_id(licence.spdx) else None
    facts = {"stated": licence.stated, "spdx": licence.spdx, "class": licence.licence_class, "source": licence.source}
    return (
        DisjunctiveLicense(
            id=known,
            name=None if known else bills.text(licence.name or licence.stated),
            url=XsUri(licence.source) if licence.source and bills.is_plain_address(licence.source) else None,
            acknowledgement=acknowledgement,
            properties=_properties(bills.named(facts)),
        ),
    )


def _properties(facts: Iterable[tuple[str, str]]) -> list[Property]:
    from cyclonedx.model import Property

    return [Property(name=name, value=value) for name, value in facts]


def _hashes(files: Sequence[WeightFile]) -> tuple[HashType, ...]:
    """The hash of a model that is one file; the digest over several is none that another tool gives."""
    from cyclonedx.model import HashAlgorithm, HashType

    known = [found for file in files if (found := bills.sha256_of(file)) is not None]
    return (HashType(alg=HashAlgorithm.SHA_256, content=known[0]),) if len(known) == len(files) == 1 else ()


def _package_url(ref: str, revision: str | None) -> PackageURL | None:
    """The package URL of a model on the Hub, which is pinned by a commit; other models have none."""
    from packageurl import PackageURL

    placed = bills.on_the_hub(ref, revision)
    return PackageURL("huggingface", *placed) if placed else None


RENDERERS: Mapping[type, Renderer] = {CheckReport: render_check_cyclonedx}
