import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage_audit.checkpoint.card import read_claims
from lineage_audit.checkpoint.card.naming import looks_like_repository
from lineage_audit.checkpoint.card.text_files import YAML_LIMIT
from lineage_audit.checkpoint.claims import Claim, Claims
from tests.checkpoint.memory_source import MemorySource

REAL_REPOS = Path(__file__).parents[4] / "shared" / "real-repos"

CARD = """---
language: en
license: other
license_name: yi-license
license_link: LICENSE
base_model:
- 01-ai/Yi-34B
- meta-llama/Llama-2-70b-hf
base_model_relation: merge
---
# A model
"""


def read(files: dict[str, bytes | str]) -> tuple[Claims, tuple[str, ...]]:
    return read_claims(MemorySource(files))


def values(files: dict[str, bytes | str], kind: str) -> list[str]:
    return [claim.value for claim in read(files)[0].items if claim.kind == kind]


def test_the_front_matter_is_read_with_its_lines() -> None:
    claims, caveats = read({"README.md": CARD})
    assert caveats == ()
    assert claims.items == (
        Claim("license", "other", "README.md", 3, "license"),
        Claim("license_name", "yi-license", "README.md", 4, "license_name"),
        Claim("license_link", "LICENSE", "README.md", 5, "license_link"),
        Claim("base_model", "01-ai/Yi-34B", "README.md", 7, "base_model"),
        Claim("base_model", "meta-llama/Llama-2-70b-hf", "README.md", 8, "base_model"),
        Claim("base_model_relation", "merge", "README.md", 9, "base_model_relation"),
    )


@pytest.mark.parametrize(
    ("card", "licence", "line"),
    [
        ("---\r\nlicense: mit\r\n---\r\ntext", "mit", 2),
        ("\ufeff---\nlicense: mit\n---", "mit", 2),
        ("\n\n---\nlicense: [mit]\n---\n", "mit", 4),
        ("---\nlicense: >-\n  apache-2.0\n---\n", "apache-2.0", 2),
        ('---\n"license": "llama2"\n---\n', "llama2", 2),
    ],
)
def test_forms_of_front_matter(card: str, licence: str, line: int) -> None:
    claims, caveats = read({"README.md": card})
    assert caveats == ()
    assert [(claim.value, claim.line) for claim in claims.of("license")] == [(licence, line)]


@pytest.mark.parametrize(
    "card", ["", "# A model\n", "---\n\nA rule, then text.\n", "text\n---\nlicense: mit\n---\n", "---\nlicense:\n---\n"]
)
def test_a_card_without_front_matter_claims_nothing(card: str) -> None:
    assert read({"README.md": card}) == (Claims(), ())


@pytest.mark.parametrize(
    ("block", "says"),
    [
        ("license: [mit\nx: }", "line 3"),
        ("- license\n- mit", "keys and values"),
        ("license: mit\n" + "# " + "x" * YAML_LIMIT, "characters"),
        ("a: " + "[" * 30_000, "not valid YAML"),
        ("license: \x07mit", "not valid YAML"),
        ("license: *nowhere", "not valid YAML"),
    ],
)
def test_broken_front_matter_is_a_caveat_and_the_rest_is_read(block: str, says: str) -> None:
    claims, caveats = read({"README.md": f"---\n{block}\n---\n", "LICENSE": "MIT License\n"})
    assert [claim.kind for claim in claims.items] == ["license_text"]
    assert len(caveats) == 1
    assert caveats[0].startswith("README.md: ")
    assert says in caveats[0]


def test_tags_are_never_acted_on_and_aliases_never_multiply(tmp_path: Path) -> None:
    witness = tmp_path / "ran"
    laughs = "\n".join(
        f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9) if level else 'x'}]" for level in range(30)
    )
    card = (
        f"---\nlicense: !!python/object/apply:os.system ['touch {witness}']\n{laughs}\n"
        "base_model: *a29\nlicense_name: ok\n---\n"
    )
    claims, caveats = read({"README.md": card})
    assert not witness.exists()
    assert len(caveats) == 1
    assert [claim.value for claim in claims.of("license_name")] == ["ok"]
    assert claims.of("base_model") == ()
    assert {one.part for one in claims.unread} == {"base_model"}


def test_a_recipe_that_contains_itself_ends() -> None:
    claims, _ = read({"mergekit_config.yml": "slices: &s\n- sources: *s\n- model: a/b\n"})
    assert [claim.value for claim in claims.of("base_model")] == ["a/b"]


def test_a_card_that_is_not_utf8_is_read_with_a_caveat() -> None:
    claims, caveats = read({"README.md": b"---\nlicense: mit\n---\nIt was trained from scratch in a caf\xe9.\n"})
    assert [claim.kind for claim in claims.items] == ["license", "from_scratch"]
    assert len(caveats) == 1
    assert "UTF-8" in caveats[0]


def test_base_models_outside_the_card() -> None:
    recipe = (
        "slices:\n- sources:\n  - model: a/one\n    layer_range: [0, 32]\n  - model: a/two\n"
        "- sources:\n  - model: a/one\nbase_model: a/one\nparameters:\n  t: 0.5\n"
    )
    claims, caveats = read(
        {
            "config.json": '{\n  "architectures": [],\n  "_name_or_path": "meta-llama/Llama-2-7b-hf"\n}',
            "adapter_config.json": '{"base_model_name_or_path": "gpt2"}',
            "mergekit_config.yml": recipe,
        }
    )
    assert caveats == ()
    assert claims.items == (
        Claim("base_model", "meta-llama/Llama-2-7b-hf", "config.json", 3, "_name_or_path", "configuration"),
        Claim("base_model", "gpt2", "adapter_config.json", 1, "base_model_name_or_path", "adapter"),
        Claim("base_model", "a/one", "mergekit_config.yml", 3, "models", "recipe"),
        Claim("base_model", "a/two", "mergekit_config.yml", 5, "models", "recipe"),
        Claim("base_model", "a/one", "mergekit_config.yml", 8, "base_model", "recipe"),
    )


@pytest.mark.parametrize(
    ("name", "repository"),
    [
        ("01-ai/Yi-34B", True),
        ("a/b.c_d-e", True),
        ("gpt2", False),
        ("/data/llama", False),
        ("./out", False),
        ("output/llama-7b", False),
        ("org/checkpoint-500", False),
        ("output_a_mythoxwin/", False),
        ("a/b/c", False),
        ("C:\\models\\llama", False),
        ("", False),
        ("../x", False),
    ],
)
def test_local_paths_are_no_repositories(name: str, repository: bool) -> None:
    assert looks_like_repository(name) is repository
    found = values({"config.json": json.dumps({"_name_or_path": name})}, "base_model")
    assert found == ([name] if repository else [])


@pytest.mark.parametrize(
    ("file", "text", "value", "line"),
    [
        (
            "LICENSE",
            "\n                    Apache License\n            Version 2.0, January 2004",
            "Apache License",
            2,
        ),
        (
            "LICENSE.txt",
            "LLAMA 2 COMMUNITY LICENSE AGREEMENT\t\nLlama 2 Version",
            "LLAMA 2 COMMUNITY LICENSE AGREEMENT",
            1,
        ),
        ("LICENSE", "META LLAMA 3 COMMUNITY LICENSE AGREEMENT\n", "META LLAMA 3 COMMUNITY LICENSE AGREEMENT", 1),
        ("LICENSE", "LLAMA 3.1 COMMUNITY LICENSE AGREEMENT\n", "LLAMA 3.1 COMMUNITY LICENSE AGREEMENT", 1),
        ("USE_POLICY.md", "# Llama 2 Acceptable Use Policy\n", "Llama 2 Acceptable Use Policy", 1),
        (
            "LICENSE",
            "Yi Series Models Community License Agreement\n",
            "Yi Series Models Community License Agreement",
            1,
        ),
        ("MODEL_LICENSE", "# Tongyi Qianwen LICENSE AGREEMENT\n", "Tongyi Qianwen LICENSE AGREEMENT", 1),
        ("LICENSE-MODEL", "DEEPSEEK LICENSE AGREEMENT\n", "DEEPSEEK LICENSE AGREEMENT", 1),
        ("LICENSE", "Gemma Terms of Use\n", "Gemma Terms of Use", 1),
        ("LICENSE", "BigScience RAIL License v1.0\n", "BigScience RAIL License v1.0", 1),
        ("LICENSE", "BigCode Open RAIL-M v1\n", "BigCode Open RAIL-M v1", 1),
        (
            "LICENSE.md",
            "Creative Commons Attribution-NonCommercial 4.0 International\n",
            "Creative Commons Attribution-NonCommercial 4.0 International",
            1,
        ),
        ("LICENSE", "Copyright (c) 2024\n\nPermission is hereby granted, free\nof charge, to", "Copyright (c) 2024", 1),
        ("LICENCE", "# My own terms\n\nBe kind.", "My own terms", 1),
        ("COPYING", "GNU GENERAL PUBLIC LICENSE\n  Version 3, 29 June", "GNU GENERAL PUBLIC LICENSE", 1),
        ("NOTICE", "Copyright 2024 Us\n\nSee the Apache License, Version 2.0.", "Copyright 2024 Us", 1),
        (
            "Notice.txt",
            "\nLlama 2 is licensed under the LLAMA 2 Community License, Copyright (c) Meta Platforms, Inc.\n",
            "Llama 2 is licensed under the LLAMA 2 Community License, Copyright (c) Meta Platforms, Inc.",
            2,
        ),
    ],
)
def test_licence_files_are_named_by_their_titles(file: str, text: str, value: str, line: int) -> None:
    claims, caveats = read({file: text})
    assert caveats == ()
    assert claims.items == (Claim("license_text", value, file, line, standing="licence file"),)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_texts_are_read_in_the_encodings_that_windows_writes(encoding: str) -> None:
    claims, caveats = read({"LICENSE": "My own terms\n\nBe kind to everyone, née or not.".encode(encoding)})
    assert caveats == ()
    assert claims.items == (Claim("license_text", "My own terms", "LICENSE", 1, standing="licence file"),)


def test_files_that_only_sound_like_licences_are_left_alone() -> None:
    files: dict[str, bytes | str] = {"licensed.py": "x", "docs/LICENSE": "MIT License", "LICENSE.png": b"\x89"}
    assert read(files) == (Claims(), ())


@pytest.mark.skipif(not REAL_REPOS.is_dir(), reason="no real repositories beside the project")
def test_real_repositories_read_without_caveats() -> None:
    folders = [folder for folder in sorted(REAL_REPOS.iterdir()) if folder.is_dir()]
    assert folders
    for folder in folders:
        claims, caveats = read_folder(folder)
        assert caveats == (), folder
        for claim in claims.items:
            lines = (folder / claim.file).read_text(encoding="utf-8-sig").split("\n")
            assert claim.line is not None
            assert claim.value.split()[0].strip("*#") in lines[claim.line - 1] or claim.standing == "prose"


@pytest.mark.skipif(not REAL_REPOS.is_dir(), reason="no real repositories beside the project")
@pytest.mark.parametrize(
    ("repo", "kind", "expected"),
    [
        ("YouriLalain+2PRYMMAL-Yi1.5-6B-SLERP", "license", ["apache-2.0"]),
        ("CesarChaMal+Wizard-Vicuna-30B-Uncensored-GPTQ", "base_model", ["ehartford/Wizard-Vicuna-30B-Uncensored"]),
        ("isatyabrata+llama2-7b-chat-hf", "base_model", ["meta-llama/Llama-2-7b-chat-hf"]),
        ("chengzeyi+vicuna-7b-delta-v0", "base_model", []),
        ("nuxwork+llama-7b-hf", "license_text", ["LLaMA LICENSE AGREEMENT"]),
        (
            "mapengAdam+qianwen-72B",
            "license_text",
            ["Tongyi Qianwen LICENSE AGREEMENT", "LICENSE FOR NVIDIA Megatron-LM code"],
        ),
    ],
)
def test_real_cards(repo: str, kind: str, expected: list[str]) -> None:
    claims, _ = read_folder(REAL_REPOS / repo)
    assert [claim.value for claim in claims.items if claim.kind == kind] == expected


def read_folder(folder: Path) -> tuple[Claims, tuple[str, ...]]:
    files: dict[str, bytes | str] = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent) / name
            files[path.relative_to(folder).as_posix()] = path.read_bytes()
    return read(files)


FILES = ["README.md", "config.json", "adapter_config.json", "mergekit_config.yml", "LICENSE", "NOTICE"]
YAML_FRAGMENTS = [b"---\n", b"license:", b" mit\n", b"base_model:\n", b"- a/b\n", b"models:\n", b": ", b"? ", b"<<: "]
YAML_MARKS = [b"*x", b"&x ", b"!!python/none", b"{", b"}", b"[", b"\n", b"\xff", b"\x00"]
PROSE_FRAGMENTS = [b"trained from scratch", b". ", b'"_name_or_path": "a/b"']
FRAGMENTS = st.sampled_from([*YAML_FRAGMENTS, *YAML_MARKS, *PROSE_FRAGMENTS])


@given(st.dictionaries(st.sampled_from(FILES), st.lists(FRAGMENTS, max_size=15).map(b"".join) | st.binary(max_size=60)))
def test_nothing_in_a_repository_can_make_reading_fail(files: dict[str, bytes | str]) -> None:
    claims, caveats = read(files)
    for claim in claims.items:
        assert claim.value == claim.value.strip() != ""
        claim.value.encode("utf-8")
    assert all("\n" not in caveat for caveat in caveats)
