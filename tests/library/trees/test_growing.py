"""Family trees of made-up models whose descent is known."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from lineage_audit.library.fingerprint import sketch
from lineage_audit.library.trees import grow_tree
from lineage_audit.results import FamilyTree
from tests.models import Size, Weights, checkpoint, llama, llama_config, noisy, repository

SIZE = Size(layers=4, hidden=96, heads=6, kv_heads=3, ffn=128, vocab=192)
BASE = llama(1, SIZE)
CODE, CHAT = noisy(BASE, 2, 0.2), noisy(BASE, 3, 0.25)


def _tree(models: Mapping[str, Weights]) -> FamilyTree:
    fingerprints = []
    for name, weights in models.items():
        layers = 1 + max(int(key.split(".")[2]) for key in weights if ".layers." in key)
        files = repository(weights, llama_config(SIZE, num_hidden_layers=layers))
        fingerprints.append(sketch(checkpoint(files, name), every_unit=True))
    return grow_tree(fingerprints)


def _names(tree: FamilyTree) -> dict[str, str]:
    return {model.id: model.ref for model in tree.models} | {one.id: one.id for one in tree.unknown}


def _edges(tree: FamilyTree) -> set[frozenset[str]]:
    names = _names(tree)
    return {frozenset((names[edge.source], names[edge.target])) for edge in tree.edges}


def _without_layer(weights: Weights, layer: int) -> Weights:
    kept = {}
    for name, values in weights.items():
        parts = name.split(".")
        if ".layers." in name:
            if int(parts[2]) == layer:
                continue
            parts[2] = str(int(parts[2]) - (int(parts[2]) > layer))
        kept[".".join(parts)] = values
    return kept


def test_siblings_hang_on_their_base_and_strangers_stand_alone() -> None:
    tree = _tree({"chat": CHAT, "stranger": llama(9, SIZE), "code": CODE, "base": BASE})
    assert _edges(tree) == {frozenset(("base", "code")), frozenset(("base", "chat"))}
    assert sorted(map(len, tree.groups)) == [1, 3]
    names = _names(tree)
    assert names[tree.roots[0]] == "base"
    assert not any(edge.directed for edge in tree.edges)
    assert tree.comparisons == 6


def test_a_chain_keeps_its_order() -> None:
    later = noisy(CODE, 5, 0.25)
    tree = _tree({"later": later, "base": BASE, "code": CODE})
    assert _edges(tree) == {frozenset(("base", "code")), frozenset(("code", "later"))}


def test_a_merge_has_two_parents() -> None:
    merged = {name: (0.6 * CODE[name] + 0.4 * CHAT[name]).astype(np.float32) for name in BASE}
    tree = _tree({"merged": merged, "base": BASE, "code": CODE, "chat": CHAT})
    names = _names(tree)
    shares = {names[edge.source]: edge.share for edge in tree.edges if edge.kind == "merge"}
    assert shares == pytest.approx({"code": 0.6, "chat": 0.4}, abs=0.08)
    assert all(edge.directed and names[edge.target] == "merged" for edge in tree.edges if edge.kind == "merge")


def test_a_parent_that_most_of_a_merge_came_from_is_not_made_from_it() -> None:
    merged = {name: (0.75 * CODE[name] + 0.25 * CHAT[name]).astype(np.float32) for name in BASE}
    tree = _tree({"merged": merged, "code": CODE, "chat": CHAT, "later": noisy(CHAT, 7, 0.05)})
    kinds = {frozenset((edge.source, edge.target)): edge.kind for edge in tree.edges}
    assert len(kinds) == len(tree.edges), "two models are joined by one edge"
    assert sorted(kinds.values()) == ["descent", "descent", "merge", "merge"]


def test_a_cut_is_directed_and_carries_on() -> None:
    cut = _without_layer(BASE, 2)
    tree = _tree({"healed": noisy(cut, 6, 0.2), "cut": cut, "base": BASE, "code": CODE})
    names = _names(tree)
    arrows = {(names[edge.source], names[edge.target]) for edge in tree.edges if edge.directed}
    assert arrows == {("base", "cut"), ("cut", "healed")}
    assert names[tree.roots[0]] == "base"


def test_equal_models_are_one_group() -> None:
    tree = _tree({"one": BASE, "again": BASE})
    assert len(tree.edges) == 1
    assert tree.edges[0].distance == 0.0
    assert not tree.edges[0].directed


def test_one_model_is_a_tree() -> None:
    tree = _tree({"base": BASE})
    assert (tree.edges, tree.groups, tree.roots) == ((), (("m1",),), ("m1",))
