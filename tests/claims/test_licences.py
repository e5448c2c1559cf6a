"""Licences as data: every entry is complete, and is found by its names, its models and its text."""

import re
import tomllib
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage_audit.claims.licences import (
    catalogue,
    licence_at,
    licence_called,
    licence_of_model,
    recognise,
    refined,
    spdx_of,
    terms_of,
    words_of,
)
from lineage_audit.claims.licences.licence import QUESTIONS, Owed
from tests.claims.families import APACHE, MIT, known_text

CLASSES = {"permissive", "copyleft", "non-commercial", "no-derivatives", "use-restricted", "unknown"}


@pytest.mark.parametrize("licence", catalogue().values(), ids=lambda licence: licence.key)
def test_an_entry_is_complete_and_found_by_its_own_words(licence):
    assert licence.licence_class in CLASSES
    assert licence.source.startswith("https://")
    assert spdx_of(licence.spdx) or re.fullmatch(r"LicenseRef-[A-Za-z0-9.-]+", licence.spdx)
    assert licence_called(licence.key) is licence
    assert licence_called(licence.name) is licence
    if licence.text:
        assert recognise(" and ".join(licence.text)).licence is licence
        assert len(licence.text) > 1, "a title alone decides nothing"
        assert recognise(licence.text[0]).licence is None
    if licence.body:
        assert recognise(licence.body.text).licence is licence
        assert recognise(licence.body.text).is_unchanged


def test_no_alias_belongs_to_two_licences():
    seen = {}
    for licence in catalogue().values():
        for alias in licence.aliases:
            assert seen.setdefault(alias, licence.key) == licence.key


def test_every_key_of_an_entry_is_known():
    """A misspelt obligation would ask for nothing."""
    known = {"key", "versions", "name", "class", "spdx", "source", "aliases", "text", "names", "mentions", "family"}
    known |= {"body", "share_alike", "refines", "contested", "owes", "read", "facts"}
    for file in files("lineage_audit.claims.licences").iterdir():
        if file.name.endswith(".toml"):
            for entry in tomllib.loads(file.read_text(encoding="utf-8"))["licence"]:
                assert set(entry) <= known, (file.name, entry["key"])
                assert set(entry.get("facts", ())) <= set(QUESTIONS), (file.name, entry["key"])


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ("apache-2.0", "apache-2.0"),
        ("Apache 2.0", "apache-2.0"),
        ("Apache License 2.0", "apache-2.0"),
        ("LLAMA 2 Community License", "llama2"),
        ("LicenseRef-scancode-llama-3.1-license-2024", "llama3.1"),
        ("LicenseRef-scancode-tongyi-qianwen-2023", "tongyi-qianwen"),
        ("yi-license", "yi-community"),
        ("openrail++", "openrail++"),
        ("CC-BY-NC-SA-4.0", "cc-by-nc-sa-4.0"),
        ("GPL-3.0-or-later", "gpl-3.0-or-later"),
        ("MPL-2.0", "mpl-2.0"),
        ("LicenseRef-scancode-mulanpsl-2.0-en", "mulanpsl-2.0-en"),
        ("nvidia-open-model-license", "nvidia-open-model"),
        ("my own terms", None),
    ],
)
def test_names_and_ids(said, key):
    found = licence_called(said)
    assert (found.key if found else None) == key


@pytest.mark.parametrize(
    ("model", "key"),
    [
        ("meta-llama/Llama-2-7b-hf", "llama2"),
        ("codellama/CodeLlama-34b-Python-hf", "llama2"),
        ("meta-llama/Meta-Llama-3-8B", "llama3"),
        ("meta-llama/Llama-3.1-8B", "llama3.1"),
        ("meta-llama/Llama-4-Scout-17B-16E", "llama4"),
        ("huggyllama/llama-7b", "llama1"),
        ("openlm-research/open_llama_7b", None),
        ("openlm-research/open_llama_3b_v2", None),
        ("TinyLlama/TinyLlama-1.1B", None),
        ("google/gemma-2-9b", "gemma"),
        ("google/gemma-4-1b", "gemma-4"),
        ("01-ai/Yi-34B", "yi-community"),
        ("01-ai/Yi-1.5-6B", "yi-1.5"),
        ("Qwen/Qwen-72B", "tongyi-qianwen"),
        ("Qwen/Qwen2.5-3B", "qwen-research"),
        ("Qwen/Qwen2.5-14B", None),
        ("org/llama-style-parent", None),
        ("nvidia/Llama-3_3-Nemotron-Super-49B-v1", "llama3.3"),
        ("org/baichuan-llama-7b", None),
        ("org/Llama-3-8B", "llama3"),
        ("org/Llama-3-1-8B", "llama3.1"),
        ("mistralai/Mistral-Large-Instruct-2411", "mistral-research"),
        ("mistralai/Mistral-Large-3-675B-Instruct-2512", None),
        ("google/gemma-3n-E4B-it", "gemma"),
        ("google/gemma-5-9b", None),
        ("deepseek-ai/deepseek-math-7b-base", "deepseek"),
        ("deepseek-ai/DeepSeek-Math-V2", None),
    ],
)
def test_licences_by_the_names_of_models(model, key):
    found = licence_of_model(model)
    assert (found.key if found else None) == key


def test_a_publisher_refines_a_licence_for_its_own_models():
    apache = licence_called("apache-2.0")
    assert refined(apache, "01-ai/Yi-1.5-6B").key == "yi-1.5"
    assert refined(apache, "mistralai/Mistral-7B") is apache


@pytest.mark.parametrize(
    ("expression", "choices"),
    [
        ("Apache-2.0 OR MIT", [["apache-2.0", "mit"]]),
        ("Apache-2.0 AND MIT", [["apache-2.0"], ["mit"]]),
        ("(Apache-2.0 AND CC-BY-NC-4.0) OR MIT", [["apache-2.0", "mit"], ["cc-by-nc-4.0", "mit"]]),
        ("Apache-2.0 WITH LLVM-exception", [["apache-2.0"]]),
        ("Apache-2.0 OR LicenseRef-unheard-of", []),
        (" AND ".join(["(MIT OR Apache-2.0)"] * 20), [["mit", "apache-2.0"]] * 20),
        (" OR ".join(["(MIT AND ISC)"] * 20), []),
    ],
)
def test_only_or_gives_a_choice(expression, choices):
    assert [[licence.key for licence in choice] for choice in terms_of(expression)] == choices


def test_expressions_in_the_spelling_of_spdx():
    assert spdx_of("mit or apache-2.0") == "MIT OR Apache-2.0"
    assert spdx_of("(" * 10_000) is None


def test_licences_of_the_index_state_only_what_their_category_settles():
    assert licence_called("zlib").licence_class == "permissive"
    assert not licence_called("mpl-2.0").terms_are_known
    assert licence_called("classpath-exception-2.0") is None


def test_licences_by_address():
    assert licence_at("https://huggingface.co/Qwen/Qwen2.5-72B/blob/main/LICENSE").key == "qwen"
    assert licence_at("huggingface.co/Qwen/Qwen2.5-72B/resolve/0123abc/LICENSE").key == "qwen"
    assert licence_at("https://ai.google.dev/gemma/terms").key == "gemma"
    assert licence_at("https://example.org/LICENSE") is None


class TestTexts:
    """A known text with something added or taken is not the known licence."""

    CLAUSE = "It may be used in products with fewer than ten thousand users a month only."

    @pytest.mark.parametrize("where", ["before", "within", "after"])
    @pytest.mark.parametrize("text", [APACHE, MIT], ids=["apache", "mit"])
    def test_an_added_clause_is_left_over_wherever_it_stands(self, text, where):
        first, second = text[: len(text) // 2], text[len(text) // 2 :]
        changed = {"before": f"{self.CLAUSE}\n\n{text}", "after": f"{text}\n\n{self.CLAUSE}"}
        found = recognise(changed.get(where, f"{first}\n\n{self.CLAUSE}\n\n{second}"))
        assert found.licence is not None
        assert not found.is_unchanged
        assert "fewer than ten thousand users" in " ".join(found.changes)

    @pytest.mark.parametrize(
        "copy",
        [
            MIT.replace("Copyright (c) <year> <copyright holders>", "Copyright (c) 2024 Nova, Inc. and its friends"),
            MIT.replace("MIT License", "The MIT License (MIT)"),
            MIT.replace(", ", ",\n").upper(),
            APACHE.partition("APPENDIX")[0],
        ],
    )
    def test_a_copy_with_another_owner_and_other_lines_is_unchanged(self, copy):
        assert recognise(copy).is_unchanged

    def test_one_word_can_turn_a_licence_round(self):
        assert not recognise(MIT.replace("is hereby granted", "is not hereby granted")).is_unchanged
        assert not recognise(MIT.replace("<copyright holders>", "Nova, for research use only")).is_unchanged

    def test_a_text_that_lost_part_of_itself_is_changed(self):
        found = recognise(MIT.replace("without limitation the rights to use, copy, modify, merge, publish,", ""))
        assert found.changes == ('it lacks "without limitation the rights to use copy modify merge publish"',)

    @pytest.mark.parametrize(
        ("file", "written", "filled"),
        [
            ("bsd-3-clause.txt", "name of the copyright holder", "name of Example Research GmbH"),
            ("bsd-3-clause.txt", "THE COPYRIGHT HOLDERS AND CONTRIBUTORS", "THE REGENTS AND CONTRIBUTORS"),
            ("mit.txt", "THE AUTHORS OR COPYRIGHT HOLDERS BE", "THE UNIVERSITY BE"),
        ],
    )
    def test_whom_a_blank_names_changes_nothing(self, file, written, filled):
        text = known_text(file)
        found = recognise(text.replace(written, filled))
        assert written in text
        assert (found.licence.key, found.is_unchanged) == (file.removesuffix(".txt"), True)

    def test_a_condition_in_a_blanks_place_is_one(self):
        text = known_text("mit.txt")
        hidden = text.replace("SHALL THE AUTHORS", "SHALL COMMERCIAL USE BE ALLOWED OR THE AUTHORS")
        assert hidden != text
        assert not recognise(hidden).is_unchanged

    def test_a_quotation_of_a_licence_is_not_the_licence(self):
        assert recognise("We like the words of others. " * 200 + MIT[:300]).licence is None


@given(st.text(max_size=300))
def test_no_text_breaks_a_lookup(text):
    licence_called(text), licence_of_model(text), spdx_of(text), terms_of(text), licence_at(text)
    assert recognise(text).licence is None
    assert words_of(words_of(text)) == words_of(text)


class TestWhereTermsWereRead:
    @pytest.mark.parametrize(
        "licence", [one for one in catalogue().values() if one.facts], ids=lambda licence: licence.key
    )
    def test_every_fact_names_where_it_was_read_or_the_entry_says_that_it_was_not(self, licence):
        unread = [fact for fact in licence.facts if not fact.read]
        assert any("was not read" in line for line in licence.advice) == bool(unread)

    def test_terms_that_were_not_read_are_warnings_at_most(self):
        """What a licence asks for by its name alone stops no job."""
        for licence in catalogue().values():
            if licence.facts and not licence.read:
                owed = {key for key in ("copy", "notice", "attribution", "name_prefix") if getattr(licence.owes, key)}
                assert {licence.owes.levels.get(key) for key in owed} <= {"warning"}, licence.key

    def test_a_licence_of_unknown_terms_says_so_and_asks_for_nothing(self):
        unknown = [licence for licence in catalogue().values() if not licence.terms_are_known]
        assert unknown
        for licence in unknown:
            assert any("not known here" in line for line in licence.advice), licence.key
            assert licence.owes == Owed()

    def test_every_licence_of_models_says_whether_it_may_be_used_commercially(self):
        for licence in catalogue().values():
            standard = licence.body or licence.refines or licence.spdx.startswith("CC")
            assert standard or any(fact.question == "commercial_use" for fact in licence.facts), licence.key


def test_a_notice_that_is_written_whole_begins_as_the_one_that_is_looked_for():
    for licence in catalogue().values():
        if licence.owes.notice_line:
            assert words_of(licence.owes.notice_line).startswith(words_of(licence.owes.notice))
