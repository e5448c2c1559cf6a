"""What was measured, as tables: outcomes by group, false alarms beside the rate that is stated, passages needed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import median

from benchmarks.behaviour.measuring import FEWER, FEWEST_CONTROLS, Measured
from benchmarks.behaviour.people import STUDENTS, UNRELATED, Group
from benchmarks.zoo.statistics import auc

_OUTCOMES = ("leans", "none", "inconclusive")


def tables(measured: Sequence[Measured]) -> Iterator[str]:
    """All lines."""
    yield from _by_group(measured)
    yield ""
    yield from _false_alarms(measured)
    yield ""
    yield from _passages(measured)


def _by_group(measured: Sequence[Measured]) -> Iterator[str]:
    counted, spread_over = (
        f"{'pairs':>5} {'lean':>5} {'none':>5} {'untold':>6}",
        f"{'effect':>6} {'least':>6} {'most':>6}",
    )
    yield f"{'group':26} {counted}  {spread_over} {'AUC':>6}"
    unrelated = [item.effect for item in measured if item.group in UNRELATED]
    for group in dict.fromkeys(item.group for item in measured):
        items = _of((group,), measured)
        said = Counter(item.outcome for item in items)
        effects = [item.effect for item in items]
        area = "" if group in UNRELATED else f"{auc(effects, unrelated):6.3f}"
        counts = f"{said['leans']:5} {said['none']:5} {said['inconclusive']:6}"
        spread = f"{median(effects):6.2f} {min(effects):6.2f} {max(effects):6.2f}"
        yield f"{group:26} {len(items):5} {counts}  {spread} {area}"


def _false_alarms(measured: Sequence[Measured]) -> Iterator[str]:
    """How often pairs without a relation rank first, and how often a lean is said of them."""
    unrelated = _of(UNRELATED, measured)
    expected = sum(1 / (1 + item.controls) for item in unrelated) / len(unrelated)
    first = sum(item.p_value < 1.5 / (1 + item.controls) for item in unrelated) / len(unrelated)
    said = sum(item.outcome == "leans" for item in unrelated)
    yield f"{len(unrelated)} pairs without a relation"
    yield f"all controls: first by rank {first:.3f} (stated: at most {expected:.3f}), lean said {said}"
    pairs = sum(_of_pairs(item.controls) for item in unrelated) / len(unrelated)
    first_of_all = sum(item.first_of_all for item in unrelated) / len(unrelated)
    yield f"all controls: first of all pairs {first_of_all:.4f} (if all were drawn alike: {pairs:.4f})"
    few_first = sum(item.of_five[0] < 1.5 / (1 + FEWEST_CONTROLS) for item in unrelated) / len(unrelated)
    few_said = sum(item.of_five[1] == "leans" for item in unrelated)
    few_stated = 1 / (1 + FEWEST_CONTROLS)
    yield f"five controls: first by rank {few_first:.3f} (stated: at most {few_stated:.3f}), lean said {few_said}"
    first_of_few = sum(item.first_of_five for item in unrelated) / len(unrelated)
    few_pairs = _of_pairs(FEWEST_CONTROLS)
    yield f"five controls: first of all pairs {first_of_few:.4f} (if all were drawn alike: {few_pairs:.4f})"
    students = _of(STUDENTS, measured)
    found = sum(item.of_five[1] == "leans" for item in students)
    yield f"students found with five controls: {found} of {len(students)}"


def _of_pairs(controls: int) -> float:
    """How often one pair of two models and their controls comes first among all pairs, if none is special."""
    return 2 / ((controls + 1) * (controls + 2))


def _passages(measured: Sequence[Measured]) -> Iterator[str]:
    students, unrelated = _of(STUDENTS, measured), _of(UNRELATED, measured)
    yield f"{'passages':>8} {'students found':>15} {'false alarms':>13} {'AUC':>6}"
    for count in FEWER:
        found = sum(item.fewer[count][1] == "leans" for item in students)
        false = sum(item.fewer[count][1] == "leans" for item in unrelated)
        area = auc([item.fewer[count][0] for item in students], [item.fewer[count][0] for item in unrelated])
        yield f"{count:8} {found:6} of {len(students):5} {false:6} of {len(unrelated):3} {area:6.3f}"


def _of(groups: Sequence[Group], measured: Sequence[Measured]) -> list[Measured]:
    return [item for item in measured if item.group in groups]
