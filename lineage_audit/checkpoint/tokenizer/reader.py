"""Which tokenizer file of a repository is read, and what the files beside it add."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lineage_audit.checkpoint.formats.pointer import refuse_pointer
from lineage_audit.checkpoint.source.base import Source, read_whole
from lineage_audit.checkpoint.tokenizer.added_tokens import stated_tokens
from lineage_audit.checkpoint.tokenizer.sentencepiece_model import read_sentencepiece
from lineage_audit.checkpoint.tokenizer.tekken_json import read_tekken
from lineage_audit.checkpoint.tokenizer.tiktoken_file import looks_like_tiktoken, read_tiktoken
from lineage_audit.checkpoint.tokenizer.token_table import TokenTable, assembled
from lineage_audit.checkpoint.tokenizer.tokenizer_json import read_tokenizer_json
from lineage_audit.checkpoint.tokenizer.vocab_json import read_vocab_json
from lineage_audit.checkpoint.tokenizer.vocab_txt import SPECIAL, read_vocab_txt
from lineage_audit.checkpoint.tokenizer.vocabulary import Vocabulary

_MERGES = "merges.txt"


def read_vocabulary(source: Source) -> Vocabulary | None:
    """Read the best tokenizer file there is, with the added tokens that stand beside it.

    Returns:
        The vocabulary, or None for a model without a tokenizer file that is known.

    Raises:
        UnreadableFileError: the file is damaged, a Git LFS pointer, or larger than a tokenizer is.
    """
    file = _tokenizer_file(source)
    if file is None:
        return None
    table = _reader(file)(source, file)
    stated = stated_tokens(source)
    special = stated.special | (SPECIAL if table.kind == "wordpiece" else frozenset())
    return assembled(table, stated.added, special, file)


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


def _reader(file: str) -> Callable[[Source, str], TokenTable]:
    return _READERS.get(file) or _READERS["*.tiktoken"]


def _whole(source: Source, file: str) -> bytes:
    data = read_whole(source, file)
    refuse_pointer(file, data)
    return data


def _read_tokenizer_json(source: Source, file: str) -> TokenTable:
    return read_tokenizer_json(_whole(source, file), file)


def _read_tokenizer_model(source: Source, file: str) -> TokenTable:
    """Read SentencePiece's protobuf or, under the same name, Llama 3's rank file."""
    data = _whole(source, file)
    return read_tiktoken(data, file) if looks_like_tiktoken(data) else read_sentencepiece(data, file)


def _read_tiktoken(source: Source, file: str) -> TokenTable:
    return read_tiktoken(_whole(source, file), file)


def _read_tekken(source: Source, file: str) -> TokenTable:
    return read_tekken(_whole(source, file), file)


def _read_vocab_json(source: Source, file: str) -> TokenTable:
    merges = _whole(source, _MERGES) if _MERGES in source.files else b""
    return read_vocab_json(_whole(source, file), merges, file)


def _read_vocab_txt(source: Source, file: str) -> TokenTable:
    return read_vocab_txt(_whole(source, file), file)


_READERS: Mapping[str, Callable[[Source, str], TokenTable]] = {
    "tokenizer.json": _read_tokenizer_json,
    "tokenizer.model": _read_tokenizer_model,
    "*.tiktoken": _read_tiktoken,
    "tekken.json": _read_tekken,
    "vocab.json": _read_vocab_json,
    "vocab.txt": _read_vocab_txt,
}
"""Readers by file name, in order of preference."""
