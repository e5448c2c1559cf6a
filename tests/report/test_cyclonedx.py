import json
import sys
from dataclasses import replace

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from lineage_audit.errors import LineageAuditError
from lineage_audit.report import format_named
from lineage_audit.report.cyclonedx import render_check_cyclonedx
from lineage_audit.results import CheckReport
from tests.report.checks import BARE, CHECKS, FAILED, GONE, PARENT, STRANGER
from tests.report.hostile import NASTY
from tests.report.hostile_checks import with_every_string

VALIDATOR = JsonStrictValidator(SchemaVersion.V1_6)


def subject_of(report):
    text = render_check_cyclonedx(report)
    assert VALIDATOR.validate_str(text) is None
    return json.loads(text)["metadata"]["component"]


def with_reference(**changes):
    return replace(FAILED, references=(replace(PARENT, **changes),))


@pytest.mark.parametrize("name", CHECKS)
def test_checks_fulfil_the_published_schema(name):
    assert subject_of(CHECKS[name])["type"] == "machine-learning-model"


@pytest.mark.parametrize("text", NASTY)
def test_hostile_checks_fulfil_the_published_schema(text):
    assert "\x1b" not in json.dumps(subject_of(with_every_string(FAILED, text)), ensure_ascii=False)


def test_a_model_is_pinned_by_revision_digest_and_package_url():
    subject = subject_of(FAILED)
    assert subject["version"] == FAILED.subject.revision
    assert subject["purl"] == f"pkg:huggingface/orchard/nova-7b@{FAILED.subject.revision}"
    assert subject["hashes"] == [{"alg": "SHA-256", "content": FAILED.subject.files[0].sha256}]
    assert properties(subject)["lineage-audit:digest-method"].startswith("SHA-256 over the sorted SHA-256s")
    local = subject_of(replace(FAILED, subject=replace(FAILED.subject, ref="models/nova", revision=None)))
    assert local["version"] == FAILED.subject.digest
    assert "purl" not in local


def test_the_digest_over_several_files_is_no_hash_that_another_tool_gives():
    shards = tuple(replace(FAILED.subject.files[0], file=f"model-{number}.safetensors") for number in (1, 2))
    subject = subject_of(replace(FAILED, subject=replace(FAILED.subject, files=shards)))
    assert "hashes" not in subject
    assert properties(subject)["lineage-audit:file:model-2.safetensors"] == f"sha256:{shards[1].sha256}"


def test_a_digest_of_headers_is_no_hash_of_the_content():
    unhashed = (replace(FAILED.subject.files[0], sha256=None),)
    subject = subject_of(replace(FAILED, subject=replace(FAILED.subject, digest=STRANGER.digest, files=unhashed)))
    assert "hashes" not in subject
    assert properties(subject)["lineage-audit:digest"] == STRANGER.digest


def test_the_declared_licence_stands_beside_the_concluded_one():
    licences = {item["license"]["acknowledgement"]: item["license"] for item in subject_of(FAILED)["licenses"]}
    assert licences["declared"]["id"] == "Apache-2.0"
    assert licences["concluded"]["name"] == "Llama 2 Community License"
    assert properties(licences["concluded"])["lineage-audit:spdx"] == "LicenseRef-scancode-llama-2-license-2023"


def test_related_references_stand_in_the_pedigree_with_their_evidence():
    pedigree = subject_of(FAILED)["pedigree"]
    assert [ancestor["name"] for ancestor in pedigree["ancestors"]] == ["meadow-ai/prairie-7b"]
    evidence = properties(pedigree["ancestors"][0])
    assert evidence["lineage-audit:relation"] == "derived"
    assert evidence["lineage-audit:log10-p"] == "-15943.2"
    assert evidence["lineage-audit:evidence"] == PARENT.summary


@pytest.mark.parametrize(
    ("changes", "kinship"),
    [
        ({"relation": "identical", "standing": "base"}, "ancestors"),
        ({"relation": "derived", "standing": "declared"}, "ancestors"),
        ({"relation": "derived", "standing": "derivative"}, "descendants"),
        ({"relation": "derived", "standing": "order-open", "direction": "a->b"}, "variants"),
        ({"relation": "derived", "standing": "through-base"}, "variants"),
        ({"relation": "shared-origin", "standing": "unrelated"}, "variants"),
    ],
)
def test_kinship_follows_what_was_concluded(changes, kinship):
    assert list(subject_of(with_reference(**changes))["pedigree"]) == [kinship]


@pytest.mark.parametrize("reference", [STRANGER, GONE, replace(PARENT, relation="inconclusive")])
def test_what_is_not_found_related_is_no_kin(reference):
    assert "pedigree" not in subject_of(replace(FAILED, references=(reference,)))


def test_bases_of_a_base_stand_behind_it():
    ancestor = subject_of(FAILED)["pedigree"]["ancestors"][0]
    names = []
    while ancestor:
        names.append(ancestor["name"])
        ancestor = next(iter(ancestor.get("pedigree", {}).get("ancestors", ())), None)
    assert names == ["meadow-ai/prairie-7b", "old-ai/steppe", "older-ai/tundra"]


def test_nothing_known_is_still_a_bill_of_materials():
    subject = subject_of(BARE)
    assert "pedigree" not in subject
    assert properties(subject)["lineage-audit:weights-read"] == "false"


def test_a_missing_library_is_one_clear_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "cyclonedx", None)
    for call in (lambda: format_named(CheckReport, "cyclonedx").require(), lambda: render_check_cyclonedx(FAILED)):
        with pytest.raises(LineageAuditError, match=r"pip install 'lineage-audit\[bom\]'") as caught:
            call()
        assert "\n" not in str(caught.value)
    format_named(CheckReport, "sarif").require()


def properties(node):
    return {item["name"]: item["value"] for item in node["properties"]}
