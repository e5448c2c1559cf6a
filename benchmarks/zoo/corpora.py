"""The corpora of the zoo: disjoint slices of the text that every machine has, and what each goes with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmarks.training.corpus import Documents, english_texts, standard_library

CORPORA: Mapping[str, Callable[[], Documents]] = {
    "python-a": lambda: standard_library()[0::4],
    "python-b": lambda: standard_library()[1::4],
    "python-c": lambda: standard_library()[2::4],
    "python-d": lambda: standard_library()[3::4],
    "english-a": lambda: english_texts()[0::2],
    "english-b": lambda: english_texts()[1::2],
}


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What a model of one corpus is trained on later: more of the same kind, and two corpora of the other kind."""

    further: str
    other: str
    second: str


NEIGHBOURS: Mapping[str, Neighbours] = {
    "python-a": Neighbours(further="python-b", other="english-a", second="english-b"),
    "python-b": Neighbours(further="python-a", other="english-b", second="english-a"),
    "python-c": Neighbours(further="python-d", other="english-b", second="english-a"),
    "python-d": Neighbours(further="python-c", other="english-a", second="english-b"),
    "english-a": Neighbours(further="english-b", other="python-a", second="python-b"),
    "english-b": Neighbours(further="english-a", other="python-d", second="python-c"),
}
