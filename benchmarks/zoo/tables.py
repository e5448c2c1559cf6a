"""The report as plain text."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.zoo.summary import Summary

LONGEST_LIST = 40


def render(summary: Summary, heading: str) -> str:
    """Return all tables, one under the other."""
    sections = (
        heading,
        _relations(summary),
        _scores(summary),
        _kinds(summary),
        _directions(summary),
        _tests(summary),
        _variances(summary),
        _misses(summary),
    )
    return "\n\n".join(sections)


def _relations(summary: Summary) -> str:
    total = summary.related + summary.independent
    kinships = ", ".join(f"{count} {kinship}" for kinship, count in summary.pairs.items())
    return "\n".join(
        (
            f"{total} pairs ({kinships}), {summary.seconds / total:.2f} s a pair",
            f"  related pairs detected             {_of(summary.detected, summary.related)}",
            f"  independent pairs cleared          {_of(summary.cleared, summary.independent)}",
            f"  false accusations                  {len(summary.false_accusations)}",
            f"  one initialisation called derived  {len(summary.origins_called_derived)}",
            f"  relation rightly named             {_of(summary.accepted, total)}",
        )
    )


def _scores(summary: Summary) -> str:
    lines = [f"{'related against independent':30}{'AUC':>8}{'found, no false alarm':>24}{'answered':>11}"]
    lines += [
        f"  {row.name:28}{row.auc:8.4f}{row.detected_without_false_alarm:24.1%}{row.answered:11}"
        for row in summary.scores
    ]
    return "\n".join(lines)


def _kinds(summary: Summary) -> str:
    lines = [f"{'operation':24}{'pairs':>7}{'detected':>10}{'named':>7}{'share':>8}{'untrue':>8}"]
    for row in summary.kinds:
        named = f"{row.named / row.pairs:8.0%}" if row.pairs else f"{'-':>8}"
        lines.append(f"  {row.kind:22}{row.pairs:7}{row.detected:10}{row.named:7}{named}{row.untrue:8}")
    pairs, named_all = sum(row.pairs for row in summary.kinds), sum(row.named for row in summary.kinds)
    lines.append(f"  {'all':22}{pairs:7}{'':10}{named_all:7}{named_all / max(1, pairs):8.0%}")
    return "\n".join(lines)


def _directions(summary: Summary) -> str:
    order = ("right", "wrong", "undetermined", "left open where there is none", "claimed where there is none")
    return "direction: " + ", ".join(f"{summary.directions.get(word, 0)} {word}" for word in order)


def _tests(summary: Summary) -> str:
    lines = [f"{'exact test, independent pairs':30}{'pairs':>7}{'p<=1e-2':>10}{'p<=1e-3':>10}{'least log10 p':>15}"]
    lines += [
        f"  {row.test_id:28}{row.pairs:7}{row.below_1e2:10}{row.below_1e3:10}{row.smallest_log10_p:15.2f}"
        for row in summary.tests
    ]
    return "\n".join(lines)


def _variances(summary: Summary) -> str:
    lines = [f"{'explained variance, median':30}{'pairs':>7}{'before':>9}{'after':>9}{'least':>9}{'most':>9}"]
    for row in summary.variances:
        values = "".join(_number(v) for v in (row.before, row.after, row.lowest_after, row.highest_after))
        lines.append(f"  {row.group:28}{row.pairs:7}{values}")
    return "\n".join(lines)


def _misses(summary: Summary) -> str:
    lists = {
        "false accusations": summary.false_accusations,
        "one initialisation called derived": summary.origins_called_derived,
        **summary.misses,
    }
    return "\n\n".join(_list(title, lines) for title, lines in lists.items() if lines) or "no misses"


def _list(title: str, lines: Sequence[str]) -> str:
    shown = [f"  {line}" for line in lines[:LONGEST_LIST]]
    rest = len(lines) - len(shown)
    return "\n".join((f"{title}: {len(lines)}", *shown, *((f"  and {rest} more",) if rest else ())))


def _of(part: int, whole: int) -> str:
    return f"{part} of {whole} ({part / whole:.1%})"


def _number(value: float | None) -> str:
    return f"{'-':>9}" if value is None else f"{value:9.4f}"
