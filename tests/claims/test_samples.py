"""The sample checkpoints: the untrue card is found, the honest ones pass."""

import hashlib
from pathlib import Path

import pytest

from lineage_audit import check
from lineage_audit.checkpoint.source.folder import FolderSource

SAMPLES = Path(__file__).parents[2] / "sample_checkpoints"
PARENT = str(SAMPLES / "llama-style-parent")


def test_the_untrue_claim_is_found_with_its_base_and_its_p_value():
    report = check(str(SAMPLES / "scratch-claim-renamed"), earlier=[PARENT])
    assert [finding.rule_id for finding in report.findings] == ["LA101", "LA104", "LA202"]
    assert report.outcome == "failed"
    for finding in report.findings:
        assert "inconsistent with" in finding.message
        assert "llama-style-parent" in finding.message
        assert finding.properties["log10_p"] < -400
        assert finding.location.file == "README.md"
        assert len(finding.fingerprint) == len(hashlib.sha256().hexdigest())
    assert any("Nova was trained from scratch by us" in line for line in report.findings[1].evidence)
    assert report.declared_licence.spdx == "Apache-2.0"
    assert report.concluded_licence.spdx == "CC-BY-NC-4.0"


@pytest.mark.parametrize("references", [[], [PARENT]])
def test_the_honest_fine_tune_passes_with_its_base_found_beside_it(references):
    report = check(str(SAMPLES / "llama-style-finetune"), references)
    assert (report.findings, report.outcome) == ((), "passed")
    (reference,) = report.references
    assert (reference.relation, reference.declared) == ("derived", True)


@pytest.mark.parametrize("name", ["yi-style-independent", "llama-style-twin"])
def test_independent_models_pass_with_licences_of_their_own(name):
    report = check(str(SAMPLES / name), [PARENT])
    assert (report.findings, report.outcome) == ((), "passed")
    assert report.references[0].relation == "independent"
    assert report.references[0].detection_limit <= 0.4


def test_a_run_is_the_same_twice():
    first, second = (check(str(SAMPLES / "scratch-claim-renamed"), earlier=[PARENT]) for _ in range(2))
    assert first.findings == second.findings


def test_every_model_is_opened_once(monkeypatch):
    opened = []
    original = FolderSource.__init__

    def counting(self, ref, *args, **kwargs):
        opened.append(Path(ref).name)
        original(self, ref, *args, **kwargs)

    monkeypatch.setattr(FolderSource, "__init__", counting)
    check(str(SAMPLES / "scratch-claim-renamed"), [PARENT])
    assert sorted(opened) == ["llama-style-parent", "scratch-claim-renamed"]
