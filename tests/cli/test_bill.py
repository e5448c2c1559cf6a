"""A bill of materials is a list of models: each is checked, the worst counts, and what leads nowhere is said."""

import json

import pytest

from lineage_audit.claims.bill_of_materials import read_bill_of_materials
from lineage_audit.cli import run
from lineage_audit.errors import LineageAuditError
from tests.claims.repositories import base_weights, card, derived_weights, independent_weights, write_model

COMMIT = "0123456789abcdef0123456789abcdef01234567"
CYCLONEDX = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.6",
    "metadata": {"component": {"type": "application", "name": "shop"}},
    "components": [
        {"type": "library", "name": "numpy", "purl": "pkg:pypi/numpy@2.0"},
        {"type": "machine-learning-model", "name": "m", "purl": f"pkg:huggingface/org/pinned@{COMMIT}"},
        {
            "type": "application",
            "name": "inner",
            "components": [{"type": "machine-learning-model", "group": "org", "name": "grouped", "version": COMMIT}],
        },
        {"type": "machine-learning-model", "name": "no-place"},
        {"type": "machine-learning-model", "name": "../../etc"},
        {
            "type": "library",
            "name": "x",
            "externalReferences": [{"url": "https://huggingface.co/org/linked/tree/main"}],
        },
    ],
}
SPDX_2 = {
    "spdxVersion": "SPDX-2.3",
    "packages": [
        {"name": "numpy", "downloadLocation": "NOASSERTION"},
        {"name": "a", "externalRefs": [{"referenceLocator": f"pkg:huggingface/org/pinned@{COMMIT}"}]},
        {"name": "b", "downloadLocation": "https://huggingface.co/org/linked"},
    ],
}
SPDX_3 = {
    "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld",
    "@graph": [
        {"type": "ai_AIPackage", "name": "org/named"},
        {"type": "ai_AIPackage", "name": "no-place"},
        {"type": "software_Package", "name": "p", "software_packageUrl": "pkg:huggingface/org/pinned"},
    ],
}


def written(folder, document, name="bom.json"):
    path = folder / name
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("document", "models", "unplaced"),
    [
        (CYCLONEDX, (f"org/pinned@{COMMIT}", "org/linked", f"org/grouped@{COMMIT}"), ("no-place", "../../etc")),
        (SPDX_2, (f"org/pinned@{COMMIT}", "org/linked"), ()),
        (SPDX_3, ("org/named", "org/pinned"), ("no-place",)),
    ],
    ids=["cyclonedx", "spdx 2", "spdx 3"],
)
def test_the_models_of_a_bill_are_found_and_nothing_else(document, models, unplaced, tmp_path):
    bill = read_bill_of_materials(written(tmp_path, document))
    assert (bill.models, bill.unplaced) == (models, unplaced)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"bomFormat": "other"}', "null"])
def test_what_is_no_bill_is_refused(text, tmp_path):
    path = tmp_path / "bom.json"
    path.write_text(text)
    with pytest.raises(LineageAuditError):
        read_bill_of_materials(path)
    assert run(["check", "--sbom", str(path)]) == 2


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A bill beside two models, one of which hides its base."""
    monkeypatch.chdir(tmp_path)
    base = write_model(tmp_path / "base", base_weights(), card({"license": "cc-by-4.0"}))
    write_model(tmp_path / "honest", independent_weights(), card({"license": "cc-by-4.0"}))
    write_model(tmp_path / "silent", derived_weights(), card({"license": "cc-by-4.0"}))
    return base


def bill(folder, *names):
    components = [{"type": "machine-learning-model", "name": name} for name in names]
    return str(written(folder, {"bomFormat": "CycloneDX", "components": components}))


@pytest.mark.parametrize("as_subject", [False, True])
def test_every_model_is_checked_and_the_worst_counts(as_subject, shop, tmp_path):
    path = bill(tmp_path, "honest", "silent")
    words = [path] if as_subject else ["--sbom", path]
    assert run(["check", *words, "--earlier", str(shop), "-o", str(tmp_path / "report.json")]) == 1
    outcomes = {
        name: json.loads((tmp_path / f"report.{name}.json").read_text())["outcome"] for name in ("honest", "silent")
    }
    assert outcomes == {"honest": "passed", "silent": "failed"}


@pytest.mark.parametrize(("names", "code"), [(("honest",), 0), (("honest", "nowhere"), 3), ((), 0)])
def test_what_leads_nowhere_is_no_pass(names, code, shop, tmp_path, capsys):
    assert run(["check", "--sbom", bill(tmp_path, *names), "--earlier", str(shop), "-q"]) == code
    told = capsys.readouterr().err
    assert ("nowhere: the bill does not say where this model is" in told) == (code == 3)


@pytest.mark.parametrize("words", [[], ["model", "--sbom", "x.json"], ["--sbom", "bom.json", "--fix"]])
def test_one_model_or_one_bill(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bill(tmp_path)
    assert run(["check", *words]) == 2
