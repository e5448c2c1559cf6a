"""Claims held against each other, and what could not be checked: from words alone."""

import json

import pytest

from lineage_audit import LineageAuditError, check
from tests.claims.families import FAMILIES
from tests.claims.repositories import base_weights, card, derived_weights, independent_weights, write_model

BY = {"license": "cc-by-4.0"}
TEXTS = {family.title: next(iter(family.files.values()), "") for family in FAMILIES}


@pytest.fixture(autouse=True)
def offline(monkeypatch, tmp_path_factory):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path_factory.mktemp("hub")))


def words_only(tmp_path, front, *prose, files=None, config=None, name="subject"):
    """The report on a repository whose weights are not there, without the finding that says so."""
    words = None if front is None else card(front, *prose)
    report = check(str(write_model(tmp_path / name, None, words, files, config)), with_declared=False)
    assert not report.weights_read
    assert report.outcome != "passed"
    return {finding.rule_id: finding for finding in report.findings if finding.rule_id != "LA901"}


def test_a_label_is_held_against_the_licence_text(tmp_path):
    found = words_only(tmp_path, {"license": "mit"}, files={"TERMS.md": TEXTS["apache-2.0"]})
    assert list(found) == ["LA301"]
    assert "TERMS.md" in found["LA301"].message
    assert found["LA301"].location.line == 2


def test_a_text_is_recognised_whatever_its_name(tmp_path):
    assert words_only(tmp_path, {"license": "apache-2.0"}, files={"TERMS.md": TEXTS["apache-2.0"]}) == {}


def test_the_licence_text_of_a_named_base_contradicts_nothing(tmp_path):
    front = {"license": "cc-by-nc-4.0", "base_model": "meta-llama/Llama-2-7b-hf"}
    found = words_only(tmp_path, front, files={"LICENSE": TEXTS["llama2"]})
    assert list(found) == ["LA306"]


def test_the_text_speaks_where_the_label_says_other(tmp_path):
    front = {"license": "other", "license_link": "LICENSE"}
    report = check(str(write_model(tmp_path / "x", None, card(front), {"LICENSE": TEXTS["tongyi-qianwen"]})))
    assert report.declared_licence.key == "tongyi-qianwen"
    assert report.declared_licence.spdx == "LicenseRef-scancode-tongyi-qianwen-2023"


@pytest.mark.parametrize(
    "front",
    [
        {"license": "llama3.1"},
        {"license": "cc-by-nc-4.0", "base_model": "meta-llama/Llama-3.1-8B"},
    ],
)
def test_a_card_of_llama_3_1_over_a_configuration_of_3(front, tmp_path):
    found = words_only(tmp_path, front, config={"_name_or_path": "meta-llama/Meta-Llama-3-8B"})
    assert "meta-llama/Meta-Llama-3-8B" in found["LA302"].message
    assert "config.json:" in found["LA302"].evidence[1]
    assert found["LA302"].level == "warning"


def test_a_card_and_a_configuration_of_one_version_agree(tmp_path):
    found = words_only(tmp_path, {"license": "llama3.1"}, config={"_name_or_path": "meta-llama/Llama-3.1-8B"})
    assert "LA302" not in found


def test_an_adapter_and_its_card_name_one_base(tmp_path):
    files = {"adapter_config.json": json.dumps({"base_model_name_or_path": "unsloth/mistral-7b-bnb-4bit"})}
    assert "LA302" in words_only(tmp_path, {**BY, "base_model": "org/other-7b"}, files=files)
    assert words_only(tmp_path, {**BY, "base_model": "mistralai/mistral-7b"}, files=files, name="second") == {}


def test_prose_alone_shows_a_label_that_does_not_fit(tmp_path):
    sentence = "This model was made by fine-tuning LLaMA on conversations."
    found = words_only(tmp_path, {"license": "apache-2.0"}, sentence)
    assert list(found) == ["LA303", "LA306"]
    assert f"README.md:6: {sentence}" in found["LA303"].evidence
    assert found["LA303"].location.line == 6


@pytest.mark.parametrize(
    "sentence",
    [
        "It uses the Llama 2 architecture.",
        "The network is based on the Llama 2 architecture, with weights of our own.",
        "It is not based on Llama 2.",
        "It beats Llama 2 and CodeLlama on all tasks.",
    ],
)
def test_prose_on_architecture_or_rivals_names_no_base(sentence, tmp_path):
    assert words_only(tmp_path, {"license": "apache-2.0"}, sentence) == {}


def test_what_a_named_base_asks_for_is_a_note(tmp_path):
    found = words_only(tmp_path, {"license": "llama2", "base_model": "meta-llama/Llama-2-7b-hf"})
    assert found["LA306"].level == "note"
    assert [line for line in found["LA306"].evidence if line.startswith("missing: ")] == [
        "missing: no file with the text of the Llama 2 Community License Agreement",
        'missing: no notice that says "Llama 2 is licensed under the LLAMA 2 Community License ..."',
    ]


def test_a_licence_that_is_not_stated_is_not_passed(tmp_path):
    found = words_only(tmp_path, None, config={"_name_or_path": "meta-llama/Llama-2-7b-hf"})
    assert found["LA902"].location.file == "config.json"


def test_a_weight_file_states_a_licence_and_bases_of_its_own(tmp_path):
    subject = write_model(tmp_path / "subject", base_weights(), card({"license": "apache-2.0"}))
    data = (subject / "model.safetensors").read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    stated = {"general.license": "llama2", "general.base_model.0.repo_url": "https://huggingface.co/org/base"}
    header["__metadata__"] |= stated
    written = json.dumps(header).encode()
    (subject / "model.safetensors").write_bytes(len(written).to_bytes(8, "little") + written + data[8 + size :])
    report = check(str(subject), with_declared=False)
    assert "LA305" in {finding.rule_id for finding in report.findings}
    assert ("base_model", "org/base") in [(claim.kind, claim.value) for claim in report.claims]


def test_the_policy_states_the_published_name(tmp_path):
    family = next(family for family in FAMILIES if family.title == "llama3.1")
    write_model(tmp_path / family.base, base_weights(), card(family.label))
    words = card({**family.label, "base_model": family.base}, *family.sentences)
    subject = write_model(tmp_path / "checkout", derived_weights(), words, family.files)
    assert [finding.rule_id for finding in check(str(subject)).findings] == ["LA214"]
    policy = tmp_path / "policy.yml"
    policy.write_text("claims:\n  name: Llama-3.1-Nova\n")
    assert check(str(subject), policy=policy).findings == ()


class TestUnchecked:
    def test_without_a_reference_nothing_is_checked_and_nothing_concluded(self, tmp_path):
        report = check(str(write_model(tmp_path / "alone", base_weights(), card(BY))))
        assert [finding.rule_id for finding in report.findings] == ["LA904"]
        assert report.outcome == "not-checked"
        assert report.declared_licence is not None
        assert report.concluded_licence is None

    def test_independent_weights_conclude_nothing_of_the_licence(self, tmp_path):
        stranger = write_model(tmp_path / "stranger", independent_weights(), card({"license": "cc-by-nc-4.0"}))
        report = check(str(write_model(tmp_path / "subject", base_weights(), card(BY))), [str(stranger)])
        assert report.outcome == "passed"
        assert report.concluded_licence is None

    def test_a_declared_base_out_of_reach_is_inconclusive(self, tmp_path):
        front = {**BY, "base_model": "org/not-here"}
        report = check(str(write_model(tmp_path / "subject", base_weights(), card(front))))
        assert [finding.rule_id for finding in report.findings] == ["LA903"]
        assert report.references[0].status == "unavailable"
        assert report.outcome == "inconclusive"

    def test_a_given_reference_out_of_reach_is_an_error(self, tmp_path):
        subject = write_model(tmp_path / "subject", base_weights(), card(BY))
        with pytest.raises(LineageAuditError, match="no such file"):
            check(str(subject), [str(tmp_path / "nothing")])

    def test_a_reference_without_weights_is_inconclusive(self, tmp_path):
        pointer = write_model(tmp_path / "pointer", None, card(BY))
        subject = write_model(tmp_path / "subject", base_weights(), card(BY))
        report = check(str(subject), [str(pointer)])
        assert [finding.rule_id for finding in report.findings] == ["LA905"]
        assert report.references[0].status == "claims-only"
        assert "Git LFS pointer" in report.references[0].reason

    def test_a_comparison_without_power_is_inconclusive(self, tmp_path):
        base = write_model(tmp_path / "first-base", base_weights(), card(BY))
        subject = write_model(tmp_path / "subject", derived_weights(), card(BY))
        report = check(str(subject), [str(base)], effort="metadata")
        assert [finding.rule_id for finding in report.findings] == ["LA905"]
        assert report.outcome == "inconclusive"

    def test_an_unknown_licence_over_a_known_base_is_inconclusive(self, tmp_path):
        write_model(tmp_path / "first-base", base_weights(), card({"license": "cc-by-nc-4.0"}))
        front = {"license": "other", "license_name": "nova-terms", "base_model": "first-base"}
        report = check(str(write_model(tmp_path / "subject", derived_weights(), card(front))))
        assert [finding.rule_id for finding in report.findings] == ["LA902"]
        assert report.concluded_licence is None
