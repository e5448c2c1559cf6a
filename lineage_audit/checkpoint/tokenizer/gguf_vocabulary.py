"""The tokenizer inside a GGUF file: token texts with their types, and merges.

Models of tokenizers (``tokenizer.ggml.model``): ``gpt2`` is byte-level BPE, ``llama`` SentencePiece with BPE scores,
``t5`` SentencePiece unigram, ``bert`` WordPiece whose word starts are marked and whose ``##`` was taken off. Sources:
``llama.cpp``'s vocabulary loader and ``convert_hf_to_gguf``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lineage_audit.checkpoint.tokenizer.alphabets import WORD_START, byte_level
from lineage_audit.checkpoint.tokenizer.merges import NO_MERGES, Merge, Merges
from lineage_audit.checkpoint.tokenizer.token_table import TokenTable, assembled
from lineage_audit.checkpoint.tokenizer.tokenizer_json import read_merges
from lineage_audit.checkpoint.tokenizer.vocabulary import Vocabulary

_UNKNOWN, _CONTROL, _USER_DEFINED, _BYTE = 2, 3, 4, 6
_ADDED = frozenset({_UNKNOWN, _CONTROL, _USER_DEFINED})

_MARK = WORD_START.encode()
_KINDS: Mapping[str, str] = {"gpt2": "bpe", "llama": "bpe", "t5": "unigram", "bert": "wordpiece"}


def vocabulary_from_gguf(values: Mapping[str, object], file: str) -> Vocabulary | None:
    """Read the vocabulary from a file's metadata, or return None where it has none that is known."""
    model, tokens = values.get("tokenizer.ggml.model"), values.get("tokenizer.ggml.tokens")
    if not isinstance(model, str) or model not in _KINDS or not isinstance(tokens, tuple) or not tokens:
        return None
    types = _types(values.get("tokenizer.ggml.token_type"), len(tokens))
    ordinary = [number for number in range(len(tokens)) if types[number] not in _ADDED]
    added = {text.decode("utf-8", "replace"): number for number, text in enumerate(tokens) if types[number] in _ADDED}
    texts = [tokens[number] for number in ordinary]
    table = TokenTable(
        _bytes_of(texts, model),
        ordinary,
        added=added,
        merges=_merges(values.get("tokenizer.ggml.merges"), texts) if model == "gpt2" else NO_MERGES,
        kind=_KINDS[model],
        byte_fallback=_BYTE in types,
    )
    return assembled(table, {}, frozenset(), file)


def _types(stated: object, count: int) -> list[int]:
    """The types of all tokens; ordinary ones where the file does not say."""
    if isinstance(stated, np.ndarray) and stated.dtype.kind in "iu" and len(stated) == count:
        types: list[int] = stated.tolist()
        return types
    return [1] * count


def _bytes_of(texts: Sequence[bytes], model: str) -> list[bytes]:
    """What each text stands for."""
    if model == "gpt2":
        return byte_level([text.decode("utf-8", "surrogateescape") for text in texts])
    if model == "bert":
        return [_wordpiece(text) for text in texts]
    return [text.replace(_MARK, b" ") for text in texts]


def _wordpiece(text: bytes) -> bytes:
    """Undo the converter's marks: continuations get their ``##`` back, word starts lose theirs."""
    if text.startswith(_MARK):
        return text[len(_MARK) :]
    return text if text.startswith(b"[") and text.endswith(b"]") else b"##" + text


def _merges(stated: object, texts: Sequence[bytes]) -> Merges:
    """The merges, yet to be decoded."""
    if not isinstance(stated, tuple):
        return NO_MERGES

    def read() -> tuple[Merge, ...]:
        shown = [text.decode("utf-8", "surrogateescape") for text in texts]
        known = dict(zip(shown, byte_level(shown), strict=True))
        return read_merges([merge.decode("utf-8", "surrogateescape") for merge in stated], known, byte_level)

    return Merges(read)
