import re
from html import unescape

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from lineage_audit.report.markdown.text import code, prose

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


@given(st.text(st.sampled_from("\\|`<&>*_a \n1.-#@[]()!~$:/w"), min_size=1))
def test_words_survive_their_escapes(text):
    shown = text.replace("\n", "\\n").strip(" ") or "–"
    for escaped in (prose(text), code(text)):
        rendered = MARKDOWN.renderInline(escaped)
        words = unescape(re.sub(r"<!-- -->|</?code>", "", rendered))
        assert words == shown


@given(st.text(st.sampled_from("\\|` a")))
def test_no_string_ends_a_table_cell(text):
    assert "|" not in prose(text) + code(text)


def test_nobody_is_mentioned_and_nothing_linked():
    shown = prose("@somebody #12 https://evil.example WWW.evil.example")
    assert shown == "@<!-- -->somebody #<!-- -->12 https:<!-- -->//evil.example W<!-- -->WW.evil.example"


def test_code_is_plain_where_it_can_be():
    assert code("meadow-ai/prairie-7b") == "`meadow-ai/prairie-7b`"
    assert code("a|b`c\\") == "<code>a&#124;b&#96;c&#92;</code>"
    assert code("  ") == prose("") == "–"
