"""Which tokenizer file of a repository is read, and what the files beside it add."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial
from hashlib import sha256
from weakref import WeakValueDictionary

from lineage_audit.checkpoint.formats.pointer import refuse_pointer
from lineage_audit.checkpoint.source.base import Source, read_whole
from lineage_audit.checkpoint.tokenizer.added_tokens import StatedTokens, stated_tokens
from lineage_audit.checkpoint.tokenizer.sentencepiece_model import read_sentencepiece
from lineage_audit.checkpoint.tokenizer.tekken_json import read_tekken
from lineage_audit.checkpoint.tokenizer.token_table import TokenTable, assembled
from lineage_audit.checkpoint.tokenizer.tokenizer_json import read_tokenizer_json
from lineage_audit.checkpoint.tokenizer.vocab_files import (
    SPECIAL,
    looks_like_tiktoken,
    read_tiktoken,
    read_vocab_json,
    read_vocab_txt,
)
from lineage_audit.checkpoint.tokenizer.vocabulary import Vocabulary

Whole = Callable[[str], bytes]
"""Gives a file's content, however often it is asked for."""

_Reader = Callable[[Source, str, Whole], TokenTable]

_Key = tuple[str, tuple[str, ...], frozenset[tuple[str, int]], frozenset[str]]

_MERGES = "merges.txt"
_BESIDE: Mapping[str, tuple[str, ...]] = {"vocab.json": (_MERGES,)}
"""Files that are read along with another."""

_OPEN: WeakValueDictionary[_Key, Vocabulary] = WeakValueDictionary()
"""Vocabularies that some open model holds."""


def read_vocabulary(source: Source) -> Vocabulary | None:
    """Read the best tokenizer file there is, with the added tokens that stand beside it.

    Models of one lineage share their tokenizer as a rule: while one of them is open, a file of the same hash is not
    parsed again, nor even fetched where the host states its hash.

    Returns:
        The vocabulary, or None for a model without a tokenizer file that is known.

    Raises:
        UnreadableFileError: the file is damaged, a Git LFS pointer, or larger than a tokenizer is.
    """
    file = _tokenizer_file(source)
    if file is None:
        return None
    whole = cache(partial(_whole, source))
    stated = stated_tokens(source)
    key = _key(source, file, whole, stated)
    known = _OPEN.get(key)
    if known is None:
        known = _OPEN[key] = _read(source, file, whole, stated)
    return known


def _read(source: Source, file: str, whole: Whole, stated: StatedTokens) -> Vocabulary:
    table = _reader(file)(source, file, whole)
    special = stated.special | (SPECIAL if table.kind == "wordpiece" else frozenset())
    return assembled(table, stated.added, special, file)


def _key(source: Source, file: str, whole: Whole, stated: StatedTokens) -> _Key:
    """What decides on the vocabulary: the content of its files, and what other files state."""
    files = [name for name in (file, *_BESIDE.get(file, ())) if name in source.files]
    hashes = tuple(source.files[name].sha256 or sha256(whole(name)).hexdigest() for name in files)
    return file, hashes, frozenset(stated.added.items()), stated.special


def _tokenizer_file(source: Source) -> str | None:
    """The first file in order of preference; of several ``*.tiktoken`` the first by name."""
    for name in _READERS:
        if name.startswith("*"):
            found = sorted(file for file in source.files if file.endswith(name[1:]) and "/" not in file)
            if found:
                return found[0]
        elif name in source.files:
            return name
    return None


def _reader(file: str) -> _Reader:
    return _READERS.get(file) or _READERS["*.tiktoken"]


def _whole(source: Source, file: str) -> bytes:
    data = read_whole(source, file)
    refuse_pointer(file, data)
    return data


def _read_tokenizer_json(_source: Source, file: str, whole: Whole) -> TokenTable:
    return read_tokenizer_json(whole(file), file)


def _read_tokenizer_model(_source: Source, file: str, whole: Whole) -> TokenTable:
    """Read SentencePiece's protobuf or, under the same name, Llama 3's rank file."""
    data = whole(file)
    return read_tiktoken(data, file) if looks_like_tiktoken(data) else read_sentencepiece(data, file)


def _read_tiktoken(_source: Source, file: str, whole: Whole) -> TokenTable:
    return read_tiktoken(whole(file), file)


def _read_tekken(_source: Source, file: str, whole: Whole) -> TokenTable:
    return read_tekken(whole(file), file)


def _read_vocab_json(source: Source, file: str, whole: Whole) -> TokenTable:
    merges = whole(_MERGES) if _MERGES in source.files else b""
    return read_vocab_json(whole(file), merges, file)


def _read_vocab_txt(_source: Source, file: str, whole: Whole) -> TokenTable:
    return read_vocab_txt(whole(file), file)


_READERS: Mapping[str, _Reader] = {
    "tokenizer.json": _read_tokenizer_json,
    "tokenizer.model": _read_tokenizer_model,
    "*.tiktoken": _read_tiktoken,
    "tekken.json": _read_tekken,
    "vocab.json": _read_vocab_json,
    "vocab.txt": _read_vocab_txt,
}
"""Readers by file name, in order of preference."""
