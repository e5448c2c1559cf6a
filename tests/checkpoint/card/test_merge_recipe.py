"""The models of a merge recipe, whatever spelling of the tool's it is written in."""

import pytest

from lineage_audit.checkpoint.card import read_claims
from tests.checkpoint.memory_source import MemorySource


def models(recipe: str, file: str = "mergekit_config.yml") -> set[tuple[str, str]]:
    claims, _caveats = read_claims(MemorySource({file: recipe.encode()}))
    return {(claim.field or "", claim.value) for claim in claims.of("base_model")}


ONE, TWO, LORA, BASE = ("models", "a/one"), ("models", "b/two"), ("models", "c/lora"), ("base_model", "d/base")

SPELLINGS = {
    "models": "models:\n  - model: a/one\n    parameters: {weight: 0.5}\n  - model: b/two\nbase_model: d/base\n",
    "a list of words": "models: [a/one, b/two]\nbase_model: d/base\n",
    "slices": (
        "slices:\n  - sources:\n      - model: a/one\n        layer_range: [0, 8]\n"
        "  - sources: [{model: b/two, layer_range: [4, 12]}]\nbase_model: d/base\n"
    ),
    "models beside slices": "models: [{model: a/one}]\nslices: [{sources: [{model: b/two}]}]\nbase_model: d/base\n",
    "a base with options": "models: [{model: a/one}, {model: b/two}]\nbase_model:\n  model: d/base\n  override: x\n",
    "a base by its path": "models: [a/one, b/two]\nbase_model: {model: {path: d/base, revision: main}}\n",
    "slerp with lists": (
        "slices:\n- sources:\n  - model: a/one\n    layer_range: [0, 32]\n  - model: b/two\n    layer_range: [0, 32]\n"
        "merge_method: slerp\nbase_model: d/base\nparameters:\n  t:\n  - filter: self_attn\n    value: [0, 0.5, 1]\n"
        "  - value: 0.5\ndtype: bfloat16\n"
    ),
    "revisions": "models: [{model: a/one@main}, {model: b/two@0123abc}]\nbase_model: d/base@main\n",
    "several documents": (
        "name: first\nmodels: [{model: a/one}]\nbase_model: d/base\n---\nmodels: [{model: first}, {model: b/two}]\n"
        "base_model: first\n"
    ),
    "experts": (
        "base_model: d/base\ngate_mode: hidden\nexperts:\n  - source_model: a/one\n    positive_prompts: [chat]\n"
        "shared_experts:\n  - source_model: b/two\n    positive_prompts: [x/y]\n"
    ),
    "tokenizers apart": (
        "models: [{model: a/one}, {model: b/two}]\nbase_model: d/base\ntokenizer_source: e/words\n"
        "tokenizer: {source: e/words, tokens: {x: {source: e/words}}}\n"
    ),
    "another name of the file": "models: [{model: a/one}, {model: b/two}]\nbase_model: d/base\n",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_names_the_same_models(spelling: str) -> None:
    file = "mergekit-config.yaml" if spelling == "another name of the file" else "mergekit_config.yml"
    assert models(SPELLINGS[spelling], file) == {ONE, TWO, BASE}


@pytest.mark.parametrize(
    "recipe",
    [
        "models: [{model: a/one+c/lora}]\n",
        "models: [{model: a/one@main+c/lora@v2}]\n",
        "models: [{model: a/one + c/lora}]\n",
        "models: [{model: {model: a/one, lora: c/lora}}]\n",
        "models: [{model: {model: {path: a/one}, lora: {path: c/lora, revision: v2}}}]\n",
        "slices: [{sources: [{model: a/one+c/lora, layer_range: [0, 4]}]}]\n",
    ],
)
def test_a_model_with_an_adapter_names_both(recipe: str) -> None:
    assert models(recipe) == {ONE, LORA}


@pytest.mark.parametrize("path", ["./merged", "/home/me/one", "../two", "C:\\models\\one", "outputs/stage-1"])
def test_a_path_names_no_model(path: str) -> None:
    assert models(f"models: [{{model: '{path}'}}, {{model: a/one}}]\n") == {ONE}
