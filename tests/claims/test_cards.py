"""The card itself: what of it cannot be read, one model in other words, recipes, and bases that prose names."""

import json

import pytest

from lineage_audit import check
from lineage_audit.claims.names import is_itself, mentions, plain, restates, same_model
from tests.claims.repositories import base_weights, card, derived_weights, independent_weights, write_model

BY = {"license": "cc-by-4.0"}


@pytest.fixture(autouse=True)
def offline(monkeypatch, tmp_path_factory):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path_factory.mktemp("hub")))


def found(report):
    return [f"{finding.rule_id} {finding.level}" for finding in report.findings]


def pair(tmp_path, words, **more):
    base = write_model(tmp_path / "first-base", base_weights(), card(BY))
    return write_model(tmp_path / "second", derived_weights(), words, **more), base


class TestUnread:
    @pytest.mark.parametrize(
        ("front", "line", "says"),
        [
            ("base_model: [first-base", 3, "not valid YAML"),
            ("base_model:\n\t- first-base", 3, "not valid YAML"),
            ("base_model:\n  revision: main", 4, "neither a name"),
        ],
    )
    def test_what_could_not_be_read_is_not_undeclared(self, front, line, says, tmp_path):
        subject, base = pair(tmp_path, f"---\nlicense: cc-by-4.0\n{front}\n---\nWe trained it from scratch.\n")
        report = check(str(subject), earlier=[str(base)])
        unread = [finding for finding in report.findings if finding.rule_id == "LA910"]
        assert [finding.location.line for finding in unread] in ([line], [line + 1])
        assert says in unread[0].evidence[0]
        assert report.outcome == "inconclusive"
        assert not {"LA101", "LA104"} & {finding.rule_id for finding in report.findings}

    def test_the_policy_may_state_what_could_not_be_read(self, tmp_path):
        subject, base = pair(tmp_path, "---\nlicense: cc-by-4.0\nbase_model: [\n---\n")
        policy = tmp_path / "policy.yml"
        policy.write_text("claims:\n  base_model: org/other\n")
        assert "LA101 error" in found(check(str(subject), earlier=[str(base)], policy=policy, with_declared=False))

    @pytest.mark.parametrize(
        "front",
        [
            "base_model:\n  name: first-base\n  revision: main",
            "base_model:\n  - id: org/first-base",
            "base_model: https://huggingface.co/org/first-base/tree/main",
            "base_model: hf.co/org/first-base?library=true",
            "base_model: org/First_Base-GPTQ-Int4",
            "base_model: org/first-base-unsloth-bnb-4bit",
            "base_model: org/other, org/first-base",
        ],
    )
    def test_a_base_is_read_however_it_is_spelled(self, front, tmp_path):
        subject, base = pair(tmp_path, f"---\nlicense: cc-by-4.0\n{front}\n---\n# Second\n")
        report = check(str(subject), [str(base)])
        assert [reference.declared for reference in report.references][:1] == [True]
        assert set(found(report)) <= {"LA903 warning"}


def test_a_model_is_not_held_against_itself(tmp_path):
    subject = write_model(tmp_path / "second", base_weights(), card({**BY, "base_model": "second"}))
    report = check(str(subject))
    assert found(report) == ["LA307 warning", "LA904 warning"]
    assert report.references == ()


@pytest.mark.parametrize(
    "path",
    [
        "/home/me/llama",
        "./out/checkpoint-500",
        "/kaggle/input/llama-3/transformers/8b/1",
        "C:\\models\\llama",
        "../x/y",
    ],
)
def test_a_path_is_no_second_base(path, tmp_path):
    adapter = {"adapter_config.json": json.dumps({"base_model_name_or_path": path})}
    config = {"_name_or_path": path}
    subject, _base = pair(tmp_path, card({**BY, "base_model": "first-base"}), files=adapter, config=config)
    report = check(str(subject))
    assert found(report) == []
    assert [claim.value for claim in report.claims if claim.kind == "base_model"] == ["first-base"]


def test_a_folder_of_the_hubs_cache_is_the_model(tmp_path):
    path = "/root/.cache/huggingface/hub/models--org--first-base/snapshots/0123"
    adapter = {"adapter_config.json": json.dumps({"base_model_name_or_path": path})}
    subject, base = pair(tmp_path, card({**BY, "base_model": "org/first-base"}), files=adapter)
    report = check(str(subject), [str(base)])
    assert found(report) == []
    assert {claim.value for claim in report.claims if claim.kind == "base_model"} == {"org/first-base"}


@pytest.mark.parametrize(
    "recipe",
    [
        "models:\n- model: org/first-base+org/second-lora\n",
        "models:\n- model: {model: {path: org/first-base}, lora: {path: org/second-lora}}\n",
        "slices:\n- sources:\n  - model: org/first-base\nmodels:\n- org/second-lora\n",
        "name: half\nmodels:\n- model: org/first-base\n---\nmodels:\n- model: half\n- model: org/second-lora\n",
        "experts:\n- source_model: org/second-lora\nbase_model: org/first-base\n",
        "modules:\n  default:\n    slices:\n    - sources:\n      - {model: org/second-lora, layer_range: [0, 2]}\n",
    ],
)
def test_every_spelling_of_a_recipe_names_its_parents(recipe, tmp_path):
    files = {"mergekit_config.yml": recipe}
    subject = write_model(tmp_path / "mix", None, card({**BY, "base_model": "org/first-base"}), files)
    report = check(str(subject), with_declared=False)
    assert [finding.reference for finding in report.findings if finding.rule_id == "LA105"] == ["org/second-lora"]


def test_a_claim_of_prose_says_where_it_stands(tmp_path):
    subject, _base = pair(tmp_path, card(BY, "It was fine-tuned from first-base."))
    (claim,) = [claim for claim in check(str(subject)).claims if claim.kind == "derived_from"]
    assert (claim.value, claim.line, claim.standing) == ("first-base", 6, "prose")
    assert claim.quote == "It was fine-tuned from first-base."


@pytest.mark.parametrize(
    ("words", "name", "means"),
    [
        ("Llama 2 7B", "Llama-2-7b-hf", True),
        ("LLaMA", "llama-7b", True),
        ("Llama-3-8B-Instruct", "meta-llama/Meta-Llama-3-8B-Instruct", True),
        ("GPT-2", "gpt2", True),
        ("Llama 2 13B", "Llama-2-7b-hf", False),
        ("Llama 2", "Llama-3.1-8B", False),
        ("Mistral 7B", "Mixtral-8x7B-v0.1", False),
        ("", "Llama-2-7b-hf", False),
    ],
)
def test_prose_means_a_model(words, name, means):
    assert mentions(words, name) is means


def test_one_model_in_other_words():
    assert plain("unsloth/Llama_3.1-8B-unsloth-bnb-4bit") == "llama-3.1-8b"
    assert restates("TheBloke/Mistral-7B-v0.1-GPTQ-Int4", "mistralai/Mistral_7B-v0.1")
    assert not restates("a/Mistral-7B-v0.1", "a/Mistral-7B-v0.2")
    assert same_model("A/One_Two", "a/one-two")
    assert is_itself("org/nova", "Org/Nova")
    assert not is_itself("org/nova", "nova")


class TestWordsOfTheBase:
    """A base labelled MIT whose card says in prose that it was made from Llama 3.1."""

    WORDS = "This model is derived from Llama-3.1-8B-Base and was originally under its licence."

    def test_what_the_bases_prose_names_goes_on_to_its_fine_tunes(self, tmp_path):
        write_model(tmp_path / "distilled", base_weights(), card(BY, self.WORDS))
        subject = write_model(tmp_path / "mine", derived_weights(), card({**BY, "base_model": "distilled"}))
        report = check(str(subject))
        assert found(report) == ["LA303 warning", "LA902 warning", "LA306 note"]
        first = report.findings[0]
        assert "which the card of distilled names as its origin" in first.message
        assert f"distilled, README.md:6: {self.WORDS}" in first.evidence
        assert (first.location.file, first.location.line) == ("README.md", 3)
        assert report.concluded_licence is None

    def test_and_further_on(self, tmp_path):
        write_model(tmp_path / "distilled", None, card(BY, self.WORDS))
        write_model(tmp_path / "middle", base_weights(), card({**BY, "base_model": "distilled"}))
        subject = write_model(tmp_path / "mine", derived_weights(), card({**BY, "base_model": "middle"}))
        assert found(check(str(subject))) == ["LA303 warning", "LA902 warning", "LA306 note"]

    def test_nothing_follows_from_the_words_of_a_model_that_is_no_base(self, tmp_path):
        other = write_model(tmp_path / "other", independent_weights(), card(BY, self.WORDS))
        subject = write_model(tmp_path / "mine", derived_weights(), card(BY))
        assert found(check(str(subject), [str(other)])) == []
