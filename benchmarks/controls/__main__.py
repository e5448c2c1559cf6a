"""Measure the numbers of ``compare --controls`` on independent models, and print the table that ships.

Run from the project's root: ``python -m benchmarks.controls ZOO/threshold ZOO/report [-o FILE]``, where FILE is
``lineage_audit/comparison/controls/controls.json``. ZOO is the folder that ``python -m benchmarks.zoo`` has filled; the
models of a half whose names are a family and a seed (``llama-1``) were trained from seeds of their own. Both halves
may give controls, since no threshold is set by them. What is published stands in ``published.json`` beside this file.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import chain, combinations
from pathlib import Path

from lineage_audit.checkpoint import Checkpoint, open_checkpoint
from lineage_audit.comparison.controls import Quoted, quoted_of_weights
from lineage_audit.comparison.controls.numbers import NUMBERS
from lineage_audit.comparison.metadata.architecture import compare_architectures
from lineage_audit.comparison.metadata.tokenizer import compare_tokenizers
from lineage_audit.comparison.pairing.tensors import pair_tensors
from lineage_audit.comparison.progress import NoProgress
from lineage_audit.comparison.reading.measurement import measure_all
from lineage_audit.comparison.reading.plan import plan_reading
from lineage_audit.results import Control

_ROOT = re.compile(r"(?P<family>[a-z]+[0-9]*)-(?P<seed>[0-9]+)")
_COMMAND = "python -m benchmarks.controls"
_ONE, _TWO = "small models of one family", "small models of two families"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure every pair of independent models and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("halves", type=Path, nargs="+", metavar="HALF", help="a half of the zoo, as it was built")
    parser.add_argument("-o", "--output", type=Path)
    chosen = parser.parse_args(arguments)
    published = json.loads((Path(__file__).parent / "published.json").read_text(encoding="utf-8"))
    text = json.dumps(_table(chosen.halves, published), indent=2, ensure_ascii=False) + "\n"
    if chosen.output is None:
        print(text, end="")
    else:
        chosen.output.write_text(text, encoding="utf-8")
    return 0


def _table(
    halves: Sequence[Path], published: Mapping[str, list[dict[str, object]]]
) -> dict[str, list[dict[str, object]]]:
    command = " ".join([_COMMAND, *(f"ZOO/{half.name}" for half in halves)])
    values: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for group, compared in chain.from_iterable(map(_pairs, halves)):
        for number in NUMBERS:
            value = number.value(compared)
            if value is not None:
                values[number.number_id][group].append(value)
    return {
        number.number_id: [
            *(asdict(_control(group, found, command)) for group, found in values[number.number_id].items()),
            *published.get(number.number_id, []),
        ]
        for number in NUMBERS
    }


def _pairs(half: Path) -> Iterator[tuple[str, Quoted]]:
    roots = sorted(folder for folder in half.iterdir() if _ROOT.fullmatch(folder.name))
    for a, b in combinations(roots, 2):
        same = _ROOT.fullmatch(a.name)["family"] == _ROOT.fullmatch(b.name)["family"]  # type: ignore[index]
        yield _ONE if same else _TWO, _quoted(open_checkpoint(str(a)), open_checkpoint(str(b)))


def _quoted(a: Checkpoint, b: Checkpoint) -> Quoted:
    pairs = pair_tensors(a, b).pairs
    measured = measure_all(a, b, plan_reading(pairs, "full"), NoProgress())
    architecture = compare_architectures(a.config, b.config, ())
    return quoted_of_weights(tuple(measured.values()), architecture, compare_tokenizers(a.vocabulary, b.vocabulary))


def _control(group: str, found: Sequence[float], command: str) -> Control:
    return Control(group, "zoo", round(min(found), 4), round(max(found), 4), len(found), command)


if __name__ == "__main__":
    raise SystemExit(main())
