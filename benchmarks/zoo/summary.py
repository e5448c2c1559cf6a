"""From measured pairs to the numbers of the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

from benchmarks.zoo.measurement import Measured
from benchmarks.zoo.statistics import auc, detected_without_false_alarm, median, ranks, rejections

ABSTAINED = float("-inf")
"""The score of a baseline that gives no answer: below every other."""


@dataclass(frozen=True, slots=True)
class KindRow:
    """One kind of operation: the pairs in which it must be named, how many were detected, named, and named untruly."""

    kind: str
    pairs: int
    detected: int
    named: int
    untrue: int


@dataclass(frozen=True, slots=True)
class TestRow:
    """One exact test on independent pairs: rejections at two levels, the expected numbers being pairs times level."""

    test_id: str
    pairs: int
    below_1e2: int
    below_1e3: int
    smallest_log10_p: float


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One way to score pairs: how well it ranks related above independent, and on how many it gave an answer."""

    name: str
    answered: int
    auc: float
    detected_without_false_alarm: float


@dataclass(frozen=True, slots=True)
class VarianceRow:
    """Explained variance in one group of pairs, before alignment and after."""

    group: str
    pairs: int
    before: float | None
    after: float | None
    lowest_after: float | None
    highest_after: float | None


@dataclass(frozen=True, slots=True)
class Summary:
    """The report in numbers; pairs are named as ``A | B``.

    Attributes:
        pairs: pairs by kinship.
        related: related pairs.
        detected: related pairs that were called related.
        independent: independent pairs.
        cleared: independent pairs that were called independent.
        accepted: pairs whose relation was a right answer.
        false_accusations: independent pairs called related.
        origins_called_derived: pairs of one initialisation called derived.
        directions: right, wrong and undetermined of those that have one; claimed where there is none.
        kinds: by operation.
        tests: by exact test.
        scores: the tool and the baselines.
        variances: by group.
        misses: what went wrong, by sort.
        seconds: of all comparisons.
    """

    pairs: Mapping[str, int]
    related: int
    detected: int
    independent: int
    cleared: int
    accepted: int
    false_accusations: tuple[str, ...]
    origins_called_derived: tuple[str, ...]
    directions: Mapping[str, int]
    kinds: tuple[KindRow, ...]
    tests: tuple[TestRow, ...]
    scores: tuple[ScoreRow, ...]
    variances: tuple[VarianceRow, ...]
    misses: Mapping[str, tuple[str, ...]]
    seconds: float

    def as_json(self) -> dict[str, object]:
        """Return everything as plain JSON."""
        return asdict(self)


def summarise(measured: Sequence[Measured]) -> Summary:
    """Count.

    Raises:
        ValueError: there are no related or no independent pairs, so that nothing can be told apart.
    """
    related = [item for item in measured if item.is_related]
    independent = [item for item in measured if not item.is_related]
    if not related or not independent:
        raise ValueError("both related and independent pairs are needed; build more of the zoo")
    return Summary(
        pairs=dict(Counter(item.pair.kinship for item in measured)),
        related=len(related),
        detected=sum(item.said.is_related for item in related),
        independent=len(independent),
        cleared=sum(item.said.relation == "independent" for item in independent),
        accepted=sum(_is_accepted(item) for item in measured),
        false_accusations=_names(independent, lambda item: item.said.is_related),
        origins_called_derived=_names(related, _is_origin_called_derived),
        directions=dict(Counter(direction_of(item) for item in related)),
        kinds=_kinds(related),
        tests=_tests(independent),
        scores=_scores(related, independent),
        variances=_variances(measured),
        misses=_misses(related, independent),
        seconds=sum(item.said.seconds for item in measured),
    )


def direction_of(item: Measured) -> str:
    """Judge the direction that was given: right, wrong, undetermined; claimed or left where there is none."""
    true, said = item.pair.truth.direction, item.said.direction
    if true == "undetermined":
        return "left open where there is none" if said == "undetermined" else "claimed where there is none"
    if said == "undetermined":
        return "undetermined"
    return "right" if said == true else "wrong"


def unnamed_operations(item: Measured) -> tuple[str, ...]:
    """The operations that should have been named and were not."""
    return tuple(kind for kind in item.pair.truth.operations if kind not in item.said.operations)


def untrue_operations(item: Measured) -> tuple[str, ...]:
    """The operations that were named and did not happen."""
    truth = item.pair.truth
    return tuple(kind for kind in item.said.operations if kind not in (*truth.operations, *truth.also))


def _is_accepted(item: Measured) -> bool:
    return item.said.relation in item.pair.truth.accepted


def _is_origin_called_derived(item: Measured) -> bool:
    return item.pair.kinship == "one-initialisation" and item.said.relation in ("derived", "identical")


def _kinds(related: Sequence[Measured]) -> tuple[KindRow, ...]:
    required = {kind for item in related for kind in item.pair.truth.operations}
    untrue = Counter(kind for item in related for kind in untrue_operations(item))
    rows = []
    for kind in sorted({*required, *untrue}):
        items = [item for item in related if kind in item.pair.truth.operations]
        detected = sum(item.said.is_related for item in items)
        named = sum(kind in item.said.operations for item in items)
        rows.append(KindRow(kind, len(items), detected, named, untrue[kind]))
    return tuple(rows)


def _tests(independent: Sequence[Measured]) -> tuple[TestRow, ...]:
    rows = []
    for test_id in dict.fromkeys(test_id for item in independent for test_id in item.said.tests):
        values = p_values(independent, test_id)
        rows.append(TestRow(test_id, len(values), rejections(values, 1e-2), rejections(values, 1e-3), min(values)))
    return tuple(rows)


def p_values(independent: Sequence[Measured], test_id: str) -> list[float]:
    """Return log10 p of one exact test on every independent pair that it ran on."""
    return [item.said.tests[test_id] for item in independent if test_id in item.said.tests]


def _scores(related: Sequence[Measured], independent: Sequence[Measured]) -> tuple[ScoreRow, ...]:
    return tuple(_score_row(name, *scores) for name, scores in all_scores(related, independent).items())


def all_scores(
    related: Sequence[Measured], independent: Sequence[Measured]
) -> dict[str, tuple[list[float], list[float]]]:
    """Return the scores of related and of independent pairs: the tool's two, then each baseline's.

    A baseline that gave no answer gets `ABSTAINED`.
    """
    everything = (*related, *independent)
    confidence = ranks([item.said.confidence for item in everything])
    scores = {"lineage-audit": confidence, "  its p-value alone": [item.said.significance for item in everything]}
    for name in everything[0].baselines:
        given = [item.baselines[name] for item in everything]
        scores[name] = [ABSTAINED if score is None else score for score in given]
    return {name: (values[: len(related)], values[len(related) :]) for name, values in scores.items()}


def _score_row(name: str, related: list[float], independent: list[float]) -> ScoreRow:
    answered = sum(score != ABSTAINED for score in (*related, *independent))
    return ScoreRow(name, answered, auc(related, independent), detected_without_false_alarm(related, independent))


def _variances(measured: Sequence[Measured]) -> tuple[VarianceRow, ...]:
    rows = []
    for group in dict.fromkeys(map(variance_group, measured)):
        items = [item for item in measured if variance_group(item) == group]
        after = [item.said.explained for item in items if item.said.explained is not None]
        before = median([item.explained_before for item in items])
        extremes = (min(after, default=None), max(after, default=None))
        rows.append(VarianceRow(group, len(items), before, median(after), *extremes))
    return tuple(rows)


def variance_group(item: Measured) -> str:
    """Sort a pair by how much of A should be left in B: all of it, where only the form changed."""
    is_form = item.is_related and "identical" in item.pair.truth.accepted
    return "form alone" if is_form else item.pair.kinship


def _misses(related: Sequence[Measured], independent: Sequence[Measured]) -> dict[str, tuple[str, ...]]:
    everything = (*related, *independent)
    return {
        "errors": _names(everything, lambda item: item.said.relation == "error", lambda item: item.said.summary),
        "not detected": _names(
            related,
            lambda item: not item.said.is_related,
            lambda item: f"{item.said.relation}, log10 p {item.said.log10_p}, {', '.join(item.pair.truth.operations)}",
        ),
        "not cleared": _names(
            independent, lambda item: item.said.relation == "inconclusive", lambda item: item.said.summary
        ),
        "another relation": _names(
            related,
            lambda item: item.said.is_related and not _is_accepted(item),
            lambda item: f"{item.said.relation}, not {item.pair.truth.relation}",
        ),
        "direction wrong": _names(
            related,
            lambda item: direction_of(item) in ("wrong", "claimed where there is none"),
            lambda item: f"{item.said.direction}, not {item.pair.truth.direction}",
        ),
        "operation not named": _names(
            related,
            lambda item: item.said.is_related and bool(unnamed_operations(item)),
            lambda item: f"{', '.join(unnamed_operations(item))}; named {', '.join(item.said.operations) or 'none'}",
        ),
    }


def _names(
    items: Sequence[Measured], wanted: Callable[[Measured], bool], detail: Callable[[Measured], str] | None = None
) -> tuple[str, ...]:
    """The pairs that are wanted, each in one line."""
    return tuple(
        f"{item.pair.a.name} | {item.pair.b.name}" + (f": {detail(item)}" if detail else "")
        for item in items
        if wanted(item)
    )
