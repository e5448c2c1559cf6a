"""Licences as data: every entry is complete, and is found by its names, its models and its text."""

import re
import tomllib
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage_audit.claims.licences import (
    alternatives,
    catalogue,
    licence_called,
    licence_of_model,
    licence_with_text,
    refined,
    spdx_of,
    words_of,
)

CLASSES = {"permissive", "copyleft", "non-commercial", "no-derivatives", "use-restricted"}


@pytest.mark.parametrize("licence", catalogue().values(), ids=lambda licence: licence.key)
def test_an_entry_is_complete_and_found_by_its_own_words(licence):
    assert licence.licence_class in CLASSES
    assert licence.source.startswith("https://")
    assert spdx_of(licence.spdx) or re.fullmatch(r"LicenseRef-[A-Za-z0-9.-]+", licence.spdx)
    assert licence_called(licence.key) is licence
    assert licence_called(licence.name) is licence
    if licence.text:
        assert licence_with_text(" and ".join(licence.text)) is licence


def test_no_alias_belongs_to_two_licences():
    seen = {}
    for licence in catalogue().values():
        for alias in licence.aliases:
            assert seen.setdefault(alias, licence.key) == licence.key


def test_every_key_of_an_entry_is_known():
    """A misspelt obligation would ask for nothing."""
    known = {"key", "versions", "name", "class", "spdx", "source", "aliases", "text", "names", "mentions", "family"}
    known |= {"share_alike", "refines", "contested", "owes"}
    for file in files("lineage_audit.claims.licences").iterdir():
        if file.name.endswith(".toml"):
            for entry in tomllib.loads(file.read_text(encoding="utf-8"))["licence"]:
                assert set(entry) <= known, (file.name, entry["key"])


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
        ("GPL-3.0-or-later", "gpl-3.0"),
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
    ],
)
def test_licences_by_the_names_of_models(model, key):
    found = licence_of_model(model)
    assert (found.key if found else None) == key


def test_a_publisher_refines_a_licence_for_its_own_models():
    apache = licence_called("apache-2.0")
    assert refined(apache, "01-ai/Yi-1.5-6B").key == "yi-1.5"
    assert refined(apache, "mistralai/Mistral-7B") is apache


def test_expressions_give_the_choice():
    assert [licence.key for licence in alternatives("Apache-2.0 OR MIT")] == ["apache-2.0", "mit"]
    assert alternatives("Apache-2.0 OR LicenseRef-unheard-of") == ()
    assert spdx_of("mit or apache-2.0") == "MIT OR Apache-2.0"
    assert spdx_of("(" * 10_000) is None


@given(st.text(max_size=300))
def test_no_text_breaks_a_lookup(text):
    licence_called(text), licence_of_model(text), spdx_of(text), alternatives(text)
    assert licence_with_text(words_of(text)) is None
    assert words_of(words_of(text)) == words_of(text)
