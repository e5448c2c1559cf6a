"""A card is edited in one place: everything else in it, bytes and meaning, stays."""

import pytest
import yaml

from lineage_audit.checkpoint.card.editing import UneditableCardError, with_field, written
from lineage_audit.checkpoint.card.front_matter import claims_of_front_matter

CARDS = {
    "no base": ("license: mit\ntags: [a]  # two\n", "license: mit\ntags: [a]  # two\nbase_model: org/new\n"),
    "a base": ("base_model: org/old  # ours\nx: 1\n", "base_model: [org/old, org/new]  # ours\nx: 1\n"),
    "in quotes": ("base_model: 'org/old'\n", "base_model: ['org/old', org/new]\n"),
    "empty": ("base_model:\nx: 1\n", "base_model: org/new\nx: 1\n"),
    "in brackets": ("base_model: [org/a, org/b]\n", "base_model: [org/a, org/b, org/new]\n"),
    "empty brackets": ("base_model: []\n", "base_model: [org/new]\n"),
    "a list": ("base_model:\n- org/a # one\n- org/b\nx: 1\n", "base_model:\n- org/a # one\n- org/b\n- org/new\nx: 1\n"),
    "an indented list": ("base_model:\n  - org/a\n\nx: 1\n", "base_model:\n  - org/a\n  - org/new\n\nx: 1\n"),
    "a list of mappings": (
        "base_model:\n- name: org/a\n  revision: main\nx: 1\n",
        "base_model:\n- name: org/a\n  revision: main\n- org/new\nx: 1\n",
    ),
    "nothing but a remark": ("# to do\n", "# to do\nbase_model: org/new\n"),
}
BODY = "# A model\n\ntext: as it was\n---\nmore\n"


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["", "bom"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize(("before", "after"), CARDS.values(), ids=CARDS)
def test_a_base_is_added_where_bases_stand(before, after, newline, mark):
    card, expected = ((mark + f"---\n{front}---\n{BODY}".replace("\n", newline)).encode() for front in (before, after))
    assert with_field(card, "base_model", "org/new") == expected


@pytest.mark.parametrize(
    ("front", "expected"),
    [
        ("a: 1\nlicense: mit  # plain\nz: 2\n", "a: 1\nlicense: llama3.1  # plain\nz: 2\n"),
        ('license: "mit"\n', "license: llama3.1\n"),
        ("tags: []\n", "tags: []\nlicense: llama3.1\n"),
    ],
)
def test_another_value_takes_the_place_of_the_first(front, expected):
    assert with_field(f"---\n{front}---\n".encode(), "license", "llama3.1") == f"---\n{expected}---\n".encode()


def test_a_card_without_front_matter_gets_one():
    assert with_field("\ufeff# A model\r\n".encode(), "base_model", "org/new") == (
        "\ufeff---\r\nbase_model: org/new\r\n---\r\n# A model\r\n".encode()
    )


REFUSED = {
    "not closed": b"---\nlicense: mit\n# A model\n",
    "not YAML": b"---\nlicense: [mit\n---\n",
    "a key twice": b"---\nlicense: mit\nlicense: gpl-3.0\n---\n",
    "a list of words": b"---\n- mit\n---\n",
    "in braces": b"---\n{license: mit}\n---\n",
    "not UTF-8": "---\nlicense: mit\n---\n".encode("utf-16"),
    "two line endings": b"---\r\nlicense: mit\n---\n",
    "a mapping": b"---\nbase_model:\n  name: org/a\n---\n",
    "a folded text": b"---\nbase_model: >\n  org/a\n---\n",
}


@pytest.mark.parametrize("card", REFUSED.values(), ids=REFUSED)
def test_what_could_not_be_read_or_is_not_edited_is_left_alone(card):
    with pytest.raises(UneditableCardError):
        with_field(card, "base_model", "org/new")


@pytest.mark.parametrize(
    "value",
    ["org/name", "3.1", "true", "null", "a: b", "- a", "#x", "a, b", "]", "x\ny", '"', "{", "ünï", "a #b", "&a"],
)
def test_any_value_is_read_back_as_it_is(value):
    for front, before in (("", []), ("base_model: [org/a]\n", ["org/a"]), ("base_model:\n- org/a\n", ["org/a"])):
        card = with_field(f"---\n{front}---\n".encode(), "base_model", value).decode()
        stated = yaml.safe_load(card.split("---\n")[1])["base_model"]
        assert stated == ([*before, value] if before else value)
    assert yaml.safe_load(f"x: [{written(value)}]") == {"x": [value]}


def test_a_value_that_is_used_elsewhere_is_kept_or_the_card_left_alone():
    card = b"---\nbase_model: &x org/a\nlicense: &y mit\nother: [*x, *y]\n---\n"
    assert b"base_model: [&x org/a, org/new]\n" in with_field(card, "base_model", "org/new")
    with pytest.raises(UneditableCardError):
        with_field(card, "license", "apache-2.0")


def test_the_reader_of_cards_reads_what_was_written():
    card = with_field(b"---\nbase_model: org/old\n---\n", "base_model", "org/new").decode()
    assert [claim.value for claim in claims_of_front_matter(card, "README.md").items] == ["org/old", "org/new"]
