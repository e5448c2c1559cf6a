"""Thresholds of the relation: when two models are called related or independent, and in which direction."""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct


class _Relation(Struct, frozen=True):
    """When two models are called related."""

    related_log10_p: Annotated[float, "combined log10 p at which two models are called related"] = -6.0
    unclear_log10_p: Annotated[float, "combined log10 p below which they are not called independent either"] = -3.0
    least_effect: Annotated[
        float,
        "mean cosine (or share of units) that a relation has to have beside its p-value, over all or in one layer: "
        "less explains under a thousandth of the variance, and with enough units such a p-value says that something is "
        "shared (a way to start, a mean, a format), and not that weights were",
    ] = 0.03
    calibrated_log10_p: Annotated[float, "log10 p that calibrated evidence needs to carry a verdict alone"] = -50.0
    calibrated_effect: Annotated[float, "the effect that it needs beside it"] = 0.5
    small_share: Annotated[float, "derived share below which the sentence says that only a part of B is meant"] = 0.5


class _Independence(Struct, frozen=True):
    """When "nothing found" means independent."""

    weakest_detection: Annotated[float, 'largest detection limit at which "nothing found" means independent'] = 0.25
    weakest_moved_detection: Annotated[
        float,
        "the same of what was asked under other orders, where all weights, those of tokens included, have to agree by "
        "so much: one initialisation trained on two corpora keeps a cosine of .5, a child trained on for as long as "
        "its parent .77",
    ] = 0.5
    copied_unclear: Annotated[
        float, "share of bit-identical parameters beyond chance from which on models are not called independent"
    ] = 0.01
    explained_unclear: Annotated[
        float,
        "explained variance in place from which on models are not called independent: trained strangers reached .0025",
    ] = 0.01
    moved_explained_unclear: Annotated[
        float,
        "the same after an alignment that holds: strangers of one corpus agree at cosines of .16 once they are aligned",
    ] = 0.03
    least_compared: Annotated[
        float, 'share of B\'s parameters with a counterpart below which "nothing found" means nothing'
    ] = 0.5
    most_unplaced: Annotated[
        float,
        "share of B's parameters under names that say nothing, in A's shapes, above which nothing found means nothing",
    ] = 0.05


class _Training(Struct, frozen=True):
    """What tells common training from a common start."""

    shared_training_gains: Annotated[
        float,
        "correlation of centred norm gains below which related weights point to one initialisation, not to training: "
        "one initialisation trained on two corpora gave .17 and less, descendants .47 and more",
    ] = 0.3
    clear_training_gains: Annotated[
        float,
        "the same from which on training was shared; between them a common start and common training are not told "
        "apart: one initialisation trained on one corpus in another order gave .42, a child trained on for twice as "
        "long as its parent .47 to .68, for as long .73",
    ] = 0.7
    gains_alike: Annotated[
        float,
        "the same from which on gains alone show it; up to there one model has to hold what the layers of the other "
        "learnt as well: two runs from PyTorch's own start, whose embeddings hardly move, gave .76 at most; below lie "
        "descendants that were trained on for as long as their parents, and those whose layers were moved",
    ] = 0.9
    role_kept: Annotated[
        float,
        "squared correlation of a whole role or layer (or of all weights) above which no question of initialisation "
        "arises: one initialisation trained on two corpora kept .27 of the variance and less; MLPs that were taken and "
        "trained on, .6",
    ] = 0.5
    least_explained: Annotated[
        float, "explained variance below which, where no gains can tell, training is not claimed"
    ] = 0.1
    fewest_layer_tests: Annotated[
        int,
        "exact tests of what layers hold that must be at chance before channels that agree are called a common basis",
    ] = 2
    fewest_channels: Annotated[int, "channels that the norm-gain comparison needs to speak"] = 64


class _Alignment(Struct, frozen=True):
    """When an alignment is needed, and when it holds."""

    numbers_explain: Annotated[
        float,
        "derived share and compared share at which comparing number by number leaves nothing to search for",
    ] = 0.98
    alignment_gain: Annotated[
        float, "explained variance that an alignment of related models must add to be reported"
    ] = 0.02
    alignment_left: Annotated[
        float,
        "or what it may leave of the unexplained variance, while it compares as much: folded norms explain little, "
        "but all",
    ] = 0.5
    alignment_compared: Annotated[float, "how much it has to compare for that, of what was compared without it"] = 0.95


class _Order(Struct, frozen=True):
    """When a mark shows a direction."""

    kept: Annotated[
        float,
        "relative difference of what both hold up to which it is equal but for rounding, so that a cut or a copy "
        "shows direction; rounding to bfloat16, twice under a rotation, leaves .003",
    ] = 0.005


RELATION = _Relation()
INDEPENDENCE = _Independence()
TRAINING = _Training()
ALIGNMENT = _Alignment()
ORDER = _Order()
