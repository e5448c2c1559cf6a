"""The vocabulary inside a GGUF file: byte-level BPE, SentencePiece, WordPiece, and what the converter adds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage_audit.checkpoint.tokenizer.gguf_vocabulary import vocabulary_from_gguf
from lineage_audit.checkpoint.tokenizer.token_table import assembled
from lineage_audit.checkpoint.tokenizer.tokenizer_json import read_tokenizer_json

NORMAL, UNKNOWN, CONTROL, USER, UNUSED, BYTE = 1, 2, 3, 4, 5, 6


def _values(model: str, tokens: list[tuple[str, int]], merges: tuple[str, ...] = ()) -> dict[str, object]:
    return {
        "tokenizer.ggml.model": model,
        "tokenizer.ggml.tokens": tuple(text.encode() for text, _ in tokens),
        "tokenizer.ggml.token_type": np.array([kind for _, kind in tokens], np.int32),
        "tokenizer.ggml.merges": tuple(merge.encode() for merge in merges),
    }


def test_byte_level_tokens_and_merges() -> None:
    tokens = [("Ġ", NORMAL), ("a", NORMAL), ("Ġa", NORMAL), ("<|end|>", CONTROL), ("[PAD4]", USER), ("[PAD5]", UNUSED)]
    found = vocabulary_from_gguf(_values("gpt2", tokens, ("Ġ a",)), "m.gguf")
    assert found is not None
    assert found.ids == {b" ": 0, b"a": 1, b" a": 2}
    assert found.added == {"<|end|>": 3}
    assert found.merges == ((b" ", b"a"),)
    assert (found.kind, found.file) == ("bpe", "m.gguf")


def test_sentencepiece_word_starts_and_bytes() -> None:
    tokens = [("<unk>", UNKNOWN), ("<s>", CONTROL), ("<0x0A>", BYTE), ("▁the", NORMAL), ("é", NORMAL)]
    found = vocabulary_from_gguf(_values("llama", tokens), "m.gguf")
    assert found is not None
    assert found.ids == {b"\n": 2, b" the": 3, "é".encode(): 4}
    assert found.added == {"<unk>": 0, "<s>": 1}


def test_wordpiece_marks_are_undone() -> None:
    tokens = [("[CLS]", CONTROL), ("[unused1]", NORMAL), ("▁the", NORMAL), ("ing", NORMAL)]
    found = vocabulary_from_gguf(_values("bert", tokens), "m.gguf")
    assert found is not None
    assert found.ids == {b"[unused1]": 1, b"the": 2, b"##ing": 3}


def test_it_is_the_same_as_tokenizer_json() -> None:
    file = Path(__file__).parents[3] / "sample_checkpoints" / "llama-style-parent" / "tokenizer.json"
    if not file.is_file():
        pytest.skip("no sample checkpoints")
    table = read_tokenizer_json(file.read_bytes(), file.name)
    document = json.loads(file.read_bytes())
    special = {token["content"] for token in document["added_tokens"]}
    texts = sorted(document["model"]["vocab"].items(), key=lambda item: item[1])
    tokens = [(text, CONTROL if text in special else NORMAL) for text, _ in texts]
    merges = tuple(merge if isinstance(merge, str) else " ".join(merge) for merge in document["model"]["merges"])
    found = vocabulary_from_gguf(_values("gpt2", tokens, merges), "m.gguf")
    assert found is not None
    assert found.merges == table.merges
    known = dict(zip(table.tokens, table.ids, strict=True))
    assert len(found.ids) > 2000
    assert found.ids.items() <= known.items()


@given(
    st.sampled_from(["gpt2", "llama", "bert", "t5", "no_vocab", 3]),
    st.one_of(st.none(), st.tuples(), st.lists(st.binary(max_size=6), max_size=8).map(tuple)),
    st.one_of(st.none(), st.lists(st.integers(-9, 9), max_size=8).map(np.array), st.just(np.array([0.5, np.nan]))),
    st.one_of(st.none(), st.integers(), st.lists(st.binary(max_size=6), max_size=8).map(tuple)),
)
def test_any_metadata_gives_a_vocabulary_or_none(model: object, tokens: object, types: object, merges: object) -> None:
    values = {
        "tokenizer.ggml.model": model,
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": types,
        "tokenizer.ggml.merges": merges,
    }
    found = vocabulary_from_gguf(values, "m.gguf")
    assert found is None or found.size <= len(tokens)  # type: ignore[arg-type]


def test_padding_keeps_its_name_and_stands_for_no_token_in_any_file() -> None:
    """What reads a GGUF file and writes tokenizer.json keeps the converter's padding as tokens of its vocabulary."""
    vocab = {"a": 0, "b": 1, "[PAD2]": 2, "[PAD9]": 3, "[PAD]": 4, "[PAD 5]": 5}
    added = [{"content": "[PAD6]", "id": 6}, {"content": "<end>", "id": 7}]
    document = {"model": {"type": "BPE", "vocab": vocab, "merges": []}, "added_tokens": added}
    table = read_tokenizer_json(json.dumps(document).encode(), "tokenizer.json")
    found = assembled(table, {}, frozenset(), "tokenizer.json")
    assert found.ids == {b"a": 0, b"b": 1, b"[PAD9]": 3, b"[PAD]": 4, b"[PAD 5]": 5}
    assert found.added == {"<end>": 7}
