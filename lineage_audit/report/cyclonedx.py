"""A check as a CycloneDX bill of materials (ML-BOM): the model, its licences, and what its weights come from.

The licence that the repository states is *declared*, the one that the weights imply *concluded*. References whose
weights are related stand in the pedigree: ancestors, descendants, or variants where neither comes from the other;
behind an ancestor stand the bases that its own card declares. Every pedigree entry carries the evidence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from lineage_audit.errors import LineageAuditError
from lineage_audit.report.escaping import cut, printable
from lineage_audit.report.formats import Renderer
from lineage_audit.report.json.document import TOOL
from lineage_audit.report.wording import DIGEST_METHODS
from lineage_audit.report.wording.check import place
from lineage_audit.results import (
    RELATED,
    AncestorSummary,
    CheckReport,
    Finding,
    LicenceStatement,
    ModelSummary,
    ReferenceSummary,
    Scalar,
    Standing,
    WeightFile,
)

if TYPE_CHECKING:
    from cyclonedx.model import HashType, Property
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component, Pedigree
    from cyclonedx.model.license import DisjunctiveLicense, LicenseAcknowledgement
    from packageurl import PackageURL

_LONGEST = 1000
_HUB_ID = re.compile(r"(?P<owner>[\w.-]+)/(?P<name>[\w.-]+?)(?:@[^@]+)?", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}")

_SHA256 = re.compile(r"[0-9a-f]{64}")

Kinship = Literal["ancestors", "descendants", "variants"]


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

    tool = Component(name=TOOL, version=_text(report.tool_version), type=ComponentType.APPLICATION)
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
        name=_text(subject.ref),
        version=_version(subject.revision, subject.digest),
        purl=_package_url(subject.ref, subject.revision),
        hashes=_hashes(subject.files),
        licenses=licences,
        pedigree=_pedigree(report.references),
        properties=_properties(_subject_facts(report, subject))
        + _finding_properties(report.findings)
        + [_caveat(caveat) for caveat in report.caveats],
    )


def _subject_facts(report: CheckReport, subject: ModelSummary) -> Mapping[str, Scalar]:
    return {
        "outcome": report.outcome,
        "fail-on": report.fail_on,
        "effort": report.effort,
        "budget": report.budget,
        "bytes-read": subject.bytes_read,
        "library": report.library.summary if report.library else None,
        "weights-read": report.weights_read,
        "architecture": subject.architecture,
        "format": subject.format,
        "parameters": subject.parameters,
        "layers": subject.layers,
        "digest": subject.digest,
        "digest-method": DIGEST_METHODS[subject.digest_method],
        **{f"file:{_text(file.file)}": f"sha256:{file.sha256}" for file in subject.files if file.sha256},
        "licence-declared-basis": report.declared_licence.basis if report.declared_licence else None,
        "licence-concluded-basis": report.concluded_licence.basis if report.concluded_licence else None,
    }


def _pedigree(references: Iterable[ReferenceSummary]) -> Pedigree | None:
    """The references by what the weights say of them; those that are not related stay out."""
    from cyclonedx.model.component import Pedigree

    related: dict[Kinship, list[Component]] = {"ancestors": [], "descendants": [], "variants": []}
    for number, reference in enumerate(references):
        if kinship := _kinship(reference):
            related[kinship].append(_reference(reference, f"reference-{number}"))
    if not any(related.values()):
        return None
    return Pedigree(ancestors=related["ancestors"], descendants=related["descendants"], variants=related["variants"])


_KINSHIPS: Mapping[Standing, Kinship] = {
    "declared": "ancestors",
    "known": "ancestors",
    "base": "ancestors",
    "derivative": "descendants",
}


def _kinship(reference: ReferenceSummary) -> Kinship | None:
    """Ancestors are those that were concluded to be; what is related and no more is a variant."""
    if reference.relation not in RELATED:
        return None
    return _KINSHIPS.get(reference.standing, "variants")


def _reference(reference: ReferenceSummary, bom_ref: str) -> Component:
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.model.license import LicenseAcknowledgement

    return Component(
        type=ComponentType.MACHINE_LEARNING_MODEL,
        bom_ref=bom_ref,
        name=_text(reference.ref),
        version=_version(reference.revision, reference.digest),
        purl=_package_url(reference.ref, reference.revision),
        licenses=_licence(reference.licence, LicenseAcknowledgement.DECLARED),
        pedigree=_declared_pedigree(reference.ancestors, (), bom_ref),
        properties=_properties(_evidence(reference)),
    )


def _evidence(reference: ReferenceSummary) -> Mapping[str, Scalar]:
    return {
        "relation": reference.relation,
        "direction": reference.direction,
        "evidence": reference.summary,
        "grade": reference.grade,
        "log10-p": reference.log10_p,
        "derived-share": reference.derived_share,
        "compared-share": reference.compared_share,
        "detection-limit": reference.detection_limit,
        "operations": ", ".join(reference.operations) or None,
        "declared-by-subject": reference.declared,
        "architecture": reference.architecture,
        "parameters": reference.parameters,
        "digest": reference.digest,
    }


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
                name=_text(ancestor.ref),
                licenses=_licence(ancestor.licence, LicenseAcknowledgement.DECLARED),
                pedigree=_declared_pedigree(everyone, (*chain, ancestor.ref), own_ref),
                properties=_properties(
                    {"evidence": "declared on a card, weights not compared", "basis": ancestor.basis}
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
            name=None if known else _text(licence.name or licence.stated),
            url=XsUri(licence.source) if licence.source and _is_plain_url(licence.source) else None,
            acknowledgement=acknowledgement,
            properties=_properties(facts),
        ),
    )


def _finding_properties(findings: Iterable[Finding]) -> list[Property]:
    from cyclonedx.model import Property

    return [
        Property(name=f"{TOOL}:finding:{_text(finding.rule_id)}", value=_text(_finding_words(finding)))
        for finding in findings
    ]


def _caveat(caveat: str) -> Property:
    from cyclonedx.model import Property

    return Property(name=f"{TOOL}:caveat", value=_text(caveat))


def _finding_words(finding: Finding) -> str:
    state = finding.level if finding.counts else "suppressed"
    return f"{state} at {place(finding.location)}: {finding.message}"


def _properties(facts: Mapping[str, Scalar]) -> list[Property]:
    from cyclonedx.model import Property

    return [Property(name=f"{TOOL}:{name}", value=value) for name, value in _written(facts)]


def _written(facts: Mapping[str, Scalar]) -> Iterator[tuple[str, str]]:
    for name, value in facts.items():
        if isinstance(value, bool):
            yield name, str(value).lower()
        elif value is not None:
            yield name, _text(str(value))


def _hashes(files: Sequence[WeightFile]) -> tuple[HashType, ...]:
    """The hash of a model that is one file; the digest over several is none that another tool gives."""
    from cyclonedx.model import HashAlgorithm, HashType

    known = [file.sha256 for file in files if file.sha256 is not None and _SHA256.fullmatch(file.sha256)]
    return (HashType(alg=HashAlgorithm.SHA_256, content=known[0]),) if len(known) == len(files) == 1 else ()


def _version(revision: str | None, digest: str | None) -> str | None:
    return _text(revision or digest or "") or None


def _package_url(ref: str, revision: str | None) -> PackageURL | None:
    """The package URL of a model on the Hub, which is pinned by a commit; other models have none."""
    from packageurl import PackageURL

    found = _HUB_ID.fullmatch(ref)
    if not found or not revision or not _COMMIT.fullmatch(revision):
        return None
    return PackageURL("huggingface", found["owner"], found["name"], revision)


def _is_plain_url(url: str) -> bool:
    return re.fullmatch(r"https?://[\w.~:/?#@!$&'()*+,;=%-]+", url, re.ASCII) is not None


def _text(text: str) -> str:
    return cut(printable(text), _LONGEST)


RENDERERS: Mapping[type, Renderer] = {CheckReport: render_check_cyclonedx}
