"""tiktoken's rank files: a line a token, its bytes in base64 and its rank, which is its id.

Qwen 1 calls the file ``qwen.tiktoken``; Meta's Llama 3 calls it ``tokenizer.model``.
"""

from __future__ import annotations

import binascii
import re

from lineage_audit.checkpoint.tokenizer.token_table import TOKEN_LIMIT, TokenTable
from lineage_audit.errors import UnreadableFileError

_FIRST_LINE = re.compile(rb"[A-Za-z0-9+/]+={0,2} \d{1,10}\r?(\n|$)")


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
