"""A repository is untrusted: nothing that it says leads elsewhere, runs away, or lets a finding go unplaced."""

import json
import pickle

import pytest

from lineage_audit import LineageAuditError, check
from lineage_audit.claims.declared import resolve_declared
from lineage_audit.claims.names import same_model
from tests.claims.repositories import base_weights, card, derived_weights, write_model
from tests.counting import ends

BY = {"license": "cc-by-4.0"}


@pytest.fixture(autouse=True)
def offline(monkeypatch, tmp_path_factory):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path_factory.mktemp("hub")))


@pytest.mark.parametrize(
    "declared",
    [
        "..",
        "../",
        "../..",
        "/etc",
        "~/x",
        "../../secret",
        "a/../../b",
        "secret\\x",
        "file:///etc",
        "",
        ".",
        "x\0y",
        "http://a/b/c",
    ],
)
def test_a_card_leads_nowhere_but_beside_the_subject_or_to_the_hub(declared, tmp_path):
    (tmp_path / "models" / "subject").mkdir(parents=True)
    (tmp_path / "secret").mkdir()
    assert resolve_declared(declared, tmp_path / "models" / "subject") is None


def test_a_link_beside_the_subject_is_not_followed(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "base").symlink_to(elsewhere)
    assert resolve_declared("base", tmp_path / "models" / "subject") is None


def test_a_hub_id_is_never_a_folder_of_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_model(tmp_path / "org" / "base", base_weights(), card(BY))
    write_model(tmp_path / "models" / "subject", derived_weights(), card({**BY, "base_model": "org/base"}))
    report = check("models/subject")
    assert report.references[0].status == "unavailable"


def test_equal_last_parts_of_two_hub_ids_are_two_models():
    assert not same_model("one/llama", "two/llama")
    assert same_model("one/llama", "../models/LLAMA/")
    assert same_model("https://huggingface.co/One/Llama", "one/llama@main")
    assert not same_model("", "")


def test_a_card_of_nothing_but_bases_is_bounded(tmp_path):
    names = "[" + ", ".join(f"org/model-{number}" for number in range(5000)) + "]"
    subject = write_model(tmp_path / "subject", base_weights(), card({**BY, "base_model": names}))
    assert len(check(str(subject)).references) <= 16


def test_prose_made_to_be_slow_is_read(tmp_path):
    prose = "fine-tuned " * 40_000 + "LLaMA based on " * 20_000 + "(" * 100_000
    subject = write_model(tmp_path / "subject", None, card(BY, prose))
    with ends():
        check(str(subject))


def test_an_expression_made_to_be_deep_is_no_licence(tmp_path):
    subject = write_model(tmp_path / "subject", None, card({"license": "'" + "(" * 5000 + "MIT" + ")" * 5000 + "'"}))
    assert check(str(subject)).declared_licence.key is None


def test_a_pickle_with_code_is_an_error_and_no_finding(tmp_path):
    class Payload:
        def __reduce__(self):
            return (print, ("run",))

    subject = write_model(tmp_path / "subject", None, card(BY))
    (subject / "model.safetensors").unlink()
    (subject / "pytorch_model.bin").write_bytes(pickle.dumps(Payload()))
    with pytest.raises(LineageAuditError):
        check(str(subject))


def test_a_repository_of_weights_alone_places_its_findings(tmp_path):
    base = write_model(tmp_path / "base", base_weights(), card(BY))
    subject = write_model(tmp_path / "subject", derived_weights())
    (subject / "config.json").unlink()
    report = check(str(subject), [str(base)])
    assert report.findings
    assert {finding.location.file for finding in report.findings} == {"model.safetensors"}


def test_claims_with_control_characters_stay_one_line(tmp_path):
    name = json.dumps("org/\u202ebase\n\x1b[31m")
    subject = write_model(tmp_path / "subject", base_weights(), card({**BY, "base_model": name}))
    for finding in check(str(subject)).findings:
        assert "\n" not in finding.message
        assert "\x1b" not in finding.message
