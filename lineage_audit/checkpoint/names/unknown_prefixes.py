"""A known architecture under a prefix that nobody listed: ``ernie.encoder.layer.3.attention.self.query``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from lineage_audit.checkpoint.names.numbering import without_half
from lineage_audit.checkpoint.names.table import Entry, look_up_anywhere

_MOSTLY = 0.5
"""Share of a stack's names that the tables must know before their endings are believed.

A name or two in common (``attn_norm``) says nothing of the others: words and shapes then say more.
"""


def with_unknown_prefixes(entries: Mapping[str, Entry | None]) -> dict[str, Entry | None]:
    """Return the entries with those filled in that a stack's endings give, where the tables know most of the stack."""
    found = {pattern: entry or look_up_anywhere(without_half(pattern)) for pattern, entry in entries.items()}
    names = Counter(map(_stack, found))
    known = Counter(_stack(pattern) for pattern, entry in found.items() if entry is not None)
    trusted = {stack for stack in names if known[stack] >= _MOSTLY * names[stack]}
    return {
        pattern: entry if entries[pattern] is not None or _stack(pattern) in trusted else None
        for pattern, entry in found.items()
    }


def _stack(pattern: str) -> str:
    """What stands before the layer's number; names outside the layers belong together."""
    before, numbered, _ = pattern.partition("{L}")
    return before if numbered else ""
