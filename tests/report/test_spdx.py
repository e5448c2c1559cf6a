import json
from dataclasses import replace

import pytest

from lineage_audit.claims.bill_of_materials import read_bill_of_materials
from lineage_audit.errors import LineageAuditError
from lineage_audit.report import format_named
from lineage_audit.report.spdx import render_check_spdx
from lineage_audit.results import CheckReport
from tests.report.checks import CHECKS, FAILED, PARENT
from tests.report.hostile import NASTY
from tests.report.hostile_checks import with_every_string


class TestWithoutTheLibrary:
    def test_it_is_said_before_any_model_is_read(self, monkeypatch):
        monkeypatch.setitem(__import__("sys").modules, "spdx_python_model", None)
        with pytest.raises(LineageAuditError, match=r"lineage-audit\[spdx\]"):
            format_named(CheckReport, "spdx").require()


class TestDocument:
    """The library checks every value against the model's shapes as it is set; a document that it wrote, it reads."""

    @pytest.fixture(autouse=True)
    def library(self):
        return pytest.importorskip("spdx_python_model")

    def elements(self, report):
        graph = json.loads(render_check_spdx(report))["@graph"]
        return {element.get("spdxId", element.get("@id")).rpartition("#")[2]: element for element in graph}

    @pytest.mark.parametrize("name", CHECKS)
    def test_a_document_is_read_by_the_library_and_refers_to_nothing_outside(self, name, library, tmp_path):
        path = tmp_path / "check.spdx.json"
        path.write_text(render_check_spdx(CHECKS[name]), encoding="utf-8")
        model, objects = library.load(path)
        assert len(tuple(objects.foreach_type(model.ai_AIPackage))) >= 1
        assert not objects.missing_ids

    @pytest.mark.parametrize("text", NASTY)
    def test_hostile_strings_are_safe(self, text):
        hostile = replace(with_every_string(FAILED, text), checked_at=FAILED.checked_at)
        assert "\x1b" not in json.dumps(json.loads(render_check_spdx(hostile)), ensure_ascii=False)

    def test_the_model_is_an_ai_package_pinned_by_commit_with_its_files(self):
        found = self.elements(FAILED)
        subject, file = found["subject"], found["file-0"]
        assert subject["type"] == "ai_AIPackage"
        assert subject["software_primaryPurpose"] == "model"
        assert subject["software_packageUrl"] == f"pkg:huggingface/orchard/nova-7b@{FAILED.subject.revision}"
        assert file["verifiedUsing"][0]["hashValue"] == FAILED.subject.files[0].sha256
        assert found["file-0-of-subject"]["relationshipType"] == "hasDataFile"

    def test_the_stated_licence_is_declared_and_the_other_concluded(self):
        found = self.elements(FAILED)
        assert found["licence-declared-of"]["relationshipType"] == "hasDeclaredLicense"
        assert found["licence-declared"]["simplelicensing_licenseExpression"] == "Apache-2.0"
        assert found["licence-concluded-of"]["relationshipType"] == "hasConcludedLicense"
        concluded = found["licence-concluded"]
        assert concluded["simplelicensing_licenseExpression"] == "LicenseRef-scancode-llama-2-license-2023"
        assert concluded["simplelicensing_customIdToUri"][0]["key"] == "LicenseRef-scancode-llama-2-license-2023"

    def test_an_ancestor_is_what_the_subject_descends_from_and_the_evidence_stands_with_it(self):
        relation = self.elements(FAILED)["reference-0-relation"]
        assert relation["relationshipType"] == "descendantOf"
        assert relation["from"].endswith("#subject")
        assert "lineage-audit:relation=derived" in relation["comment"]

    def test_a_derivative_descends_from_the_subject(self):
        derivative = replace(FAILED, references=(replace(PARENT, standing="derivative"),))
        relation = self.elements(derivative)["reference-0-relation"]
        assert relation["from"].endswith("#reference-0")
        assert relation["to"][0].endswith("#subject")

    def test_no_conformance_is_claimed_that_asks_for_what_weights_do_not_tell(self):
        assert "ai" not in self.elements(FAILED)["document"]["profileConformance"]

    def test_it_is_a_list_of_models_that_can_be_checked(self, tmp_path):
        path = tmp_path / "model.spdx.json"
        path.write_text(render_check_spdx(FAILED), encoding="utf-8")
        assert f"orchard/nova-7b@{FAILED.subject.revision}" in read_bill_of_materials(path).models
