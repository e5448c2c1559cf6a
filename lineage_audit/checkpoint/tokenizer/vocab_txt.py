"""``vocab.txt`` of BERT: one WordPiece token a line, its id the number of the line from 0."""

from __future__ import annotations

from lineage_audit.checkpoint.tokenizer.token_table import TOKEN_LIMIT, TokenTable
from lineage_audit.errors import UnreadableFileError

SPECIAL = frozenset({"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"})
"""Special by convention; the file does not mark them."""


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
