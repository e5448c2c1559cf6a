"""A family tree in every format: arrows, dashed ancestors, merges drawn once, and names that try to be more."""

from __future__ import annotations

import json
import re

import pytest
from jsonschema import Draft202012Validator

from lineage_audit.report import render
from lineage_audit.report.json import schema_of
from lineage_audit.report.terminal.tree import render_tree_terminal
from lineage_audit.results import FamilyTree, Operation, TreeEdge, TreeModel, UnknownAncestor
from tests.report.hostile import NASTY
from tests.report.printing import in_ascii
from tests.report.results import text_formats

CUT = Operation("layers-removed", "layer 2 of A is not in B", "each layer found")


def _tree(*names: str) -> FamilyTree:
    """A base with two fine-tunes, their merge, a cut of the base; a twin through an unknown ancestor; a stranger."""
    refs = names or ("base", "code", "chat", "merged", "cut", "twin", "stranger")
    models = tuple(
        TreeModel(f"m{number}", ref, "sha256:0", "LlamaForCausalLM", 100, 2 if number == 7 else 1)
        for number, ref in enumerate(refs, 1)
    )
    edges = (
        TreeEdge("m1", "m5", True, "descent", "derived", -300.0, 0.0, (CUT,)),
        TreeEdge("m1", "m2", False, "descent", "derived", -400.0, 0.2, ()),
        TreeEdge("m1", "m3", False, "descent", "derived", -400.0, 0.3, ()),
        TreeEdge("m2", "m4", True, "merge", "derived", -400.0, 0.1, (), 0.6),
        TreeEdge("m3", "m4", True, "merge", "derived", -400.0, 0.2, (), 0.4),
        TreeEdge("u1", "m1", True, "origin", "shared-origin", -50.0, 0.9, ()),
        TreeEdge("u1", "m6", True, "origin", "shared-origin", -50.0, 0.9, ()),
    )
    return FamilyTree(
        tool_version="0.1.0",
        models=models,
        unknown=(UnknownAncestor("u1", 1, "they share an initialisation"),),
        edges=edges,
        groups=(("m1", "m2", "m3", "m4", "m5", "m6"), ("m7",)),
        roots=("u1", "m7"),
        comparisons=21,
        undecided=0,
        detection_limit=0.05,
        caveats=("One caveat.",),
        seconds=1.0,
    )


VALIDATOR = Draft202012Validator(schema_of(FamilyTree))


def test_the_document_fulfils_its_schema() -> None:
    document = json.loads(render(_tree(), "json"))
    VALIDATOR.validate(document)
    assert document["edges"][0]["operations"][0]["kind"] == "layers-removed"


def test_the_terminal_draws_every_model_from_the_root_outward() -> None:
    text = render(_tree(), "terminal")
    drawn = [line for line in text.splitlines() if "──" in line]
    assert [re.sub(r"^[│├└─ ]*", "", line).strip() for line in drawn] == [
        "┄ base",
        "→ cut  layers-removed",
        "code  20.0% apart",
        "→ merged  merged, 0.60",
        "chat  30.0% apart",
        "→ merged  merged, 0.40 (drawn above)",
        "┄ twin",
    ]
    assert "Alone" in text
    assert "stranger" in text
    assert "0.05 would have shown" in text


def test_graphs_have_arrows_only_where_they_are_shown() -> None:
    dot, mermaid = render(_tree(), "dot"), render(_tree(), "mermaid")
    assert '  m1 -> m2 [label="20.0% apart", dir=none];' in dot
    assert '  m1 -> m5 [label="layers-removed"];' in dot
    assert '  u1 [label="unknown common ancestor", style=dashed];' in dot
    assert '  m1 ---|"20.0#37; apart"| m2' in mermaid
    assert '  m1 -->|"layers-removed"| m5' in mermaid
    assert "  u1 -.-> m6" in mermaid


@pytest.mark.parametrize("nasty", [*NASTY, '"]; evil [label="', 'x"] --> y["', "end\\", "%%{init: {}}%%"])
def test_no_name_leaves_its_label(nasty: str) -> None:
    tree = _tree(*[nasty] * 7)
    for line in render(tree, "dot").splitlines()[3:-1]:
        assert re.fullmatch(r'  [mu]\d+( -> [mu]\d+)? \[label="([^"\\]|\\.)*"(, dir=none)?(, style=\w+)?\];', line), (
            line
        )
    for line in render(tree, "mermaid").splitlines()[1:8]:
        assert re.fullmatch(r'  m\d\["[^"\[\]<>`{}|()@]*"\]', line), line
    for format_name in text_formats(FamilyTree):
        text = render(tree, format_name)
        assert not set("\x1b\x07\x00\x85\u202e\u2028\u2066\x7f") & set(text)
    assert "<script" not in re.sub(r"`[^`|\n]*`", "", render(tree, "markdown"))


def test_a_console_without_unicode_is_enough() -> None:
    assert in_ascii(render_tree_terminal, _tree()).isascii()
