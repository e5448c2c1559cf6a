"""Mistral's ``tekken.json``: ranks with base64 bytes, after a block of ids kept for special tokens."""

from __future__ import annotations

import binascii
from collections.abc import Mapping

from lineage_audit.checkpoint.bounded_json import parse_json
from lineage_audit.checkpoint.tokenizer.token_table import TOKEN_LIMIT, TokenTable, valid_id
from lineage_audit.errors import UnreadableFileError

_SPECIAL_BLOCK = 1000
"""Ids kept for special tokens where the file does not say how many."""


def read_tekken(data: bytes, file: str) -> TokenTable:
    """Read one file; an ordinary token's id is its rank after the special tokens.

    The file lists more ranks than the model has embeddings; ids from ``default_vocab_size`` on are left out.

    Raises:
        UnreadableFileError: it is not JSON of bounded nesting, or a token is not base64.
    """
    document = parse_json(data, file)
    entries = document.get("vocab") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(entries, list):
        raise UnreadableFileError(f'{file}: has no "vocab" list; not a tekken file, or damaged')
    if len(entries) > TOKEN_LIMIT:
        raise UnreadableFileError(f"{file}: more than {TOKEN_LIMIT:,} tokens; not a tokenizer, or damaged")
    config = document.get("config")
    settings: Mapping[str, object] = config if isinstance(config, dict) else {}
    block = _count(settings.get("default_num_special_tokens"), _SPECIAL_BLOCK)
    size = _count(settings.get("default_vocab_size"), block + len(entries))
    pairs = [(entry.get("token_bytes"), entry.get("rank")) for entry in entries if isinstance(entry, dict)]
    kept = [
        (word, rank + block)
        for word, rank in pairs
        if isinstance(word, str) and isinstance(rank, int) and valid_id(rank) and rank + block < size
    ]
    try:
        tokens = [binascii.a2b_base64(word, strict_mode=True) for word, _ in kept]
    except ValueError as error:
        raise UnreadableFileError(f"{file}: a token is not base64; fetch the file again") from error
    added = _special(document.get("special_tokens"))
    return TokenTable(tokens, [number for _, number in kept], added=added, kind="tiktoken")


def _count(value: object, otherwise: int) -> int:
    return value if isinstance(value, int) and valid_id(value) else otherwise


def _special(stated: object) -> dict[str, int]:
    added: dict[str, int] = {}
    for entry in stated if isinstance(stated, list) else ():
        if isinstance(entry, dict):
            text, rank = entry.get("token_str"), entry.get("rank")
            if isinstance(text, str) and isinstance(rank, int) and valid_id(rank):
                added.setdefault(text, rank)
    return added
