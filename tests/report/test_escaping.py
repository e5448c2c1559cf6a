from hypothesis import given
from hypothesis import strategies as st

from lineage_audit.report.escaping import (
    cut,
    cut_middle,
    encodable,
    is_visible,
    printable,
    without_lone_surrogates,
)


def test_ordinary_text_stays_as_it_is():
    for text in ("meta-llama/Llama-2-7b-hf", "模型", "modèle à côté", "हिन्दी", "Nguyễn", "p ≤ 10^-6"):
        assert printable(text) == text


def test_what_would_not_show_is_written_out():
    assert printable("a\x1b[31mb") == r"a\x1b[31mb"
    assert printable("a\u202eb\u200b") == r"a\u202eb\u200b"
    assert printable("one\ntwo\r\t") == r"one\ntwo\r\t"
    assert printable("\u00a0\u3000\u3164\u2800\ufe0f") == r"\xa0\u3000\u3164\u2800\ufe0f"
    assert printable("\ud800\U000e0041") == r"\ud800\U000e0041"


def test_a_letter_carries_two_marks_at_most():
    assert printable("z\u0300\u0301\u0302") == "z\u0300\u0301\\u0302"
    assert printable("\u0336z") == "\\u0336z"


@given(st.text())
def test_printable_is_visible_and_settled(text):
    shown = printable(text)
    assert all(is_visible(character) for character in shown)
    assert printable(shown) == shown


@given(st.text())
def test_encodable_fits_the_encoding(text):
    assert encodable(printable(text), "ascii").isascii()
    assert encodable(text, "UTF-8") == text


def test_ascii_forms_keep_the_meaning():
    assert encodable("p ≤ 10^-6 → … –", "ascii") == "p <= 10^-6 -> ... -"
    assert encodable("é模", "latin-1") == r"é\u6a21"


def test_lone_surrogates_can_be_written():
    assert without_lone_surrogates("a\ud800b") == r"a\ud800b"
    assert without_lone_surrogates("😀") == "😀"


@given(st.text(), st.integers(4, 40))
def test_cuts_keep_to_the_limit(text, limit):
    for cutting in (cut, cut_middle):
        assert len(cutting(text, limit)) <= limit
        assert cutting(text, max(limit, len(text))) == text


def test_a_cut_shows():
    assert cut("abcdefghij", 5) == "abcd…"
    assert cut_middle("models/very/long/name", 12) == "mode…ng/name"
