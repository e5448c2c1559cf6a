"""``vocab.json`` with ``merges.txt``, the pair that GPT-2, RoBERTa and their kin were published with."""

from __future__ import annotations

from lineage_audit.checkpoint.bounded_json import parse_json
from lineage_audit.checkpoint.tokenizer.alphabets import BYTE_LEVEL_SPACE, byte_level, utf8
from lineage_audit.checkpoint.tokenizer.merges import decoded
from lineage_audit.checkpoint.tokenizer.token_table import TOKEN_LIMIT, TokenTable
from lineage_audit.checkpoint.tokenizer.tokenizer_json import read_merges
from lineage_audit.errors import UnreadableFileError


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
