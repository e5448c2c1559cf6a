"""Relations that are planted between strangers, as weak as the stated limits say would have been found.

Run from the project's root: ``python -m benchmarks.strangers.planting [--pairs 40]``. Of two strangers the limits are
read; then B is drawn again with a part of A in it that agrees at just that cosine, in place or after A's layers, heads,
units and channels were put in another order, and the same question is asked. A limit is true
where nine of ten such relations are found. Exits with 1 where fewer are than that leaves to chance.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.strangers.asking import IN_PLACE, compared
from benchmarks.strangers.models import Drawn, Shape, Weights
from lineage_audit.comparison import compare_checkpoints
from lineage_audit.comparison.alignment.aligned import align_weights
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.alignment.search_power import search_power
from lineage_audit.comparison.evidence import head_fixed_points
from lineage_audit.comparison.evidence.base import WeightComparison
from lineage_audit.comparison.invariants import rotary_tests
from lineage_audit.comparison.invariants.matching import match_keys, multiply
from lineage_audit.comparison.progress import NoProgress
from lineage_audit.results import Evidence
from tests.comparison.symmetry_worlds import permute_channels, permute_ffn_units, permute_kv_groups
from tests.models import model

SHAPE = Shape(layers=4, hidden=128, heads=8, kv_heads=4, ffn=256, vocab=384)
POWER = 0.9
CORRECTED = -7.0
"""log10 p that a single test reaches where the verdict's level is reached after the correction for ten tests."""

RELATED = ("identical", "derived", "shared-origin")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question gave of two models: the limit that it states, and whether it shows a relation."""

    limit: float | None
    shows: bool


@dataclass(frozen=True, slots=True)
class Question:
    """What a limit is stated for.

    Attributes:
        name: what is asked.
        moves: whether the part of A stands in another order.
        ask: of two models.
    """

    name: str
    moves: bool
    ask: Callable[[Drawn, Drawn], Answer]


def _of_test(test: Callable[[WeightComparison], Evidence]) -> Question:
    return Question(_name(test), moves=False, ask=lambda a, b: _said(test(compared(a, b))))


def _name(test: Callable[[WeightComparison], Evidence]) -> str:
    return test.__module__.rpartition(".")[2].replace("_", "-")


def _said(found: Evidence) -> Answer:
    return Answer(found.detection_limit, (found.log10_p or 0.0) <= CORRECTED)


def _ask_keys(a: Drawn, b: Drawn) -> Answer:
    assert a.keys is not None and b.keys is not None, "every token of a drawn model can be told apart"
    products = multiply(a.keys, b.keys)
    return _said(rotary_tests.measure_signs(products, match_keys(products), b.checkpoint.parameters))


def _ask_search(a: Drawn, b: Drawn) -> Answer:
    weights = CanonicalWeights(a.checkpoint), CanonicalWeights(b.checkpoint)
    found = align_weights(*weights, compared(a, b), None, {}, "full", NoProgress())
    shows = found is not None and any((item.log10_p or 0.0) <= CORRECTED for item in found.evidence)
    return Answer(search_power(*weights, None).detection_limit, shows)


def _ask_verdict(a: Drawn, b: Drawn) -> Answer:
    models = (model(dict(one.weights), one.shape.config) for one in (a, b))
    verdict = compare_checkpoints(*models, effort="full").verdict
    return Answer(verdict.detection_limit, verdict.relation in RELATED)


QUESTIONS: tuple[Question, ...] = (
    *(_of_test(test) for test in IN_PLACE if test is not head_fixed_points.measure),
    Question(rotary_tests.SIGNS.test_id, moves=True, ask=_ask_keys),
    Question("search", moves=True, ask=_ask_search),
    Question("the verdict, in place", moves=False, ask=_ask_verdict),
    Question("the verdict, in another order", moves=True, ask=_ask_verdict),
)
"""Heads are too few for their numbers to state a limit."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Plant and ask; print how often each question found what its limit says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=40, help="relations of each question (default 40)")
    parser.add_argument("--only", nargs="+", metavar="WORD", help="questions whose names hold one of these words")
    options = parser.parse_args(arguments)
    chosen = [one for one in QUESTIONS if not options.only or any(word in one.name for word in options.only)]
    print(f"{'question':32}{'limit':>8}  found")
    holds = True
    for question in chosen:
        limits, found = zip(*(plant(question, number) for number in range(options.pairs)), strict=True)
        holds &= sum(found) >= fewest_found(len(found))
        print(f"{question.name:32}{np.mean(limits):8.3f}  {sum(found)} of {len(found)}", flush=True)
    return 0 if holds else 1


def fewest_found(pairs: int) -> int:
    """Relations that a true limit finds but once in a hundred times fewer of."""
    from scipy import stats

    return int(stats.binom.ppf(0.01, pairs, POWER))


def plant(question: Question, number: int) -> tuple[float, bool]:
    """The limit that strangers are told, and whether a relation of that size is found."""
    a, b = (SHAPE.draw(np.random.default_rng([number, side])) for side in (0, 1))
    limit = question.ask(Drawn(SHAPE, a), Drawn(SHAPE, b)).limit or 1.0
    part = moved(a, np.random.default_rng([number, 2])) if question.moves else a
    return limit, question.ask(Drawn(SHAPE, a), Drawn(SHAPE, mixed(part, b, limit))).shows


def mixed(part: Weights, own: Weights, cosine: float) -> Weights:
    """Matrices whose rows agree with those of a part at a cosine; the gains are all their own."""
    rest = float(np.sqrt(1.0 - cosine**2))
    return {
        name: (cosine * part[name] + rest * values).astype(np.float32) if values.ndim == 2 else values
        for name, values in own.items()
    }


def moved(weights: Weights, random: np.random.Generator) -> Weights:
    """The same function with layers, heads, units and channels in another order."""
    order = random.permutation(SHAPE.layers)
    turned = dict(weights)
    for reorder in (permute_ffn_units, permute_kv_groups, permute_channels):
        turned = reorder(turned, SHAPE, random)
    return {
        re.sub(r"layers\.(\d+)\.", lambda found: f"layers.{order[int(found[1])]}.", name): values
        for name, values in turned.items()
    }


if __name__ == "__main__":
    sys.exit(main())
