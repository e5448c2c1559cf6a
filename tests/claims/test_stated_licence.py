"""The licence that a repository states: which place speaks of the weights, what several say, what is in doubt."""

import pytest

from lineage_audit import check
from lineage_audit.checkpoint.source.folder import open_folder
from lineage_audit.claims.ancestry import licence_of
from lineage_audit.claims.repository import read_words
from tests.claims.families import APACHE, FAMILIES, MIT
from tests.claims.repositories import FILLER, base_weights, card, derived_weights, write_model

TEXTS = {family.title: next(iter(family.files.values()), "") for family in FAMILIES}
CLAUSE = "No product with more than ten million users a month may be built with the Software without asking us."
FINE_TUNED = "It was fine-tuned on technical prose."


@pytest.fixture(autouse=True)
def offline(monkeypatch, tmp_path_factory):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path_factory.mktemp("hub")))


def stated(folder, front, files=None):
    """What a repository states, from its words alone."""
    return licence_of(read_words(open_folder(str(write_model(folder, None, front, files)))))


def keys(licences):
    return [licence.key for licence in licences]


CODE_AND_WEIGHTS = {"LICENSE-CODE": MIT, "LICENSE-MODEL": TEXTS["deepseek"]}


class TestWhichFileSpeaksForTheWeights:
    @pytest.mark.parametrize(
        "front",
        [
            {"license": "other", "license_link": "LICENSE-MODEL"},
            {"license": "other", "license_link": "https://huggingface.co/org/name/blob/main/LICENSE-MODEL"},
            {"license": "other", "license_name": "our-model-terms", "license_link": "LICENSE-MODEL"},
            {"license": "other"},
            {"tags": "[text]"},
        ],
    )
    def test_the_text_of_the_weights_and_never_that_of_the_code(self, front, tmp_path):
        assert keys(stated(tmp_path / "model", card(front), CODE_AND_WEIGHTS).owed) == ["deepseek"]

    def test_a_text_of_the_weights_that_is_not_known_hides_behind_no_other(self, tmp_path):
        files = {"LICENSE": APACHE, "MODEL_LICENSE": "Our own terms. " + FILLER}
        found = stated(tmp_path / "model", card({"tags": "[text]"}), files)
        assert not found.is_known
        assert found.owed == ()

    def test_a_link_to_known_terms_says_which_they_are(self, tmp_path):
        front = {"license": "other", "license_link": "https://ai.google.dev/gemma/terms"}
        assert keys(stated(tmp_path / "model", card(front)).owed) == ["gemma"]

    @pytest.mark.parametrize("folder", ["LICENSES", "original"])
    def test_texts_in_folders_of_licences_are_read(self, folder, tmp_path):
        model = write_model(tmp_path / "model", None, card({"license": "other"}))
        (model / folder).mkdir()
        (model / folder / "LICENSE").write_text(TEXTS["llama3.1"])
        assert keys(licence_of(read_words(open_folder(str(model)))).owed) == ["llama3.1"]


class TestSeveralClaims:
    @pytest.mark.parametrize(
        ("labels", "owed"),
        [
            ("license: Apache-2.0 OR CC-BY-NC-4.0", ["apache-2.0"]),
            ("license: apache-2.0\nlicense: cc-by-nc-4.0", ["cc-by-nc-4.0"]),
            ("license: [apache-2.0, cc-by-nc-4.0]", ["cc-by-nc-4.0"]),
            ("license: Apache-2.0 AND CC-BY-NC-4.0", ["cc-by-nc-4.0"]),
            ("license: [cc-by-sa-4.0, llama2]", ["cc-by-sa-4.0", "llama2"]),
        ],
    )
    def test_a_choice_stands_only_where_one_claim_gives_it(self, labels, owed, tmp_path):
        assert keys(stated(tmp_path / "model", f"---\n{labels}\n---\n").owed) == owed

    def test_a_stricter_text_beside_a_label_is_owed(self, tmp_path):
        found = stated(tmp_path / "model", card({"license": "mit"}), {"LICENSE": TEXTS["llama2"]})
        assert keys(found.owed) == ["llama2"]

    def test_each_label_is_held_against_the_base(self, tmp_path):
        write_model(tmp_path / "first-base", base_weights(), card({"license": "cc-by-nc-4.0"}))
        words = f"---\nlicense: cc-by-nc-4.0\nlicense: apache-2.0\nbase_model: first-base\n---\n{FINE_TUNED}\n"
        report = check(str(write_model(tmp_path / "subject", derived_weights(), words)))
        assert [finding.rule_id for finding in report.findings] == ["LA202", "LA308"]


class TestDoubt:
    def test_a_clause_that_was_added_passes_neither_here_nor_for_who_derives(self, tmp_path):
        files = {"LICENSE": f"{MIT}\n\n{CLAUSE}\n"}
        base = write_model(tmp_path / "first-base", base_weights(), card({"license": "mit"}), files)
        front = {"license": "mit", "base_model": "first-base"}
        subject = write_model(tmp_path / "subject", derived_weights(), card(front, FINE_TUNED), {"LICENSE": MIT})
        (unplain,) = [finding for finding in check(str(base)).findings if finding.rule_id == "LA309"]
        assert "no product with more than ten million users" in unplain.message
        report = check(str(subject))
        assert report.outcome == "inconclusive"
        assert [finding.rule_id for finding in report.findings] == ["LA902"]
        assert report.concluded_licence is None
        assert "no product with more than ten million users" in " ".join(report.findings[0].evidence)

    @pytest.mark.parametrize(
        "text", ["Business terms of Nova. " + FILLER, "All rights reserved. Commercial use is prohibited."]
    )
    def test_a_text_of_no_known_licence_under_a_known_label(self, text, tmp_path):
        found = stated(tmp_path / "model", card({"license": "apache-2.0"}), {"LICENSE": text})
        assert found.doubts == ("LICENSE is the text of no licence that is known",)

    @pytest.mark.parametrize("text", ["Apache-2.0", "MIT License, see https://opensource.org/license/mit\n"])
    def test_a_file_that_only_names_a_licence_raises_none(self, text, tmp_path):
        assert stated(tmp_path / "model", card({"license": "apache-2.0"}), {"LICENSE": text}).is_known

    def test_a_licence_that_is_no_text_is_there_and_unread(self, tmp_path):
        write_model(tmp_path / "Llama-2-7b-hf", base_weights(), card({"license": "llama2"}))
        notice = "Llama 2 is licensed under the LLAMA 2 Community License, Copyright (c) Meta Platforms, Inc."
        front = {"license": "llama2", "base_model": "Llama-2-7b-hf"}
        subject = write_model(
            tmp_path / "subject", derived_weights(), card(front), {"NOTICE": notice, "LICENSE.pdf": "%PDF"}
        )
        report = check(str(subject))
        assert [finding.rule_id for finding in report.findings] == ["LA309"]
        assert "LICENSE.pdf is there and was not read" in report.findings[0].message

    def test_a_licence_known_by_name_alone_is_said_not_to_be_checked(self, tmp_path):
        found = stated(tmp_path / "model", card({"license": "other", "license_name": "jamba-open-model-license"}))
        assert found.statement.name == "Jamba Open Model License Agreement"
        assert not found.is_known
        assert "is not in the data" in found.unknown[0]
