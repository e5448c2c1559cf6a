import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256

import pytest

from lineage_audit.report import render
from lineage_audit.report.html.palette import ACCENTS
from lineage_audit.results.check import CertificateGiven, Outcome
from lineage_audit.results.comparison import Relation
from tests.report.checks import CHECKS, FAILED
from tests.report.hostile import NASTY, with_every_string
from tests.report.hostile_checks import with_every_string as hostile_check
from tests.report.html.reading import Page
from tests.report.html.samples import LEANING, MERGED, RICH, SHELVED, TREE, TUNED
from tests.report.samples import INSPECTION, MANY, REPORTS

PAGES = {
    **{name: render(report, "html") for name, report in (REPORTS | RICH).items()},
    **{f"check-{name}": render(check, "html") for name, check in CHECKS.items()},
    "many": render(MANY, "html"),
    "merged": render(MERGED, "html"),
    "shelved": render(SHELVED, "html"),
    "leaning": render(LEANING, "html"),
    "tree": render(TREE, "html"),
    "inspection": render(INSPECTION, "html"),
}


_BESIDE = re.compile(r"\./[^/:]+")
"""A file beside the page: the certificate that was written with it."""


@pytest.mark.parametrize("name", ["tuned", "apart"])
def test_report(name, golden):
    golden(f"{name}.html", PAGES[name])


def test_check(golden):
    golden("check.html", PAGES["check-failed"])


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_well_formed_and_needs_nothing_else(name):
    page = Page(PAGES[name])
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert page.shape["h1"] == page.shape["main"] == page.shape["script"] == page.shape["style"] == 1
    assert not page.shape.keys() & {"img", "iframe", "object", "embed", "link", "base", "form", "input", "video"}
    assert not re.search(r"@import|url\(|expression\(", PAGES[name].split("</style>")[0])
    for tag, attributes in page.elements:
        assert not {"src", "style", "srcset"} & attributes.keys()
        assert not any(key.startswith("on") for key in attributes)
        target = attributes.get("href", "#")
        assert target.startswith("#") or _BESIDE.fullmatch(target), tag
        for key in ("aria-labelledby", "aria-describedby"):
            assert set((attributes.get(key) or "").split()) <= set(ids)
        if target.startswith("#") and target != "#":
            assert target.removeprefix("#") in ids


@pytest.mark.parametrize("name", PAGES)
def test_the_policy_names_the_page_s_own_style_and_script(name):
    text = PAGES[name]
    policy = next(meta["content"] for meta in Page(text).named("meta") if "http-equiv" in meta)
    assert policy.startswith("default-src 'none'; ")
    for tag in ("style", "script"):
        own = re.search(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL).group(1)
        assert f"'sha256-{b64encode(sha256(own.encode()).digest()).decode()}'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("name", PAGES)
def test_tables_and_figures_can_be_read_aloud(name):
    page = Page(PAGES[name])
    assert page.named("html") == [{"lang": "en"}]
    assert all(heading.get("scope") in ("col", "row") for heading in page.named("th"))
    assert page.shape["caption"] == page.shape["table"]
    for drawing in page.named("svg"):
        if drawing.get("class") != "meter":  # a meter repeats the number beside it
            assert drawing["role"] == "img"
            assert drawing["aria-labelledby"]
    scrolling = [one for one in page.named("div") if one.get("class") == "scroll"]
    assert all(one["tabindex"] == "0" and one["aria-label"] for one in scrolling)


def test_the_answer_stands_first():
    page = Page(PAGES["tuned"])
    headings = [tag for tag, _ in page.elements if tag in ("h1", "h2", "h3")]
    assert headings[0] == "h1"
    assert (
        page.text.index("DERIVED") < page.text.index("B derives from A: it is a fine-tune") < page.text.index("99.8%")
    )
    for words in ("p ≤ 10⁻¹⁵⁹⁴³ (exact)", "98.6%", "<0.1%", "cosine 0.011", "f5db02db724555f92da89c216ac04704f23d4590"):
        assert words in page.text


@pytest.mark.parametrize("name", REPORTS | RICH)
def test_everything_that_the_report_says_is_on_its_page(name):
    report, page = (REPORTS | RICH)[name], Page(PAGES[name])
    said = [report.architecture.summary, report.names.summary, report.tokenizer.summary, *report.verdict.caveats]
    said += [operation.detail for operation in report.verdict.operations]
    said += [test.finding or test.reason or "" for test in report.evidence]
    said += [report.a.digest, report.b.digest, report.a.ref, report.b.ref]
    for words in said:
        assert words[1:] in page.text  # a first letter may be made a capital


def test_a_check_shows_findings_with_places_fixes_and_references():
    page = Page(PAGES["check-failed"])
    for finding in FAILED.findings:
        assert finding.message in page.text
        assert finding.fix in page.text
        assert f"{finding.location.file}:{finding.location.line}" in page.text
    for reference in FAILED.references:
        assert reference.ref in page.text


def test_an_unmixing_shows_weights_and_recipe():
    page = Page(PAGES["merged"])
    for words in ("0.600 (0.590 to 0.610)", "merge_method: linear", "LINEAR", "layer 7 of orchard/prairie-7b-code"):
        assert words in page.text


def test_an_identification_shows_relatives_and_what_was_searched():
    page = Page(PAGES["shelved"])
    for words in ("RELATIVES FOUND", "p ≤ 10⁻⁶⁰⁸", "shelf.db: 4,812 models", "derived, ancestor", "hill-labs/ridge-7b"):
        assert words in page.text


def test_a_tree_shows_every_model_and_what_leads_to_it():
    page = Page(PAGES["tree"])
    for words in ("unknown common ancestor", "quantized", "merged, 0.60", *(model.ref for model in TREE.models)):
        assert words in page.text


def test_the_command_repeats_the_run():
    command = Page(PAGES["tuned"]).text
    pinned = f"meadow-ai/prairie-7b@{TUNED.a.revision} orchard/prairie-7b-chat@{TUNED.b.revision}"
    assert f"lineage-audit compare {pinned} --effort sample" in command
    named = replace(TUNED, parameters={**TUNED.parameters, "parents": "a/b, c/d", "base": "e/f"})
    assert "--effort sample --parent a/b --parent c/d --base e/f" in Page(render(named, "html")).text


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ({}, "--reference meadow-ai/prairie-7b@"),
        ({"is_earlier": True}, "--earlier meadow-ai/prairie-7b@"),
        ({"is_base": True, "is_earlier": True}, "--base meadow-ai/prairie-7b@"),
        ({"name": "meadow-ai/prairie"}, "--reference meadow-ai/prairie=meadow-ai/prairie-7b@"),
    ],
)
def test_the_command_of_a_check_says_what_was_stated_of_a_reference(stated, said):
    check = replace(FAILED, references=(replace(FAILED.references[0], **stated),))
    assert said in Page(render(check, "html")).text


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"with_declared": False}, "--no-declared"),
        ({"weights": "int4"}, "--weights int4"),
        ({"budget": 2**20}, "--budget 1048576"),
        ({"inconclusive": "fail"}, "--inconclusive fail"),
        ({"baseline": "known.json"}, "--baseline known.json"),
        ({"certificates": (CertificateGiven("a.json", "org/base"),)}, "--certificate org/base=a.json"),
        (
            {"certificates": (CertificateGiven("a.json", None, "me@example.org", "https://id.example.org"),)},
            "--identity me@example.org --issuer https://id.example.org",
        ),
    ],
)
def test_the_command_of_a_check_says_how_it_was_asked(asked, said):
    assert said in Page(render(replace(FAILED, **asked), "html")).text
    assert said not in Page(render(FAILED, "html")).text


@pytest.mark.parametrize("text", NASTY)
def test_no_string_changes_the_structure_of_a_comparison(text):
    assert Page(render(with_every_string(TUNED, text), "html")).shape == _plain_shape()


def _plain_shape():
    return Page(render(with_every_string(TUNED, "word"), "html")).shape


@pytest.mark.parametrize("text", NASTY)
def test_no_string_changes_the_structure_of_a_check(text):
    expected = Page(render(hostile_check(FAILED, "word"), "html")).shape
    assert Page(render(hostile_check(FAILED, text), "html")).shape == expected


@pytest.mark.parametrize("text", NASTY)
@pytest.mark.parametrize("sample", [MERGED, SHELVED, INSPECTION], ids=["unmix", "identify", "inspect"])
def test_no_string_changes_the_structure_of_what_was_found(sample, text):
    expected = Page(render(with_every_string(sample, "word"), "html")).shape
    assert Page(render(with_every_string(sample, text), "html")).shape == expected


@pytest.mark.parametrize("text", NASTY)
def test_no_reference_changes_the_structure_of_a_tree(text):
    named = [replace(TREE, models=tuple(replace(model, ref=ref) for model in TREE.models)) for ref in (text, "word")]
    hostile, plain = (Page(render(tree, "html")) for tree in named)
    assert hostile.shape == plain.shape


def test_every_answer_has_an_accent():
    from typing import get_args

    assert set(ACCENTS) >= {*get_args(Relation), *get_args(Outcome)}


@pytest.mark.parametrize("count", [1, 4, 5, 6, 9])
@pytest.mark.parametrize("result", [INSPECTION, TREE, SHELVED], ids=lambda result: type(result).__name__)
def test_every_caveat_stands_on_the_page_once(result, count):
    caveats = tuple(f"Caveat number {number} of all." for number in range(count))
    text = render(replace(result, caveats=caveats), "html")
    assert [text.count(caveat) for caveat in caveats] == [1] * count
    assert ("more</a>" in text) == (count > 5)
