"""What is left to chance in a certificate, drawn from the digests of the two models and from nothing else.

Nobody can choose a draw without changing a file, and nobody can prepare a file for the draw that it will give.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

_PURPOSE = "lineage-audit/certificate/1"


def seed_of(digest_a: str, digest_b: str) -> str:
    """The seed of a pair of models, in hexadecimal."""
    return sha256(f"{_PURPOSE}\n{digest_a}\n{digest_b}\n".encode()).hexdigest()


def draw(seed: str, what: str, below: int) -> int:
    """A number from 0 to ``below``, exclusive; the same for the same seed and words."""
    return _hash(seed, what) % max(1, below)


def some_of(seed: str, what: str, numbers: Iterable[int], most: int) -> list[int]:
    """At most so many of some numbers, counting up."""
    return sorted(sorted(numbers, key=lambda number: _hash(seed, f"{what}/{number}"))[:most])


def _hash(seed: str, what: str) -> int:
    return int.from_bytes(sha256(f"{seed}/{what}".encode()).digest()[:8], "big")
