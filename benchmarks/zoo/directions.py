"""How often the earlier of two models is told, and how often it is told wrongly.

Run from the project's root, after ``python -m benchmarks.zoo.build``: ``python -m benchmarks.zoo.directions
[--half HALF] [--out DIR] [-o FILE] [--effort EFFORT] [--budget SIZE]``. All related pairs of one descent are compared,
a second or two a pair; what is in FILE already is kept. Two claims are judged. A direction, "A → B", is wrong where B
came first and where the two are siblings. That a way is excluded, "A was not made from B", is wrong where A was; of
siblings it is true, whichever is meant.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.zoo.build import DEFAULT_OUT
from benchmarks.zoo.catalogue import SETS
from benchmarks.zoo.measurement import Reading, ask
from benchmarks.zoo.pairs import Pair, pairs
from benchmarks.zoo.production import is_complete
from lineage_audit.api.arguments import choices
from lineage_audit.comparison import EffortChoice
from lineage_audit.results import OPPOSITE, Direction, Way
from lineage_audit.sizes import read_size

_CONVERSIONS = frozenset({"cast", "renamed-tensors", "fused-tensors"})
"""What is done to a file and back: both ways fit. A merge shows nothing where its other parents are not named."""

MOST_WRONG = 0.01


@dataclass(frozen=True, slots=True)
class Told:
    """What was told of one related pair.

    Attributes:
        a: model A.
        b: model B.
        are_siblings: both were made of one model, and neither of the other.
        truth: the true direction; of siblings that of a base in another form, else ``undetermined``.
        operations: what was done between the two.
        said: the verdict's direction.
        excluded: the ways that it excludes.
    """

    a: str
    b: str
    are_siblings: bool
    truth: Direction
    operations: tuple[str, ...]
    said: Direction
    excluded: tuple[Way, ...]

    @property
    def group(self) -> str:
        """What the pair is counted among."""
        if self.are_siblings:
            return "siblings" if self.truth == "undetermined" else "a base in another form"
        can_be_told = self.truth != "undetermined" and not set(self.operations) <= _CONVERSIONS
        return "one came first" if can_be_told else "cannot be told"

    @property
    def direction(self) -> str:
        """Whether the direction is right."""
        return _judged(self.said != "undetermined", self.said == self.truth)

    @property
    def exclusion(self) -> str:
        """Whether what is excluded is: of siblings both ways are, whatever form either has."""
        is_true = self.are_siblings or (self.truth != "undetermined" and self.excluded == (OPPOSITE[self.truth],))
        return _judged(bool(self.excluded), is_true)


def _judged(told: bool, rightly: bool) -> str:
    return ("right" if rightly else "wrong") if told else "open"


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare what is missing and print the table; 1 where more than one in a hundred of a group is told wrongly."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=SETS, default="report", help="default: report")
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, metavar="DIR", help="where the zoo was built")
    parser.add_argument("-o", "--output", type=Path, default=Path("directions.jsonl"), metavar="FILE")
    parser.add_argument("--effort", choices=choices(EffortChoice), default="auto", help="default: auto")
    parser.add_argument("--budget", type=read_size, metavar="SIZE", help="what a sample may read of each model")
    options = parser.parse_args(arguments)
    zoo, reading = options.out.expanduser(), Reading(options.effort, options.budget)
    related = [pair for pair in pairs(options.half) if pair.kinship in ("descent", "kin") and _is_built(pair, zoo)]
    told = list(_told(related, zoo, reading, options.output))
    print("\n".join(table(told)))
    return int(has_too_many_wrong(told))


def _is_built(pair: Pair, zoo: Path) -> bool:
    return all(is_complete(entry, zoo) for entry in (pair.a, pair.b, *pair.named_parents))


def _told(related: Sequence[Pair], zoo: Path, reading: Reading, output: Path) -> Iterator[Told]:
    """Each pair with what was said of it, now or in an earlier run."""
    known = _known(output)
    with output.open("a", encoding="utf-8") as file:
        for pair in related:
            names = (pair.a.name, pair.b.name)
            if names not in known:
                a, b, *parents = (zoo / entry.folder for entry in (pair.a, pair.b, *pair.named_parents))
                said = ask(a, b, parents, reading)
                known[names] = {"direction": said.direction, "excluded": said.excluded}
                file.write(json.dumps([*names, known[names]]) + "\n")
                file.flush()
            truth, answer = pair.truth, known[names]
            yield Told(
                *names,
                pair.kinship == "kin",
                truth.direction,
                truth.operations,
                answer["direction"],
                tuple(answer["excluded"]),
            )


def _known(path: Path) -> dict[tuple[str, str], Mapping[str, Any]]:
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return {(a, b): said for a, b, said in map(json.loads, lines)}


def has_too_many_wrong(told: Sequence[Told]) -> bool:
    """Whether a claim is wrong of more than one pair in a hundred, of all or of siblings."""
    siblings = [one for one in told if one.group == "siblings"]
    return any(
        sum(getattr(one, claim) == "wrong" for one in some) > MOST_WRONG * len(some)
        for some in (told, siblings)
        for claim in ("direction", "exclusion")
    )


def table(told: Sequence[Told]) -> list[str]:
    """Lines to print: every claim in every group, then the pairs of which one is wrong."""
    groups: dict[str, list[Told]] = {}
    for one in told:
        groups.setdefault(one.group, []).append(one)
    lines = [f"{'pairs':32}{'claim':12}{'right':>7}{'wrong':>7}{'open':>7}{'decided':>9}"]
    for group, some in sorted(groups.items()):
        for claim in ("direction", "exclusion"):
            found = Counter(getattr(one, claim) for one in some)
            share = (found["right"] + found["wrong"]) / len(some)
            cells = "".join(f"{found[what]:7}" for what in ("right", "wrong", "open"))
            lines.append(f"{f'{group} ({len(some)})':32}{claim:12}{cells}{share:9.0%}")
    lines += [
        f"  {claim} wrong: {one.a} | {one.b} ({', '.join(one.operations)})"
        for one in told
        for claim in ("direction", "exclusion")
        if getattr(one, claim) == "wrong"
    ]
    return lines


if __name__ == "__main__":
    sys.exit(main())
