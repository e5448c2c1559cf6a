"""A tokenizer as token bytes, whatever file it was read from."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

from msgspec import Struct, field

from lineage_audit.checkpoint.tokenizer.merges import NO_MERGES, Merges


class Vocabulary(Struct, frozen=True, weakref=True):
    """Tokens by their bytes.

    Attributes:
        ids: token bytes -> id, ordinary tokens only. Byte-fallback tokens such as ``<0x0A>`` stand as the byte
            itself only where no other token has those bytes; the word-start mark of SentencePiece and byte-level
            BPE stands as a space. WordPiece continuations keep their ``##``.
        added: text of special and added tokens -> id.
        merges: pairs of token bytes in order of rank; empty for unigram and WordPiece.
        kind: ``bpe``, ``unigram``, ``wordpiece``, ``tiktoken`` or ``unknown``.
        file: the file it was read from.
    """

    ids: Mapping[bytes, int] = field(default_factory=dict)
    added: Mapping[str, int] = field(default_factory=dict)
    merges: Merges = NO_MERGES
    kind: str = "unknown"
    file: str = ""

    @property
    def tokens(self) -> dict[bytes | str, int]:
        """All tokens with their ids: ordinary ones by their bytes, added ones by their text."""
        return dict(chain[tuple[bytes | str, int]](self.ids.items(), self.added.items()))

    @property
    def size(self) -> int:
        """Number of distinct ids."""
        return len(set(self.ids.values()) | set(self.added.values()))
