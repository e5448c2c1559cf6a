"""What every tokenizer format is read into, and how that becomes a ``Vocabulary``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from msgspec import Struct, field

from lineage_audit.checkpoint.tokenizer.alphabets import WORD_START, fallback_byte, plain
from lineage_audit.checkpoint.tokenizer.merges import NO_MERGES, Merges
from lineage_audit.checkpoint.tokenizer.vocabulary import Vocabulary

ID_LIMIT = 2**31
"""Ids from here on are damaged or hostile and dropped."""
_PADDING = b"[PAD"

TOKEN_LIMIT = 1_000_000
"""Most tokens or merges of a file; real tokenizers have up to 600,000."""


class TokenTable(Struct, frozen=True):
    """One file's content, before special tokens are set apart.

    Attributes:
        tokens: bytes of each token.
        ids: id of each token, of whatever type the file gave; checked by ``assembled``.
        added: text -> id of special and added tokens, where the file tells them apart.
        merges: pairs of token bytes in order of rank.
        kind: as in ``Vocabulary``.
        byte_fallback: tokens such as ``<0x0A>`` stand for bytes.
    """

    tokens: Sequence[bytes]
    ids: Sequence[object]
    added: Mapping[str, int] = field(default_factory=dict)
    merges: Merges = NO_MERGES
    kind: str = "unknown"
    byte_fallback: bool = False


def assembled(table: TokenTable, added: Mapping[str, int], special: Set[str], file: str) -> Vocabulary:
    """Set special tokens apart and settle repeated tokens and ids: the lowest id and the first token stand.

    Padding is left out: it stands for rows that the model has and no tokenizer knows.

    Args:
        table: the tokenizer file's content.
        added: added tokens that other files of the repository state.
        special: texts that other files call special, without their ids.
        file: the tokenizer file.
    """
    ids = _distinct(table.tokens, table.ids)
    for token in [token for token, number in ids.items() if _is_padding(token, number)]:
        del ids[token]
    stated = {**added, **table.added}
    all_added = {text: number for text, number in stated.items() if not _is_padding(plain(text), number)}
    for text in special:
        number = ids.get(plain(text))
        if number is not None and text not in all_added:
            all_added[text] = number
    for text, number in all_added.items():
        for shown in (plain(text), plain(text.replace(WORD_START, " "))):
            if ids.get(shown) == number:
                del ids[shown]
    if table.byte_fallback:
        _settle_fallback_bytes(ids)
    return Vocabulary(ids, all_added, table.merges, table.kind, file)


def _is_padding(token: bytes, number: int) -> bool:
    """Tell whether a token is one that a converter to GGUF gives a row without any; what reads GGUF keeps the name."""
    return token.startswith(_PADDING) and token == b"%b%d]" % (_PADDING, number)


def valid_id(value: object) -> bool:
    """Whether a value can be a token id."""
    return type(value) is int and 0 <= value < ID_LIMIT


def _distinct(tokens: Sequence[bytes], numbers: Sequence[object]) -> dict[bytes, int]:
    """Map tokens to ids, one to one; what repeats a token or an id, or has no valid id, is dropped."""
    kept = [number for number in numbers if isinstance(number, int) and valid_id(number)]
    if len(kept) == len(tokens) == len(set(kept)):
        ids = dict(zip(tokens, kept, strict=True))
        if len(ids) == len(kept):
            return ids
    pairs = [
        (number, position) for position, number in enumerate(numbers) if isinstance(number, int) and valid_id(number)
    ]
    ids, seen = {}, set()
    for number, position in sorted(pairs):
        if number not in seen and tokens[position] not in ids:
            ids[tokens[position]] = number
            seen.add(number)
    return ids


def _settle_fallback_bytes(ids: dict[bytes, int]) -> None:
    """Let byte tokens stand for their byte where no other token does."""
    for byte in range(256):
        for shown in (b"<0x%02X>" % byte, b"<0x%02x>" % byte):
            single = fallback_byte(shown)
            if single is not None and shown in ids and single not in ids:
                ids[single] = ids.pop(shown)
