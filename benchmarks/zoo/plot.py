"""The report as one picture: ROC curves, QQ plot of the exact tests, explained variance before and after."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.zoo.measurement import Measured
from benchmarks.zoo.statistics import auc, quantile_pairs, roc
from benchmarks.zoo.summary import all_scores, p_values, variance_group

INCHES = (16.0, 5.2)


def plot(measured: Sequence[Measured], heading: str, file: Path) -> None:
    """Draw the picture into a file of any type that matplotlib writes.

    Raises:
        ModuleNotFoundError: matplotlib is not installed.
    """
    from matplotlib.figure import Figure

    figure = Figure(INCHES, layout="constrained")
    panels: Any = figure.subplots(1, 3)
    related = [item for item in measured if item.is_related]
    independent = [item for item in measured if not item.is_related]
    _draw_roc(panels[0], related, independent)
    _draw_quantiles(panels[1], independent)
    _draw_variance(panels[2], measured)
    figure.suptitle(heading)
    figure.savefig(file, dpi=120)


def _draw_roc(axes: Any, related: Sequence[Measured], independent: Sequence[Measured]) -> None:
    for name, (positive, negative) in all_scores(related, independent).items():
        width = 2.5 if name == "lineage-audit" else 1.2
        label = f"{name.strip()} {auc(positive, negative):.3f}"
        axes.plot(*zip(*roc(positive, negative), strict=True), label=label, linewidth=width)
    axes.set(title="related against independent (AUC)", xlabel="false positive rate", ylabel="true positive rate")
    axes.legend(loc="lower right", fontsize="small")


def _draw_quantiles(axes: Any, independent: Sequence[Measured]) -> None:
    tests = dict.fromkeys(test_id for item in independent for test_id in item.said.tests)
    highest = 1.0
    for test_id in tests:
        points = quantile_pairs(p_values(independent, test_id))
        highest = max(highest, points[0][0])
        axes.plot(*zip(*points, strict=True), ".", markersize=4, label=test_id)
    axes.plot([0, highest], [0, highest], color="grey", linewidth=1)
    axes.set(title="exact tests on independent pairs", xlabel="expected -log10 p", ylabel="observed -log10 p")
    axes.legend(loc="upper left", fontsize="small")


def _draw_variance(axes: Any, measured: Sequence[Measured]) -> None:
    for group in dict.fromkeys(map(variance_group, measured)):
        items = [item for item in measured if variance_group(item) == group and item.said.explained is not None]
        before, after = [item.explained_before for item in items], [item.said.explained for item in items]
        axes.plot(before, after, ".", markersize=4, label=group)
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1)
    axes.set(title="explained variance", xlabel="same index", ylabel="after alignment")
    axes.legend(loc="lower right", fontsize="small")
