"""Merge rules of a BPE tokenizer, decoded only when somebody looks at them.

They are half of a large tokenizer file, and most comparisons need no more than whether two lists were written alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import overload

Merge = tuple[bytes, bytes]


class Merges(Sequence[Merge]):
    """Pairs of token bytes in order of rank.

    Two lists that were written alike are equal unread; any others are compared pair by pair.
    """

    def __init__(self, read: Callable[[], tuple[Merge, ...]], written: tuple[str, bytes] | None = None) -> None:
        """Take what decodes the list, and how it was written: the alphabet's name and the text."""
        self._read = read
        self._written = written

    @cached_property
    def pairs(self) -> tuple[Merge, ...]:
        """All of them."""
        return self._read()

    @property
    def are_stated(self) -> bool:
        """Whether there are any; of a list that is not decoded yet, whether its text is that of an empty one."""
        if "pairs" in vars(self) or self._written is None:
            return len(self.pairs) > 0
        return self._written[1].strip() not in (b"null", b"[]", b"{}")

    def __len__(self) -> int:
        """Number of rules."""
        return len(self.pairs)

    @overload
    def __getitem__(self, rank: int) -> Merge: ...
    @overload
    def __getitem__(self, rank: slice) -> tuple[Merge, ...]: ...
    def __getitem__(self, rank: int | slice) -> Merge | tuple[Merge, ...]:
        """The rule of a rank, or several."""
        return self.pairs[rank]

    def __eq__(self, other: object) -> bool:
        """Tell whether the rules are the same, in the same order."""
        if isinstance(other, Merges):
            alike = self._written is not None and self._written == other._written
            return alike or self.pairs == other.pairs
        return self.pairs == other if isinstance(other, tuple) else NotImplemented

    def __hash__(self) -> int:
        """Hash the rules."""
        return hash(self.pairs)

    def __repr__(self) -> str:
        """The rules, where they were decoded."""
        return f"Merges({self.pairs!r})" if "pairs" in vars(self) else "Merges(not decoded)"


def decoded(pairs: tuple[Merge, ...]) -> Merges:
    """Rules that are at hand."""
    return Merges(lambda: pairs)


NO_MERGES = decoded(())
