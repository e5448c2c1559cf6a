import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage_audit.checkpoint.source.base import METADATA_LIMIT, SourceFile
from lineage_audit.checkpoint.tokenizer import Vocabulary, read_vocabulary
from lineage_audit.checkpoint.tokenizer.sentencepiece_model import PIECE_LIMIT
from lineage_audit.checkpoint.tokenizer.token_table import ID_LIMIT, TOKEN_LIMIT
from lineage_audit.errors import LineageAuditError, UnreadableFileError
from tests.checkpoint.memory_source import MemorySource
from tests.checkpoint.tokenizer import trained

FILES = ["tokenizer.json", "tokenizer.model", "a.tiktoken", "tekken.json", "vocab.json", "vocab.txt"]
BESIDE = ["tokenizer_config.json", "added_tokens.json", "special_tokens_map.json", "merges.txt"]


def read(files: dict[str, bytes | str]) -> Vocabulary | None:
    return read_vocabulary(MemorySource(files))


def bpe(**changes: object) -> Vocabulary:
    model = {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"], **changes}
    vocabulary = read({"tokenizer.json": json.dumps({"model": model})})
    assert vocabulary is not None
    return vocabulary


def test_a_repository_without_tokenizer_has_no_vocabulary() -> None:
    assert read({"config.json": "{}", "deep/tokenizer.json": "{}", "deep/x.tiktoken": ""}) is None


def test_the_preferred_file_is_read() -> None:
    files: dict[str, bytes | str] = {
        "vocab.txt": b"[UNK]\na\n",
        "vocab.json": '{"a": 0}',
        "z.tiktoken": b"YQ== 0\n",
        "tokenizer.model": trained.sentencepiece_model("bpe"),
        "tokenizer.json": trained.wordlevel().to_str(),
    }
    for expected in ("tokenizer.json", "tokenizer.model", "z.tiktoken", "vocab.json", "vocab.txt"):
        vocabulary = read(files)
        assert vocabulary is not None
        assert vocabulary.file == expected
        del files[expected]


@pytest.mark.parametrize("file", FILES)
def test_a_pointer_says_how_to_fetch_the_file(file: str) -> None:
    with pytest.raises(UnreadableFileError, match="git lfs pull"):
        read({file: "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 493443\n"})


@pytest.mark.parametrize("file", FILES)
def test_a_file_beyond_the_limit_is_not_read(file: str) -> None:
    source = MemorySource({file: b""})
    source.files[file] = SourceFile(METADATA_LIMIT + 1)
    with pytest.raises(UnreadableFileError, match=file):
        read_vocabulary(source)


@pytest.mark.parametrize(
    "ids",
    [
        {"a": -1, "b": 1},
        {"a": "0", "b": 1},
        {"a": True, "b": 1},
        {"a": None, "b": 1},
        {"a": 0.0, "b": 1},
        {"a": ID_LIMIT, "b": 1},
        {"a": 10**40, "b": 1},
        {"a": [0], "b": 1},
    ],
)
def test_ids_that_are_none_are_dropped(ids: dict[str, object]) -> None:
    assert bpe(vocab=ids, merges=[]).ids == {b"b": 1}


def test_of_a_repeated_id_the_first_token_stands() -> None:
    assert bpe(vocab={"a": 7, "b": 7, "c": 3}).ids == {b"a": 7, b"c": 3}


def test_of_repeated_bytes_the_lowest_id_stands() -> None:
    assert bpe(vocab={"▁": 9, " ": 4, "x": 0}, byte_fallback=True).ids == {b" ": 4, b"x": 0}


@pytest.mark.parametrize("merges", [None, {}, "a b", ["ab"], ["a b c"], [["a"]], [["a", 1]], [[]], [3], [["", "b"]]])
def test_merges_that_are_none_are_dropped(merges: object) -> None:
    assert bpe(merges=merges).merges == ()


def test_merges_of_parts_outside_the_vocabulary_are_kept() -> None:
    assert bpe(merges=["a b", "x y", 5]).merges == ((b"a", b"b"), (b"x", b"y"))


@pytest.mark.parametrize("document", ["[]", "{}", '{"model": []}', '{"model": {}}', '{"model": {"vocab": 3}}', "{"])
def test_a_file_without_a_model_is_refused_in_one_line(document: str) -> None:
    with pytest.raises(UnreadableFileError, match=r"^tokenizer\.json: [^\n]+$"):
        read({"tokenizer.json": document})


def test_lone_surrogates_stay_apart() -> None:
    ids = bpe(vocab={chr(point): point for point in range(0xD800, 0xD803)}).ids
    assert sorted(ids.values()) == [0xD800, 0xD801, 0xD802]


def test_added_tokens_come_from_every_file_and_leave_the_ordinary_ones() -> None:
    vocabulary = read(
        {
            "tokenizer.json": json.dumps(
                {
                    "added_tokens": [{"id": 2, "content": "</s>"}, {"id": "x", "content": "no"}, 7, {"id": -1}],
                    "model": {"type": "BPE", "vocab": {"a": 0, "<pad>": 1, "</s>": 2}, "merges": []},
                }
            ),
            "added_tokens.json": json.dumps({"<extra>": 5, "bad": "6"}),
            "tokenizer_config.json": json.dumps(
                {
                    "added_tokens_decoder": {"6": {"content": "<im>"}, "-1": {"content": "no"}, "x": 3},
                    "pad_token": "<pad>",
                }
            ),
        }
    )
    assert vocabulary is not None
    assert vocabulary.ids == {b"a": 0}
    assert vocabulary.added == {"</s>": 2, "<extra>": 5, "<im>": 6, "<pad>": 1}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00",
        b"\x0a\xff\xff\xff\xff\x0f",
        b"\x0a\x02\x0a\x05",
        b"\x0b",
        b"\xff" * 50,
        b"YQ== 0\nYg=",
        b"YQ== 0\n%% 1\n",
        b"not a model at all",
    ],
)
def test_what_is_no_model_is_refused_in_one_line(data: bytes) -> None:
    with pytest.raises(UnreadableFileError, match=r"^tokenizer\.model: [^\n]+$"):
        read({"tokenizer.model": data})


def test_a_piece_without_type_is_ordinary() -> None:
    piece = b"\x0a\x04\xe2\x96\x81a" + b"\x15" + struct.pack("<f", -1.0)
    vocabulary = read({"tokenizer.model": b"\x0a" + bytes([len(piece)]) + piece})
    assert vocabulary is not None
    assert vocabulary.ids == {b" a": 0}


@given(st.sampled_from(FILES), st.binary(max_size=120), st.sampled_from(BESIDE), st.binary(max_size=40))
def test_arbitrary_bytes_never_crash(file: str, data: bytes, beside: str, more: bytes) -> None:
    try:
        read({file: data, beside: more})
    except LineageAuditError as error:
        assert "\n" not in str(error)


@given(st.data())
def test_damaged_real_files_never_crash(data: st.DataObject) -> None:
    model = bytearray(SENTENCEPIECE)
    for _ in range(data.draw(st.integers(1, 5))):
        model[data.draw(st.integers(0, len(model) - 1))] = data.draw(st.integers(0, 255))
    stop = data.draw(st.integers(0, len(model)))
    try:
        read({"tokenizer.model": bytes(model[:stop])})
    except LineageAuditError as error:
        assert "\n" not in str(error)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 300) | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["type", "vocab", "merges", "content", "id", "pattern", "String", "decoders", "a", "Ġb"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
KEYS = st.sampled_from(["vocab", "merges", "type", "byte_fallback", "unk_id"])
STAGES = st.sampled_from(
    ["added_tokens", "normalizer", "pre_tokenizer", "decoder", "config", "special_tokens", "vocab"]
)


@given(st.dictionaries(STAGES, VALUES), st.dictionaries(KEYS, VALUES), st.sampled_from(BESIDE[:3]), VALUES)
def test_json_of_wrong_types_never_crashes(
    document: dict[str, object], model: dict[str, object], beside: str, more: object
) -> None:
    for file in ("tokenizer.json", "tekken.json", "vocab.json"):
        try:
            vocabulary = read({file: json.dumps({**document, "model": model}), beside: json.dumps(more)})
        except LineageAuditError:
            continue
        assert vocabulary is not None
        numbers = [*vocabulary.ids.values(), *vocabulary.added.values()]
        assert all(type(number) is int and 0 <= number < ID_LIMIT for number in numbers)
        assert all(isinstance(part, bytes) for merge in vocabulary.merges for part in merge)


SENTENCEPIECE = trained.sentencepiece_model("bpe")


@pytest.mark.parametrize(
    "files",
    [
        {"vocab.txt": b"\n" * (TOKEN_LIMIT + 1)},
        {"a.tiktoken": b"YQ== 0\n" * (TOKEN_LIMIT + 1)},
        {"vocab.json": b"{}", "merges.txt": b"\n" * (TOKEN_LIMIT + 1)},
        {"tokenizer.model": b"\x0a\x00" * (PIECE_LIMIT + 1)},
    ],
)
def test_more_tokens_than_a_tokenizer_has_are_refused(files: dict[str, bytes | str]) -> None:
    with pytest.raises(UnreadableFileError, match=r"more than [\d,]+ "):
        read(files)
