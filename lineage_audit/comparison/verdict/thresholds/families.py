"""Thresholds of families: merges, siblings, trees."""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct


class _Merges(Struct, frozen=True):
    """When a merge is named."""

    least_explained: Annotated[
        float,
        "share of what was added to the base that the parents together must explain. The mean of a few siblings "
        "lies near their base: of a base held against one of its fine-tunes, two others explain two thirds, and "
        "eight of them nine tenths",
    ] = 0.9
    least_gain: Annotated[float, "what the parents together must explain beyond the best of them alone"] = 0.03
    least_weight: Annotated[float, "least weight that a parent must have to be one"] = 0.05
    nearly_all: Annotated[float, "share from which nothing but the merge was done"] = 0.98
    held_whole: Annotated[
        tuple[float, float],
        "weights at which a parent is held whole: with something left over, the child is rather a fine-tune of it",
    ] = (0.9, 1.1)
    convex: Annotated[float, "sum of weights up to which they count as convex"] = 1.1
    strangers: Annotated[
        float,
        "a child that is left unexplained and correlates less than this with every named model, in place, is a "
        "stranger: on one half of the zoo strangers, a student of the parent's outputs among them, reached .04, and "
        "what shares anything in place with a parent .25 on: two layers of five, an initialisation trained apart",
    ] = 0.1
    least_copied: Annotated[float, "share of the layers that must be copies in a passthrough"] = 0.9
    layer_margin: Annotated[
        float,
        "a layer is told from its neighbours where its source is this much nearer than the next (squared distances)",
    ] = 0.5
    copied: Annotated[
        float,
        "squared relative distance up to which a layer is a copy, stored in a coarser type at most",
    ] = 1e-5


class _MergeMethods(Struct, frozen=True):
    """When a merge's method is named."""

    far_less: Annotated[
        float,
        "a method with a curve or with patterns must leave at most this share of what the straight line leaves",
    ] = 0.25
    just_less: Annotated[
        float,
        "an arc that leaves no more than rounding must leave this much less than the line: a true line never loses",
    ] = 0.98
    unexplained: Annotated[float, "share of what there was to explain beyond which no method is named"] = 0.2
    collinear: Annotated[
        float,
        "correlation of two parents' deltas from which their weights cannot be told apart",
    ] = 0.95
    different: Annotated[
        float,
        "weights of two parts differ where their intervals lie apart and they do by more than this",
    ] = 0.02
    least_matched: Annotated[float, "share of clear elements that a pattern must predict to within rounding"] = 0.9
    least_clear: Annotated[int, "clear elements without which nothing is said"] = 300
    near_miss: Annotated[
        float,
        "distance from a prediction, relative to the largest one, beyond which an element just misses it",
    ] = 0.05
    by_size_errors: Annotated[
        float,
        "deltas were kept by size where a cut by size explains what was kept with at most this share of a coin's "
        "errors",
    ] = 0.25
    whole: Annotated[float, "density from which nothing was dropped"] = 0.995
    least_outliers: Annotated[
        float, "share of the largest elements from which on they count as dropped too, as breadcrumbs do"
    ] = 0.003
    gives_the_child: Annotated[
        float, "share of what there was to explain that a recipe may leave, carried out, and still be printed"
    ] = 0.02
    straight: Annotated[float, "cosine from which the straight line is taken"] = 0.9995
    arithmetic: Annotated[
        float,
        "steps of the stored type that differences, products and sums of deltas may lose together",
    ] = 1.5
    gap: Annotated[
        float,
        "an element is clear where its predictions lie this many tolerances apart",
    ] = 3.0
    unit_sum: Annotated[
        float,
        "weights of deltas whose sum differs from one by no more are those of a linear merge",
    ] = 0.01


class _Trees(Struct, frozen=True):
    """Who stands next to whom in a tree."""

    same: Annotated[float, "distance up to which two models of one shape differ in form or by rounding alone"] = 0.012
    nearly_as_far: Annotated[
        float,
        "a model stands between two others if the third is nearer to it than this share of its distance to the "
        "first. Set on models of which most siblings that lay nearer than the base gave .77 to 1, and a chain .61",
    ] = 0.75
    made_from_merge: Annotated[
        float,
        "a model was made from a merge where that lies at less than this share of the distance to its other neighbour",
    ] = 0.5
    unrelated: Annotated[
        float,
        "distance that a model counts for to which no relation was found, though others of the group are related to it",
    ] = 2.0
    operation_weighs: Annotated[
        float,
        "what an operation weighs beside a distance, when one of several equal models is chosen to stand for all",
    ] = 0.05
    carried_to: Annotated[
        float,
        "distance up to which a neighbour cannot be another parent: it explains most of the model",
    ] = 0.6
    at_no_distance: Annotated[
        float,
        "distance up to which the other order of two models is not looked at: there is nothing left to explain",
    ] = 0.012
    same_way: Annotated[float, "cosine of the two steps from which the nearer model counts as a sibling"] = 0.05
    sibling_as_far: Annotated[
        float,
        "only a model that is hardly nearer than the other one can be a sibling by this rule",
    ] = 0.85
    structure_costs: Annotated[
        tuple[float, float],
        "what an operation on layers or widths adds to a distance: a share of it, and on top of that",
    ] = (0.12, 0.02)
    form_costs: Annotated[tuple[float, float], "the same of an operation on the form alone"] = (0.003, 0.001)


class _MergesInTrees(Struct, frozen=True):
    """When a tree shows a merge."""

    unexplained: Annotated[float, "share of what was added to the base (squared) that two parents may leave"] = 0.2
    gain: Annotated[float, "two parents must leave at most this share of what the better of them leaves alone"] = 0.5
    least_weight: Annotated[float, "least weight of each parent"] = 0.1
    least_sum: Annotated[float, "least sum of the weights"] = 0.5
    largest_sum: Annotated[float, "largest sum of the weights"] = 1.15
    least_share: Annotated[float, "least weight of either parent on the line between them"] = 0.15
    aside: Annotated[
        float,
        "how far from that line (squared, over the squared distance to the nearer parent) the merge may lie: of a "
        "model, its parent and its child the middle one lies at a right angle",
    ] = 0.2
    least_distance: Annotated[float, "distances below this are too small against the sketches' own error"] = 0.03


class _Checks(Struct, frozen=True):
    """What a check of claims may leave open."""

    unread_share: Annotated[
        float,
        "share of the subject's parameters that may be left out of the comparisons before they settle nothing",
    ] = 0.001


MERGES = _Merges()
MERGE_METHODS = _MergeMethods()
TREES = _Trees()
MERGES_IN_TREES = _MergesInTrees()
CHECKS = _Checks()
