import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage_audit.checkpoint.bounded_json import CONTAINER_LIMIT, DEPTH_LIMIT, VALUE_LIMIT, parse_json
from lineage_audit.errors import UnreadableFileError

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)


@given(JSON_VALUES)
def test_any_json_of_small_depth_comes_back_as_it_was_written(value: object) -> None:
    assert parse_json(json.dumps(value).encode(), "x.json") == value
    assert parse_json(json.dumps(value, ensure_ascii=False, indent=1).encode(errors="surrogatepass"), "x") == value


@given(st.binary(max_size=200))
def test_arbitrary_bytes_parse_or_are_refused_in_one_line(data: bytes) -> None:
    try:
        parse_json(data, "x.json")
    except UnreadableFileError as error:
        assert str(error).startswith("x.json: ")
        assert "\n" not in str(error)


@given(st.text(alphabet='[]{}"\\a,:', max_size=60))
def test_brackets_and_escapes_in_strings_are_not_nesting(text: str) -> None:
    data = json.dumps([text * 20]).encode()
    assert parse_json(data, "x.json") == [text * 20]


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":'])
def test_deep_nesting_is_refused_before_it_is_parsed(opening: bytes) -> None:
    with pytest.raises(UnreadableFileError, match="levels deep"):
        parse_json(opening * 100_000, "x.json")


def test_the_depth_limit_is_exact() -> None:
    deepest = b"[" * DEPTH_LIMIT + b"]" * DEPTH_LIMIT
    assert isinstance(parse_json(deepest, "x.json"), list)
    with pytest.raises(UnreadableFileError, match="levels deep"):
        parse_json(b"[" + deepest + b"]", "x.json")


def test_nesting_across_chunks_is_counted() -> None:
    filler = b'"' + b"x" * 70_000 + b'",'
    with pytest.raises(UnreadableFileError, match="levels deep"):
        parse_json((b"[" + filler) * (DEPTH_LIMIT + 1), "x.json")


def test_a_string_across_chunks_hides_its_brackets() -> None:
    text = "[" * 200_000 + '"\\' + "{" * 200_000
    assert parse_json(json.dumps({"a": text}).encode(), "x.json") == {"a": text}


def test_too_many_containers_are_refused() -> None:
    with pytest.raises(UnreadableFileError, match="arrays and objects"):
        parse_json(b"[" + b"[]," * (CONTAINER_LIMIT + 1) + b"0]", "x.json")


def test_numbers_that_json_does_not_know_are_floats() -> None:
    value = parse_json(b"[NaN, Infinity, 1e999]", "x.json")
    assert isinstance(value, list)
    assert math.isnan(value[0])
    assert value[1:] == [math.inf, math.inf]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"[" + b"9" * 5000 + b"]", "digits"),
        (b'{"a": "\xff"}', "UTF-8"),
        (b"{'a': 1}", "line 1"),
        (b'{"a": 1', "not valid JSON"),
        (b"", "not valid JSON"),
    ],
)
def test_damage_is_named(data: bytes, says: str) -> None:
    with pytest.raises(UnreadableFileError, match=says):
        parse_json(data, "x.json")


def test_a_byte_order_mark_is_skipped() -> None:
    assert parse_json(b"\xef\xbb\xbf[1]", "x.json") == [1]


def test_too_many_values_are_refused() -> None:
    with pytest.raises(UnreadableFileError, match="values"):
        parse_json(b"[" + b"0," * (VALUE_LIMIT + 1) + b"0]", "x.json")
