"""How often the earlier of two models is told: by marks of what was done, or by slopes that exclude one way.

Run from the project's root, after ``python -m benchmarks.zoo.report -o RESULTS.json``:
``python -m benchmarks.zoo.directions RESULTS.json [--half HALF] [--out DIR] [-o FILE] [--minutes M]``. The verdict's
directions are those of the results; slopes are taken again, number by number, a second a pair, and kept in FILE.
Two slopes say "A was not made from B by training", which leaves the other way open; of siblings, and of a merge and one
of its parents, it is true either way.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.zoo.build import DEFAULT_OUT
from benchmarks.zoo.catalogue import HALVES, Half, catalogue
from lineage_audit.checkpoint import open_checkpoint
from lineage_audit.comparison.evidence.slopes import not_made_by_training
from lineage_audit.comparison.pairing.tensors import pair_tensors
from lineage_audit.comparison.progress import NoProgress
from lineage_audit.comparison.reading.measurement import measure_all
from lineage_audit.comparison.reading.plan import plan_reading
from lineage_audit.comparison.symmetries.setting import comparison_of

_CONVERSIONS = frozenset({"cast", "renamed-tensors", "fused-tensors"})
"""What is done to a file and back: both ways fit. A merge shows nothing where its other parents are not named."""

_EITHER = {"a->b": "a", "b->a": "b"}
"""Direction -> the model that came first."""


@dataclass(frozen=True, slots=True)
class Told:
    """What was told of one related pair.

    Attributes:
        a: model A.
        b: model B.
        truth: the true direction; ``undetermined`` among siblings.
        operations: what was done between the two.
        said: the verdict's direction.
        excluded: the model that slopes say was not made from the other.
    """

    a: str
    b: str
    truth: str
    operations: tuple[str, ...]
    said: str
    excluded: str | None

    @property
    def is_decidable(self) -> bool:
        """Whether one came first, and the two show it: something was done that cannot be done back."""
        return self.truth in _EITHER and not set(self.operations) <= _CONVERSIONS

    @property
    def by_marks(self) -> str:
        """Whether marks tell it rightly."""
        return _judged(self.said in _EITHER, self.said == self.truth)

    @property
    def by_slopes(self) -> str:
        """Whether slopes exclude what was not."""
        return _judged(self.excluded is not None, not self.is_decidable or self.excluded == _EITHER[self.truth])

    @property
    def by_either(self) -> str:
        """Whether anything tells it, and nothing tells it wrongly."""
        both = {self.by_marks, self.by_slopes}
        return "wrong" if "wrong" in both else "right" if "right" in both else "open"


def _judged(told: bool, rightly: bool) -> str:
    return ("right" if rightly else "wrong") if told else "open"


def main(arguments: Sequence[str] | None = None) -> int:
    """Take slopes for some minutes and print the table; 1 where more than one in a hundred is told wrongly."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, help="what benchmarks.zoo.report wrote")
    parser.add_argument("--half", choices=HALVES, default="report", help="default: report")
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, metavar="DIR", help="where the zoo was built")
    parser.add_argument("-o", "--output", type=Path, default=Path("directions.jsonl"), metavar="FILE")
    parser.add_argument("--minutes", type=float, default=60.0, help="time to spend at most")
    options = parser.parse_args(arguments)
    until = time.monotonic() + 60 * options.minutes
    known = _known(options.output)
    told = []
    with options.output.open("a", encoding="utf-8") as file:
        for pair in _related(options.results):
            names = (pair["a"], pair["b"])
            if names not in known:
                if time.monotonic() > until:
                    continue
                known[names] = _excluded(options.half, options.out.expanduser(), *names)
                file.write(json.dumps([*names, known[names]]) + "\n")
                file.flush()
            truth, said = pair["truth"], pair["said"]
            told.append(Told(*names, truth["direction"], tuple(truth["operations"]), said["direction"], known[names]))
    print("\n".join(table(told)))
    return int(sum(one.by_either == "wrong" for one in told) > 0.01 * max(1, len(told)))


def _related(results: Path) -> list[Mapping[str, Any]]:
    """Pairs of one descent, whose verdicts are known."""
    pairs = json.loads(results.read_text(encoding="utf-8"))["pairs"]
    return [pair for pair in pairs if pair["kinship"] in ("descent", "kin") and pair["said"]["relation"] == "derived"]


def _known(path: Path) -> dict[tuple[str, str], str | None]:
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return {(a, b): excluded for a, b, excluded in map(json.loads, lines)}


def _excluded(half: Half, zoo: Path, a: str, b: str) -> str | None:
    """The model that slopes say was not made from the other, number by number."""
    entries = catalogue(half)
    one, other = (open_checkpoint(str(zoo / entries[name].folder)) for name in (a, b))
    pairs = pair_tensors(one, other).pairs
    return not_made_by_training(
        comparison_of(one, other, pairs, measure_all(one, other, plan_reading(pairs, "full"), NoProgress()))
    )


def table(told: Sequence[Told]) -> list[str]:
    """Lines to print: pairs where one came first, then siblings."""
    decidable = [one for one in told if one.is_decidable]
    siblings = [one for one in told if one.truth not in _EITHER]
    lines = [f"{'pairs':32}{'told by':12}{'right':>7}{'wrong':>7}{'open':>7}{'decided':>9}"]
    for words, pairs in (("one came first", decidable), ("siblings", siblings)):
        for by in ("by_marks", "by_slopes", "by_either"):
            found = Counter(getattr(one, by) for one in pairs)
            share = (found["right"] + found["wrong"]) / max(1, len(pairs))
            cells = "".join(f"{found[what]:7}" for what in ("right", "wrong", "open"))
            lines.append(f"{f'{words} ({len(pairs)})':32}{by.removeprefix('by_'):12}{cells}{share:9.0%}")
    lines += [f"  wrong: {one.a} | {one.b} ({', '.join(one.operations)})" for one in told if one.by_either == "wrong"]
    return lines


if __name__ == "__main__":
    sys.exit(main())
