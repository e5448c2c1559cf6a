"""A known architecture under a prefix that nobody listed: ``ernie.encoder.layer.3.attention.self.query``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from lineage_audit.checkpoint.names.numbering import without_half
from lineage_audit.checkpoint.names.table import Entry, look_up, look_up_anywhere

_MOSTLY = 0.5
"""Share of a stack's names that the tables must know before their endings are believed.

A name or two in common (``attn_norm``) says nothing of the others: words and shapes then say more.
"""


_STACK = re.compile(r"(?<![^.])(encoder|decoder)\.$")


def with_unknown_prefixes(entries: Mapping[str, Entry | None]) -> dict[str, Entry | None]:
    """Return the entries with those filled in that a stack's endings give, where the tables know most of the stack."""
    found = {pattern: entry or look_up_anywhere(without_half(pattern)) for pattern, entry in entries.items()}
    names = Counter(map(_stack, found))
    known = Counter(_stack(pattern) for pattern, entry in found.items() if entry is not None)
    trusted = {stack for stack in names if known[stack] >= _MOSTLY * names[stack]}
    settled = {
        pattern: entry if entries[pattern] is not None or _stack(pattern) in trusted else None
        for pattern, entry in found.items()
    }
    prefixes = _prefixes_of_stacks(settled)
    return {pattern: entry or _behind(pattern, prefixes) for pattern, entry in settled.items()}


def _prefixes_of_stacks(entries: Mapping[str, Entry | None]) -> tuple[str, ...]:
    """What stands before the part of a name that the tables know, in stacks of layers: ``biogpt.``."""
    found = {
        pattern.partition(entry.stem)[0]: None
        for pattern, entry in entries.items()
        if entry is not None and entry.in_layer and entry.stem in pattern
    }
    return tuple(dict.fromkeys(_STACK.sub("", prefix) for prefix in found if _STACK.sub("", prefix)))


def _behind(pattern: str, prefixes: tuple[str, ...]) -> Entry | None:
    """What a name outside the layers means without the prefix that a stack of layers has."""
    if "{L}" in pattern:
        return None
    rests = (pattern.removeprefix(prefix) for prefix in prefixes if pattern.startswith(prefix))
    return next((entry for rest in rests if (entry := look_up(rest)) is not None), None)


def _stack(pattern: str) -> str:
    """What stands before the layer's number; names outside the layers belong together."""
    before, numbered, _ = pattern.partition("{L}")
    return before if numbered else ""
