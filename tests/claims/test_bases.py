"""Bases, relations and chains: what the weights show against what the repository declares."""

import numpy as np
import pytest

from lineage_audit import check
from tests.claims.families import FAMILIES
from tests.claims.repositories import base_weights, card, derived_weights, independent_weights, write_model
from tests.models import noisy, safetensors

MIT = {"license": "cc-by-4.0"}
LLAMA_2 = next(family for family in FAMILIES if family.title == "llama2")


@pytest.fixture(autouse=True)
def offline(monkeypatch, tmp_path_factory):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path_factory.mktemp("hub")))


def rules_of(report):
    return [finding.rule_id for finding in report.findings]


def pair(tmp_path, front, *prose, weights=None, base_front=MIT, **more):
    base = write_model(tmp_path / "first-base", base_weights(), card(base_front))
    weights = derived_weights() if weights is None else weights
    return write_model(tmp_path / "second", weights, card(front, *prose), **more), base


def test_a_declared_base_that_is_independent_is_unsupported(tmp_path):
    subject, _base = pair(tmp_path, {**MIT, "base_model": "first-base"}, weights=independent_weights())
    report = check(str(subject))
    assert rules_of(report) == ["LA102"]
    assert (report.findings[0].location.file, report.findings[0].location.line) == ("README.md", 3)
    assert report.outcome == "failed"


@pytest.mark.parametrize(
    ("sentence", "level"),
    [
        ("Distilled with first-base as the teacher.", "warning"),
        ("The student learned from\nthe outputs of first-base.", "warning"),
        ("Distilled from another-model. \n\n first-base is its base.", "error"),
    ],
)
def test_a_declared_teacher_leaves_no_trace_in_weights(tmp_path, sentence, level):
    subject, _base = pair(tmp_path, {**MIT, "base_model": "first-base"}, sentence, weights=independent_weights())
    assert [(finding.rule_id, finding.level) for finding in check(str(subject)).findings] == [("LA102", level)]


def test_a_from_scratch_claim_is_quoted_with_its_line(tmp_path):
    subject, base = pair(tmp_path, MIT, "We trained it from scratch.")
    report = check(str(subject), earlier=[str(base)])
    assert rules_of(report) == ["LA101", "LA104"]
    assert "README.md:6: We trained it from scratch." in report.findings[1].evidence
    assert report.findings[1].location.line == 6


def test_a_from_scratch_claim_beside_a_declared_base_is_a_note(tmp_path):
    subject, _base = pair(tmp_path, {**MIT, "base_model": "first-base"}, "It was trained from scratch.")
    report = check(str(subject))
    assert [(finding.rule_id, finding.level) for finding in report.findings] == [("LA304", "note")]
    assert report.outcome == "passed"


@pytest.mark.parametrize(
    ("sentence", "level"),
    [
        ("It was fine-tuned from first-base.", "note"),
        ("We like first-base.", "warning"),
        ("You can fine-tune first-base, too.", "warning"),
    ],
)
def test_a_base_that_only_prose_names_is_a_note_and_one_that_it_mentions_a_warning(sentence, level, tmp_path):
    subject, base = pair(tmp_path, MIT, sentence)
    (finding,) = check(str(subject), earlier=[str(base)]).findings
    assert (finding.rule_id, finding.level) == ("LA101", level)
    assert ("though line 6 names first-base" in finding.message) is (level == "note")


def test_a_reference_that_names_the_subject_as_its_base_is_the_derivative(tmp_path):
    subject = write_model(tmp_path / "parent", base_weights(), card(MIT, "Trained from scratch by us."))
    child = write_model(tmp_path / "child", derived_weights(), card({**MIT, "base_model": "parent"}))
    report = check(str(subject), [str(child)])
    assert report.references[0].relation == "derived"
    assert report.findings == ()


@pytest.mark.parametrize("earlier", [False, True])
def test_marks_in_the_weights_neither_clear_nor_accuse(earlier, tmp_path):
    """The reference is the subject's float32 weights in float16: what shows a direction can be planted."""
    whole = {name: values.astype(np.float32) for name, values in base_weights().items()}
    subject = write_model(tmp_path / "fine", whole, card(MIT))
    (subject / "model.safetensors").write_bytes(safetensors(whole, "F32"))
    coarse = write_model(tmp_path / "coarse", whole, card(MIT))
    report = check(str(subject), [] if earlier else [str(coarse)], earlier=[str(coarse)] if earlier else [])
    assert report.references[0].direction == "b->a"
    assert rules_of(report) == (["LA101"] if earlier else ["LA107"])


def test_a_model_is_no_base_of_its_own(tmp_path):
    subject, _base = pair(tmp_path, MIT)
    assert check(str(subject), [str(subject)]).findings == ()


def test_an_unchanged_copy_is_no_fine_tune(tmp_path):
    front = {**MIT, "base_model": "first-base", "base_model_relation": "finetune"}
    subject, _base = pair(tmp_path, front, weights=base_weights())
    report = check(str(subject))
    assert [(finding.rule_id, finding.level) for finding in report.findings] == [("LA103", "warning")]
    assert report.findings[0].location.line == 4


@pytest.mark.parametrize(("stated", "found"), [("finetune", []), ("quantized", []), ("adapter", ["LA103"])])
def test_a_stated_relation_is_held_against_the_operations(stated, found, tmp_path):
    front = {**MIT, "base_model": "first-base", "base_model_relation": stated}
    weights = noisy(base_weights(), 4, 0.1)
    subject, _base = pair(tmp_path, front, weights=weights)
    report = check(str(subject))
    assert report.references[0].operations == ("changed",)
    assert rules_of(report) == found


@pytest.mark.parametrize(("stated", "found"), [("finetune", []), ("quantized", ["LA103"])])
def test_a_merged_lora_is_no_rounding(stated, found, tmp_path):
    front = {**MIT, "base_model": "first-base", "base_model_relation": stated}
    random = np.random.default_rng(4)

    def with_lora(matrix):
        low_rank = random.standard_normal((len(matrix), 4)) @ random.standard_normal((4, matrix.shape[1]))
        return (matrix + 0.1 * matrix.std() * low_rank).astype(np.float32)

    weights = {name: with_lora(one) if "proj" in name else one for name, one in base_weights().items()}
    subject, _base = pair(tmp_path, front, weights=weights)
    report = check(str(subject))
    assert "lora-merged" in report.references[0].operations
    assert rules_of(report) == found


def test_a_merge_recipe_names_parents_that_the_card_must_name(tmp_path):
    recipe = "models:\n  - model: org/first\n  - model: org/second\n  - model: /home/me/third\nmerge_method: linear\n"
    front = {**MIT, "base_model": "org/first"}
    subject = write_model(tmp_path / "merged", None, card(front), {"mergekit_config.yml": recipe})
    report = check(str(subject), with_declared=False)
    (finding,) = [finding for finding in report.findings if finding.rule_id == "LA105"]
    assert (finding.reference, finding.level) == ("org/second", "error")
    assert "mergekit_config.yml:3 models: org/second" in finding.evidence


@pytest.mark.parametrize(
    ("prose", "level"), [("A merge.", "warning"), ("This model is a merge of org/first-7b and org/second-7b.", "note")]
)
def test_a_recipe_beside_a_card_that_declares_nothing_accuses_of_less(tmp_path, prose, level):
    recipe = {"mergekit_config.yml": "models:\n  - model: org/second-7b\nmerge_method: linear\n"}
    report = check(str(write_model(tmp_path / "merged", base_weights(), card(MIT, prose), recipe)))
    (finding,) = [finding for finding in report.findings if finding.rule_id == "LA105"]
    assert finding.level == level


def test_a_base_that_prose_names_by_its_id_is_named_whatever_its_words(tmp_path):
    words = "This model is a fine-tuned version of [org/base](https://huggingface.co/org/base) on the X dataset."
    base = write_model(tmp_path / "base", base_weights(), card(MIT))
    subject = write_model(tmp_path / "tuned", derived_weights(), card(MIT, words))
    report = check(str(subject), [f"org/base={base}"])
    assert [finding.level for finding in report.findings if finding.rule_id == "LA101"] == ["note"]


def test_shared_origin_accuses_of_no_base(tmp_path):
    from tests.models import WIDE, llama, llama_config, related

    first = llama(1, WIDE)
    config = llama_config(WIDE)
    base = write_model(tmp_path / "wide-base", None, card({"license": "llama2"}), config=config)
    subject = write_model(tmp_path / "wide", None, card(MIT), config=config)
    (base / "model.safetensors").write_bytes(safetensors(first))
    (subject / "model.safetensors").write_bytes(safetensors(related(first, 2, 0.5)))
    report = check(str(subject), [str(base)])
    assert report.references[0].relation == "shared-origin"
    assert [(finding.rule_id, finding.level) for finding in report.findings] == [("LA106", "warning")]
    assert "inconsistent with" in report.findings[0].message


class TestChains:
    def test_a_fine_tune_of_a_fine_tune_owes_the_first_base(self, tmp_path):
        """The middle model's own label is wrong: what the subject owes follows the chain, not the label."""
        write_model(tmp_path / "Llama-2-7b-hf", None, card({"license": "llama2"}))
        middle = card({"license": "cc-by-4.0", "base_model": "Llama-2-7b-hf"})
        write_model(tmp_path / "middle", base_weights(), middle)
        front = {"license": "cc-by-4.0", "base_model": "middle"}
        report = check(str(write_model(tmp_path / "last", derived_weights(), card(front))))
        assert rules_of(report) == ["LA203", "LA211", "LA213"]
        assert "Llama-2-7b-hf (through middle)" in report.findings[0].message
        (ancestor,) = report.references[0].ancestors
        assert (ancestor.ref, ancestor.through, ancestor.basis) == ("Llama-2-7b-hf", ("middle",), "card")
        assert report.concluded_licence.key == "llama2"

    def test_a_chain_that_is_shown_passes(self, tmp_path):
        write_model(tmp_path / "Llama-2-7b-hf", None, card({"license": "llama2"}))
        write_model(tmp_path / "middle", base_weights(), card({"license": "llama2", "base_model": "Llama-2-7b-hf"}))
        front = {"license": "llama2", "base_model": "middle"}
        report = check(str(write_model(tmp_path / "last", derived_weights(), card(front), LLAMA_2.files)))
        assert report.findings == ()

    def test_an_origin_that_a_base_names_in_prose_alone_is_no_pass(self, tmp_path):
        middle = card({"license": "mit"}, "It is derived from Llama-3.1-8B and was further trained by us.")
        write_model(tmp_path / "middle", base_weights(), middle)
        front = {"license": "mit", "base_model": "middle"}
        report = check(str(write_model(tmp_path / "subject", derived_weights(), card(front))))
        assert {"LA303", "LA902"} <= {finding.rule_id for finding in report.findings}
        assert all(finding.level != "error" for finding in report.findings)
        assert (report.outcome, report.concluded_licence) == ("inconclusive", None)
        unchecked = next(finding for finding in report.findings if finding.rule_id == "LA902")
        assert "middle, README.md:" in unchecked.evidence[0]

    def test_what_an_origin_in_prose_declares_is_followed(self, tmp_path):
        write_model(tmp_path / "first-7b", None, card({"license": "cc-by-nc-4.0"}))
        write_model(tmp_path / "second-7b", None, card({"license": "mit", "base_model": "first-7b"}))
        middle = card({"license": "mit"}, "It is a fine-tune of second-7b.")
        write_model(tmp_path / "middle", base_weights(), middle)
        front = {"license": "mit", "base_model": "middle"}
        report = check(str(write_model(tmp_path / "subject", derived_weights(), card(front))))
        assert next(finding.message for finding in report.findings if finding.rule_id == "LA303").count("first-7b") == 1
        assert report.outcome == "inconclusive"

    def test_what_metadata_declare_is_owed_though_prose_says_it_too(self, tmp_path):
        write_model(tmp_path / "first-7b", None, card({"license": "cc-by-nc-4.0"}))
        write_model(tmp_path / "second-7b", None, card({"license": "mit", "base_model": "first-7b"}))
        front = {"license": "mit", "base_model": "second-7b"}
        write_model(tmp_path / "middle", base_weights(), card(front, "It is a fine-tune of first-7b."))
        subject = write_model(tmp_path / "subject", derived_weights(), card({"license": "mit", "base_model": "middle"}))
        assert "LA202" in {finding.rule_id for finding in check(str(subject)).findings if finding.level == "error"}

    def test_an_ancestor_out_of_reach_is_known_by_its_name(self, tmp_path):
        write_model(tmp_path / "middle", base_weights(), card({**MIT, "base_model": "meta-llama/Llama-2-7b-hf"}))
        subject = write_model(tmp_path / "last", derived_weights(), card({**MIT, "base_model": "middle"}))
        report = check(str(subject))
        assert rules_of(report) == ["LA203", "LA211", "LA213"]
        assert report.references[0].ancestors[0].basis == "name"

    def test_an_ancestor_of_unknown_licence_is_inconclusive(self, tmp_path):
        write_model(tmp_path / "middle", base_weights(), card({**MIT, "base_model": "org/unheard-of"}))
        subject = write_model(tmp_path / "last", derived_weights(), card({**MIT, "base_model": "middle"}))
        report = check(str(subject))
        assert rules_of(report) == ["LA902"]
        assert report.outcome == "inconclusive"

    def test_the_declared_ancestor_of_a_declared_base_is_declared(self, tmp_path):
        oldest = write_model(tmp_path / "oldest", base_weights(), card(MIT))
        write_model(tmp_path / "middle", noisy(base_weights(), 5, 0.05), card({**MIT, "base_model": "oldest"}))
        subject = write_model(tmp_path / "last", derived_weights(), card({**MIT, "base_model": "middle"}))
        report = check(str(subject), [str(oldest)])
        assert report.findings == ()

    def test_a_circle_of_bases_ends(self, tmp_path):
        write_model(tmp_path / "one", base_weights(), card({**MIT, "base_model": "two"}))
        write_model(tmp_path / "two", None, card({**MIT, "base_model": "one"}))
        subject = write_model(tmp_path / "last", derived_weights(), card({**MIT, "base_model": "one"}))
        assert [ancestor.ref for ancestor in check(str(subject)).references[0].ancestors] == ["two"]
