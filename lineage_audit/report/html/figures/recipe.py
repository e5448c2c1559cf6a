"""How far the recipe gets: what A explains of B number by number, after the moves that were found, and what is left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lineage_audit.report.html.figures.drawing import WIDTH, Figure, group, rect, words
from lineage_audit.report.html.markup import Markup
from lineage_audit.report.numbers import share
from lineage_audit.results import ExplainedStage
from lineage_audit.results.figures import Stage

_STAGE_WORDS: Mapping[Stage, str] = {
    "in-place": "A as it is, number by number",
    "moved": "A after the moves that were found",
}
_LEFT, _RIGHT = 1.0, WIDTH - 1.0
_ROW = 50.0


def recipe_figure(stages: tuple[ExplainedStage, ...]) -> Figure | None:
    """One bar a stage, or None where nothing was measured."""
    if not stages:
        return None
    return Figure(
        name="recipe",
        title="How far the recipe gets",
        description=" ".join(_sentence(stage) for stage in stages),
        caption="The bar is B: filled is the variance that A explains, grey what it leaves (training, rounding, "
        "noise), empty what has no counterpart in A.",
        height=_ROW * len(stages) + 6,
        shapes=group(_bar(position, stage) for position, stage in enumerate(stages)),
    )


def _bar(position: int, stage: ExplainedStage) -> Iterator[Markup]:
    top, width = _ROW * position + 22, _RIGHT - _LEFT
    compared = width * min(1.0, max(0.0, stage.compared_share))
    explained = compared * min(1.0, max(0.0, stage.explained_variance))
    yield words(_LEFT, top - 7, _STAGE_WORDS[stage.stage])
    yield words(_RIGHT, top - 7, f"explains {share(stage.explained_variance)}", "strong", "end")
    yield rect(_LEFT, top, width, 16, "panel")
    yield rect(_LEFT, top, compared, 16, "rest")
    yield rect(_LEFT, top, explained, 16, "bar")
    yield rect(_LEFT, top, width, 16, "frame")


def _sentence(stage: ExplainedStage) -> str:
    explained, compared = share(stage.explained_variance), share(stage.compared_share)
    return f"{_STAGE_WORDS[stage.stage]}: it explains {explained} of the variance of the {compared} that were compared."
