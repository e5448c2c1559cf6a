"""The baseline: findings that are known already, so that only new ones fail a check.

A JSON file, one entry a finding, keyed by rule, both digests and what the finding is about. Other weights are another
finding: a baseline never outlives the models that it was written for.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from lineage_audit.checkpoint.bounded_json import parse_json
from lineage_audit.claims.policy.located import PolicyError
from lineage_audit.errors import UnreadableFileError
from lineage_audit.results import Finding

SCHEMA = "lineage-audit/baseline/1"
_LIMIT = 8 * 2**20


class BaselineKey(Struct, frozen=True):
    """What makes two findings the same.

    Attributes:
        rule: rule id.
        subject: digest of the subject's weights.
        reference: digest of the reference's weights; its name where they were not read; empty without a reference.
        about: what is concerned: a licence key, a claim.
    """

    rule: str
    subject: str
    reference: str
    about: str


def key_of(finding: Finding) -> BaselineKey | None:
    """The key of a finding; None where the subject's weights were not read, since nothing then pins it."""
    subject = finding.properties.get("subject_digest")
    if not subject:
        return None
    reference = finding.properties.get("reference_digest") or finding.reference or ""
    return BaselineKey(finding.rule_id, str(subject), str(reference), str(finding.properties.get("about") or ""))


def read_baseline(path: Path) -> frozenset[BaselineKey]:
    """Read the keys of a baseline file.

    Raises:
        PolicyError: the file cannot be read or is no baseline.
    """
    try:
        if path.stat().st_size > _LIMIT:
            raise PolicyError(f"{path}: more than the {_LIMIT:,} bytes that a baseline may have")
        document = parse_json(path.read_bytes(), str(path))
    except OSError as error:
        raise PolicyError(
            f"{path}: baseline cannot be read ({error.strerror}); write it with --update-baseline"
        ) from None
    except UnreadableFileError as error:
        raise PolicyError(f"{error}; write it again with --update-baseline") from None
    entries = document.get("findings") if isinstance(document, dict) and document.get("schema") == SCHEMA else None
    if not isinstance(entries, list):
        raise PolicyError(f"{path}: is no baseline of schema {SCHEMA}; write it again with --update-baseline")
    return frozenset(_key(entry, path) for entry in entries)


def _key(entry: object, path: Path) -> BaselineKey:
    fields = ("rule", "subject", "reference", "about")
    if not isinstance(entry, dict) or not all(isinstance(entry.get(field), str) for field in fields):
        raise PolicyError(f"{path}: an entry lacks one of {', '.join(fields)}; write it again with --update-baseline")
    return BaselineKey(*(entry[field] for field in fields))


def baseline_text(findings: Iterable[Finding]) -> str:
    """The baseline file for these findings, in a stable order, with each message for the reader."""
    entries = []
    for finding in findings:
        key = key_of(finding)
        if key is not None:
            known = {"rule": key.rule, "subject": key.subject, "reference": key.reference, "about": key.about}
            entries.append({**known, "message": finding.message})
    entries.sort(key=lambda entry: tuple(entry.values()))
    return json.dumps({"schema": SCHEMA, "findings": entries}, indent=2) + "\n"
