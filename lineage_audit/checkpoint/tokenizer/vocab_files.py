"""Vocabularies in plain files: ``vocab.json`` with ``merges.txt`` (GPT-2), ``vocab.txt`` (BERT), ``*.tiktoken``."""

from __future__ import annotations

import binascii
import re

from lineage_audit.checkpoint.bounded_json import parse_json
from lineage_audit.checkpoint.tokenizer.alphabets import BYTE_LEVEL_SPACE, byte_level, utf8
from lineage_audit.checkpoint.tokenizer.merges import decoded
from lineage_audit.checkpoint.tokenizer.token_table import TOKEN_LIMIT, TokenTable
from lineage_audit.checkpoint.tokenizer.tokenizer_json import read_merges
from lineage_audit.errors import UnreadableFileError

SPECIAL = frozenset({"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"})
"""Special by convention; the file does not mark them."""

_FIRST_LINE = re.compile(rb"[A-Za-z0-9+/]+={0,2} \d{1,10}\r?(\n|$)")


def read_vocab_json(vocab: bytes, merges: bytes, file: str) -> TokenTable:
    """Read the pair; ``merges`` may be empty where the file is missing.

    Raises:
        UnreadableFileError: the vocabulary is not a JSON object of bounded nesting, or the merges not UTF-8.
    """
    document = parse_json(vocab, file)
    if not isinstance(document, dict):
        raise UnreadableFileError(f"{file}: is not an object of tokens and ids; fetch the file again")
    if len(document) > TOKEN_LIMIT:
        raise UnreadableFileError(f"{file}: more than {TOKEN_LIMIT:,} tokens; not a tokenizer, or damaged")
    texts, ids = list(document), list(document.values())
    alphabet = byte_level if BYTE_LEVEL_SPACE in "".join(texts) else utf8
    tokens = alphabet(texts)
    known = dict(zip(texts, tokens, strict=True))
    pairs = read_merges(_merge_lines(merges), known, alphabet)
    return TokenTable(tokens, ids, merges=decoded(pairs), kind="bpe")


def _merge_lines(merges: bytes) -> list[str]:
    if merges.count(b"\n") > TOKEN_LIMIT:
        raise UnreadableFileError(f"merges.txt: more than {TOKEN_LIMIT:,} merges; not a tokenizer, or damaged")
    try:
        lines = merges.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise UnreadableFileError(
            f"merges.txt: not UTF-8 text at byte {error.start:,}; fetch the file again"
        ) from error
    if lines and lines[0].startswith("#version"):
        lines = lines[1:]
    return [line.rstrip("\r") for line in lines if line.strip()]


def read_vocab_txt(data: bytes, file: str) -> TokenTable:
    """Read the lines as bytes: text that is not UTF-8 is kept as it stands.

    Raises:
        UnreadableFileError: there are more lines than a tokenizer has tokens.
    """
    if data.count(b"\n") > TOKEN_LIMIT:
        raise UnreadableFileError(f"{file}: more than {TOKEN_LIMIT:,} lines; not a tokenizer, or damaged")
    lines = [line.removesuffix(b"\r") for line in data.removesuffix(b"\n").split(b"\n")]
    rows = [(line, number) for number, line in enumerate(lines) if line]
    return TokenTable([line for line, _ in rows], [number for _, number in rows], kind="wordpiece")


def looks_like_tiktoken(data: bytes) -> bool:
    """Whether a file starts with a line of base64 and a rank."""
    return _FIRST_LINE.match(data[:4096]) is not None


def read_tiktoken(data: bytes, file: str) -> TokenTable:
    """Read all lines.

    Raises:
        UnreadableFileError: a line is not base64 and a rank, or there are too many.
    """
    words = data.split(maxsplit=2 * TOKEN_LIMIT)
    if len(words) > 2 * TOKEN_LIMIT:
        raise UnreadableFileError(f"{file}: more than {TOKEN_LIMIT:,} tokens; not a tokenizer, or damaged")
    try:
        tokens = [binascii.a2b_base64(word, strict_mode=True) for word in words[0::2]]
        ranks = [int(word) for word in words[1::2]]
    except ValueError as error:
        raise UnreadableFileError(f"{file}: not lines of base64 and a rank; fetch the file again") from error
    if len(tokens) != len(ranks):
        raise UnreadableFileError(f"{file}: ends within a line; fetch the file again")
    return TokenTable(tokens, ranks, kind="tiktoken")
