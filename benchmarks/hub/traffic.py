"""How much a run will read from the network, foretold before it starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from benchmarks.hub.pairs import HubPair
from benchmarks.hub.results import Line
from lineage_audit.comparison.reading.plan import SAMPLE_BYTES

HEADERS = 2 * 2**20
TOKENIZER = 6 * 2**20
"""Bytes that headers and tokenizer of a model commonly take; a tokenizer.json has 2 to 20 MB."""


@dataclass(frozen=True, slots=True)
class Foretold:
    """Bytes that a run is expected to read, and what that rests on."""

    pairs: int
    bytes: int
    basis: str

    def __str__(self) -> str:
        return f"{self.pairs} pairs to audit, about {self.bytes / 1e9:.1f} GB to read ({self.basis})"


def foretell_sample(pairs: Sequence[HubPair], known: Mapping[tuple[str, str], Line]) -> Foretold:
    """A sample reads the same of every model; pairs that were measured already say how much in truth."""
    measured = [line.bytes_read for line in known.values() if line.status == "measured"]
    if measured:
        return Foretold(len(pairs), round(fmean(measured) * len(pairs)), f"{len(measured)} pairs measured so far")
    a_model = SAMPLE_BYTES + HEADERS + TOKENIZER
    return Foretold(len(pairs), 2 * a_model * len(pairs), f"{a_model / 2**20:.0f} MiB a model")


def foretell_whole(pairs: Sequence[HubPair], sizes: Mapping[str, int | None]) -> Foretold:
    """Efforts beyond a sample may read every weight file of both models."""
    total = sum((sizes[name] or 0) for pair in pairs for name in pair.key)
    unknown = sum(size is None for size in sizes.values())
    return Foretold(len(pairs), total, f"whole weight files of {len(sizes) - unknown} models, {unknown} not listed")
