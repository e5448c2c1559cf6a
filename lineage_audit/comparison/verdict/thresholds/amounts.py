"""Thresholds of how much is shared, and of who moved."""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct


class _Shares(Struct, frozen=True):
    """What counts as shared."""

    derived_row_sigmas: Annotated[
        float,
        "factor by which a row's cosine must exceed what mismatched rows show for the row to count as derived",
    ] = 5.0
    least_sigmas: Annotated[
        float,
        "the same where even mismatched rows agree (embeddings share their mean): at least this factor",
    ] = 3.0
    most_chance: Annotated[float, "and a cosine of this much at most is asked for there"] = 0.95
    one_formula: Annotated[
        float,
        "relative difference of two tables of one formula, in single and in double precision or half; training "
        "leaves more",
    ] = 1e-3


class _Slopes(Struct, frozen=True):
    """When slopes tell who moved."""

    related_matrix: Annotated[
        float,
        "correlation from which a matrix counts as related when deltas and slopes are taken",
    ] = 0.2
    kept_whole: Annotated[tuple[float, float], "slopes of a child on its parent"] = (0.97, 1.10)
    added: Annotated[float, "what the parent's slope on the child must lack of one"] = 0.01
    errors: Annotated[float, "the same in standard errors over matrices, of the other slope"] = 3.0
    grown: Annotated[
        float,
        "how far the child's slope may exceed one, as a share of that: weights that grow in training gave .28 at most, "
        "the parent of a merge, held against it, .45 and more",
    ] = 0.35
    more_zeros: Annotated[
        float,
        "share of exact zeros that one side may have beyond the other before slopes say nothing: pruning looks "
        "like decay",
    ] = 0.005


class _Siblings(Struct, frozen=True):
    """When a model shares with a reference what that added to a common base."""

    fewest_matrices: Annotated[int, "matrices without which nothing is said"] = 4
    least_in_place: Annotated[
        float,
        "correlation with the base below which a matrix does not stand in the base's order",
    ] = 0.2
    most_moved: Annotated[
        float,
        "share of the weights that may stand in another order for the rest to show that little is shared",
    ] = 0.1
    errors: Annotated[float, "standard errors that a slope may be off"] = 3.0
    beyond_rounding: Annotated[
        float,
        "mean square of the reference's change, in those that storing the three models may leave, from which it is one",
    ] = 4.0
    negligible: Annotated[
        float,
        "squared size, in that of the strongest direction, below which a direction is none",
    ] = 1e-6
    held_whole: Annotated[
        tuple[float, float],
        "slopes over the weak directions at which the reference's change is held whole. Children of one set of "
        "trained models gave .98 to 1.27, cousins (children of one fine-tune) up to .80; on a set held apart 6 of "
        "6 children were told, and none of 260 pairs of siblings and cousins (on the first set 5 of 6, none of "
        "260)",
    ] = (0.9, 1.25)
    held_in_part: Annotated[float, "slope from which more is shared than siblings on other corpora share"] = 0.4
    steady: Annotated[
        float,
        "slope over the weak directions, in that over the strong, from which the slope does not fall",
    ] = 0.92
    most_spread: Annotated[
        float,
        "deviation over matrices up to which it is one slope: of children .03 to .16, of siblings near 1 at least .3",
    ] = 0.2
    least_multiple: Annotated[
        float,
        "a constant multiple of the reference's change and no other change: the least multiple",
    ] = 0.05
    most_left: Annotated[float, "the most of the subject's change that such a multiple may leave"] = 0.05
    same_multiple: Annotated[float, "how much it may differ between directions and, in itself, between matrices"] = 0.05
    most_rounding: Annotated[
        float,
        "share of the subject's change that may be rounding, for a multiple to be seen",
    ] = 0.5
    rounded_twice: Annotated[
        float,
        "what a multiple may leave besides, in the mean square that storing the three models leaves",
    ] = 2.0
    most_weight: Annotated[
        float,
        "largest weight of one of several parents of a merge: more is a difference of two models",
    ] = 1.25
    missed: Annotated[
        float,
        "how many times as much the others leave where one of several parents is missing. Of cousins, which leave "
        "little of each other, it is at most 2",
    ] = 3.0


class _Adapters(Struct, frozen=True):
    """When two adapters are related."""

    same_update: Annotated[
        float,
        "mean cosine of the updates from which two adapters are one update in other factors. Two trainings on one "
        "data set, their starts drawn apart, gave .46",
    ] = 0.999
    like_updates: Annotated[
        float,
        "mean cosine of the updates from which they agree in more than how they started",
    ] = 0.1


SHARES = _Shares()
SLOPES = _Slopes()
SIBLINGS = _Siblings()
ADAPTERS = _Adapters()
