"""Which files are a Megatron checkpoint, a file a rank: their names say which slice and which stage each holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

_RANK = re.compile(
    r"(?P<folder>(?:iter_\d{1,9}/|release/)?)mp_rank_(?P<slice>\d{2})(?:_(?P<stage>\d{3}))?/model_(?:optim_)?rng\.pt",
    re.ASCII,
)


class Rank(Struct, frozen=True):
    """A file, and what of the model it holds: which slice of each matrix, which stage of the layers."""

    file: str
    folder: str
    slice: int
    stage: int


def megatron_files(names: Iterable[str]) -> tuple[str, ...]:
    """The files of the last iteration, stage by stage, slices in order; nothing where there are none."""
    ranks = list(ranks_of(names))
    last = max((rank.folder for rank in ranks), default="")
    chosen = [rank for rank in ranks if rank.folder == last]
    return tuple(rank.file for rank in sorted(chosen, key=lambda rank: (rank.stage, rank.slice)))


def ranks_of(names: Iterable[str]) -> Iterator[Rank]:
    """The files among these that are ranks of a Megatron checkpoint."""
    for name in names:
        found = _RANK.fullmatch(name)
        if found is not None:
            yield Rank(name, found["folder"], int(found["slice"]), int(found["stage"] or 0))
