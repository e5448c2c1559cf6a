"""An unmixing in every format: the numbers, the recipe, and names that try to be more."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator

from lineage_audit.report import render
from lineage_audit.report.json import schema_of
from lineage_audit.report.terminal.unmixing import render_unmix_terminal
from lineage_audit.results import LayerSource, MergedPart, Share, Unmixing
from tests.report.hostile import NASTY, with_every_string
from tests.report.printing import in_ascii
from tests.report.results import text_formats
from tests.report.samples import DERIVED

WEIGHTS = (Share(0.6, 0.59, 0.61), Share(0.4, 0.39, 0.41))
TIES = Unmixing(
    tool_version="0.1.0",
    child=replace(DERIVED.b, ref="org/merged"),
    parents=(replace(DERIVED.a, ref="org/code"), replace(DERIVED.a, ref="org/chat")),
    base=replace(DERIVED.a, ref="org/base"),
    method="ties",
    summary="a TIES merge: 0.600 of org/code, 0.400 of org/chat",
    weights=WEIGHTS,
    densities=(0.5, 0.7),
    lambda_=1.0,
    normalized=True,
    residual=1e-5,
    unexplained=0.0,
    parts=(MergedPart("attention", None, 1000, WEIGHTS, 0.0, 0.0), MergedPart("norms", None, 10, (), 0.0, 0.0)),
    layers=(MergedPart("layer 0", 0, 500, WEIGHTS, 0.0, 0.0, LayerSource(2, 0)),),
    collinear=((0, 1, 0.97),),
    compared_share=1.0,
    recipe='models:\n  - model: "org/code"\nmerge_method: ties\n',
    caveats=("One caveat.",),
    seconds=1.0,
)
VALIDATOR = Draft202012Validator(schema_of(Unmixing))


def test_the_document_fulfils_its_schema() -> None:
    document = json.loads(render(TIES, "json"))
    VALIDATOR.validate(document)
    assert document["lambda"] == 1.0
    assert document["collinear"] == [{"first": 0, "second": 1, "correlation": 0.97}]
    bare = replace(TIES, base=None, recipe=None, method="unknown", lambda_=None, normalized=None)
    VALIDATOR.validate(json.loads(render(bare, "json")))


@pytest.mark.parametrize("format_name", ["terminal", "markdown"])
def test_people_read_method_weights_and_recipe(format_name: str) -> None:
    text = render(TIES, format_name)
    for said in ("TIES", "0.600 (0.590 to 0.610)", "0.50, 0.70", "merge_method: ties", "One caveat"):
        assert said in text


@pytest.mark.parametrize("nasty", NASTY)
@pytest.mark.parametrize("format_name", text_formats(Unmixing))
def test_no_name_steers_a_report(format_name: str, nasty: str) -> None:
    text = render(with_every_string(TIES, nasty), format_name)
    assert not set("\x1b\x07\x00\x85\u202e\u2028\u2066\x7f") & set(text)
    if format_name == "markdown":
        outside = re.sub(r"`[^`|\n]*`", "", text.split("```")[0])
        assert "<script" not in outside
        assert "https://" not in outside
    if format_name == "json":
        VALIDATOR.validate(json.loads(text))


def test_a_recipe_cannot_close_its_block() -> None:
    text = render(replace(TIES, recipe="models: x\n```\n# heading\n"), "markdown")
    assert "````yaml\nmodels: x\n```\n# heading\n````" in text


def test_a_console_without_unicode_is_enough() -> None:
    assert io.BytesIO(in_ascii(render_unmix_terminal, TIES)).getvalue().isascii()
