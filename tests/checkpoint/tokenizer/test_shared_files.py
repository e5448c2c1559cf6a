"""A tokenizer file that two open models share is parsed once, and merges are parsed only when somebody looks."""

import gc
import hashlib
import json
from typing import Any

import pytest

from lineage_audit.checkpoint.source.base import SourceFile
from lineage_audit.checkpoint.tokenizer import Vocabulary, read_vocabulary
from lineage_audit.comparison.metadata.tokenizer import compare_tokenizers
from lineage_audit.comparison.pairing.tensors import shared_token_rows
from lineage_audit.errors import UnreadableFileError
from tests.checkpoint.memory_source import MemorySource
from tests.checkpoint.tokenizer import trained


def read(files: dict[str, bytes | str]) -> Vocabulary:
    vocabulary = read_vocabulary(MemorySource(files))
    assert vocabulary is not None
    return vocabulary


def document(**model: Any) -> str:
    return json.dumps({"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"], **model}})


def test_one_file_gives_one_vocabulary_while_it_is_held() -> None:
    files: dict[str, bytes | str] = {"tokenizer.json": trained.byte_level_bpe().to_str()}
    assert read(files) is read(files)


def test_a_file_of_the_hash_that_the_host_states_is_not_fetched_again() -> None:
    text = document().encode()
    held = read({"tokenizer.json": text})
    source = MemorySource({"tokenizer.json": b""})
    source.files["tokenizer.json"] = SourceFile(len(text), hashlib.sha256(text).hexdigest())
    assert read_vocabulary(source) is held
    assert source.bytes_read == 0


def test_what_stands_beside_the_file_keeps_vocabularies_apart() -> None:
    plain = read({"tokenizer.json": document()})
    with_added = read({"tokenizer.json": document(), "added_tokens.json": '{"<x>": 3}'})
    assert plain.added == {}
    assert with_added.added == {"<x>": 3}


def test_other_merges_beside_one_vocabulary_keep_vocabularies_apart() -> None:
    vocab = '{"a": 0, "b": 1, "ab": 2}'
    first = read({"vocab.json": vocab, "merges.txt": "a b\n"})
    second = read({"vocab.json": vocab, "merges.txt": ""})
    assert (len(first.merges), len(second.merges)) == (1, 0)


def test_nothing_is_held_longer_than_a_model_is_open() -> None:
    files: dict[str, bytes | str] = {"tokenizer.json": document(vocab={"only here": 0})}
    before = id(read(files).ids)
    gc.collect()
    kept = [read({"tokenizer.json": document(vocab={f"other {number}": 0})}) for number in range(3)]
    assert all(id(one.ids) != before or one.ids != {b"only here": 0} for one in kept)
    assert read(files).ids == {b"only here": 0}


def test_merges_written_alike_are_equal_and_stay_text() -> None:
    first, second = read({"tokenizer.json": document()}), read({"tokenizer.json": document() + " "})
    assert first is not second
    assert first.merges == second.merges
    assert "not decoded" in repr(first.merges)
    assert compare_tokenizers(first, second).merges_in_order is True
    assert "not decoded" in repr(first.merges)


def test_merges_written_otherwise_are_compared_rule_by_rule() -> None:
    strings, pairs = read({"tokenizer.json": document()}), read({"tokenizer.json": document(merges=[["a", "b"]])})
    other = read({"tokenizer.json": document(merges=["b a"])})
    assert strings.merges == pairs.merges
    assert strings.merges != other.merges
    assert compare_tokenizers(strings, other).merges_shared == 0


def test_two_tokenizers_without_merges_say_nothing_of_merges() -> None:
    one = read({"tokenizer.json": document(merges=[])})
    assert compare_tokenizers(one, one).merges_shared is None


@pytest.mark.parametrize("model", [{"vocab": {"a": "0", "b": 1}}, {"vocab": {"a": 0.5, "b": 1}}, {"type": 7}])
def test_what_does_not_fit_the_types_is_read_patiently(model: dict[str, Any]) -> None:
    assert read({"tokenizer.json": document(**model)}).ids.get(b"b") == 1


def test_merges_that_are_no_text_end_in_one_line() -> None:
    data = document().encode().replace(b"a b", b"\xff b")
    with pytest.raises(UnreadableFileError, match=r"^tokenizer\.json: [^\n]+$"):
        len(read({"tokenizer.json": data}).merges)


def test_rows_of_shared_tokens_are_in_order_of_b() -> None:
    first, second = read({"tokenizer.json": document()}), read({"tokenizer.json": document(vocab={"ab": 0, "b": 5})})
    rows = shared_token_rows(first, second)
    assert rows is not None
    assert [side.tolist() for side in rows] == [[0, 5], [2, 1]]
