"""What a bill of materials says of a check, whatever library writes it: facts, kinship, findings, addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal

from lineage_audit.report.escaping import cut, printable
from lineage_audit.report.json.document import TOOL
from lineage_audit.report.wording import DIGEST_METHODS
from lineage_audit.report.wording.check import place
from lineage_audit.results import RELATED, CheckReport, Finding, ReferenceSummary, Scalar, Standing, WeightFile

_LONGEST = 1000
_HUB_ID = re.compile(r"(?P<owner>[\w.-]+)/(?P<name>[\w.-]+?)(?:@[^@]+)?", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ADDRESS = re.compile(r"https?://[\w.~:/?#@!$&'()*+,;=%-]+", re.ASCII)

Kinship = Literal["ancestors", "descendants", "variants"]
_KINSHIPS: Mapping[Standing, Kinship] = {
    "declared": "ancestors",
    "known": "ancestors",
    "base": "ancestors",
    "derivative": "descendants",
}


def kinship(reference: ReferenceSummary) -> Kinship | None:
    """What a reference is to the subject: ancestors were concluded to be, what is related and no more is a variant."""
    if reference.relation not in RELATED:
        return None
    return _KINSHIPS.get(reference.standing, "variants")


def facts_of_subject(report: CheckReport) -> Mapping[str, Scalar]:
    """What was found and read of the model itself."""
    subject = report.subject
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
        **{f"file:{text(file.file)}": f"sha256:{file.sha256}" for file in subject.files if file.sha256},
        "licence-declared-basis": report.declared_licence.basis if report.declared_licence else None,
        "licence-concluded-basis": report.concluded_licence.basis if report.concluded_licence else None,
    }


def evidence_of(reference: ReferenceSummary) -> Mapping[str, Scalar]:
    """What the weights show of a reference."""
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


def named(facts: Mapping[str, Scalar]) -> Iterator[tuple[str, str]]:
    """Facts under the tool's name, as text; those that are None are left out."""
    for name, value in facts.items():
        if isinstance(value, bool):
            yield f"{TOOL}:{name}", str(value).lower()
        elif value is not None:
            yield f"{TOOL}:{name}", text(str(value))


def named_findings(report: CheckReport) -> Iterator[tuple[str, str]]:
    """Findings, then caveats, in the same form."""
    for finding in report.findings:
        yield f"{TOOL}:finding:{text(finding.rule_id)}", text(_words(finding))
    for caveat in report.caveats:
        yield f"{TOOL}:caveat", text(caveat)


def _words(finding: Finding) -> str:
    state = finding.level if finding.counts else "suppressed"
    return f"{state} at {place(finding.location)}: {finding.message}"


def sha256_of(file: WeightFile) -> str | None:
    """The hash of a file, where it is known and one."""
    return file.sha256 if file.sha256 is not None and _SHA256.fullmatch(file.sha256) else None


def version(revision: str | None, digest: str | None) -> str | None:
    """What pins a model: its commit, else its digest."""
    return text(revision or digest or "") or None


def on_the_hub(ref: str, revision: str | None) -> tuple[str, str, str] | None:
    """Owner, name and commit of a model on the Hub that is pinned by one; None for any other."""
    found = _HUB_ID.fullmatch(ref)
    if not found or not revision or not _COMMIT.fullmatch(revision):
        return None
    return found["owner"], found["name"], revision


def is_plain_address(address: str) -> bool:
    """Whether an address is one of the web that any reader of a bill takes."""
    return _ADDRESS.fullmatch(address) is not None


def text(words: str) -> str:
    """Words of a repository, safe to show and not too long."""
    return cut(printable(words), _LONGEST)
