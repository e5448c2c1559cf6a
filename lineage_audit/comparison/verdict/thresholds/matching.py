"""Thresholds of what corresponds to what: when a match is clear."""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct


class _UnnamedTensors(Struct, frozen=True):
    """When tensors under names that say nothing are paired."""

    resembling: Annotated[
        float,
        "mean |cosine| of rows with the same number at which two matrices are paired, to be tested on all their rows",
    ] = 0.3


class _MatchedUnits(Struct, frozen=True):
    """When an order of units, heads or layers counts as found."""

    clear_margin: Annotated[
        float,
        "mean match margin of the matched |cosine| at which an order counts as found; noise never has it",
    ] = 0.1
    coarse_margin: Annotated[
        float,
        "the same in sums of channels, that a wide stream's units and heads are asked by first: copies lead so far",
    ] = 0.3
    mostly_itself: Annotated[
        float,
        "mean |cosine| from which units keep half of their variance, so that what agrees no better than chance is new",
    ] = 0.7
    of_copies: Annotated[
        float,
        "match margin, as a share of that over the best which is no copy, below which units have copies",
    ] = 0.5
    layer_margin: Annotated[float, "mean match margin at which a layer of B counts as taken from a layer of A"] = 0.05
    tie: Annotated[
        float,
        "match margins closer than this are a tie, which goes to the layer that continues the previous one",
    ] = 0.02
    copy: Annotated[float, "|Cosine| from which one candidate is a copy of another, and no competitor"] = 0.97
    clearly_negative: Annotated[float, "mean cosine of a unit's matched rows below which its sign was flipped"] = -0.3
    fewest_flipped: Annotated[float, "share of the units that must be so for flipped signs to be named"] = 0.02
    scale_spread: Annotated[float, "standard deviation of log scale ratios from which units count as rescaled"] = 0.05
    beyond_training: Annotated[
        float,
        "spread of scale ratios, in that which training alone would give, from which units count as rescaled",
    ] = 3.0


class _MatchedChannels(Struct, frozen=True):
    """When residual channels count as matched."""

    clear_margin: Annotated[
        float,
        "mean match margin of the matched |correlation| at which channels count as matched",
    ] = 0.1
    margin_gain: Annotated[
        float,
        "mean match margin of gate rows that a less simple map, or another round of fitting, has to add",
    ] = 0.003
    found_margin: Annotated[float, "match margin of gate rows from which on Gram matrices are not asked as well"] = 0.2
    worth_refining: Annotated[
        float,
        "match margin of gate rows below which a map of a wide stream, whose rounds take minutes, is left alone; noise "
        "gives .01",
    ] = 0.02
    worth_rotating: Annotated[
        float,
        "correlation of shared tokens' cosines with each other, in the one model and in the other, below which a "
        "rotation of a wide stream is not tried",
    ] = 0.1
    spectra_agree: Annotated[
        float,
        "correlation of the sizes of what the strongest eigenvectors of a wide stream have to do with each other, in "
        "the one model and in the other, below which the rest of them is not made",
    ] = 0.2
    one_channel: Annotated[
        float,
        "mean of the largest entries of a rotation's columns from which on it is an order of channels",
    ] = 0.9
    of_copies: Annotated[
        float,
        "match margin, as a share of that over the best which is no copy, below which channels have copies",
    ] = 0.5
    gains_explain: Annotated[
        float,
        "share of what the columns' sizes differ by (squared, as logarithms) that the gains' ratio must explain. "
        "Training moves gains by a few hundredths and makes up for none of it: there the ratio explains less than "
        "nothing",
    ] = 0.5
    least_moved: Annotated[
        float,
        "spread of the gains' ratio (standard deviation of its logarithm) from which on gains were moved",
    ] = 1e-3
    clear_gain: Annotated[
        float,
        "share of a norm's median gain from which on a gain's sign counts; others may have crossed zero in training",
    ] = 0.25
    constant_gain: Annotated[float, "spread of a gain vector, against its mean, up to which it is constant"] = 1e-3


class _MixedLayers(Struct, frozen=True):
    """When a layer is called a blend of two."""

    fewest_roles: Annotated[int, "roles in which it must be so"] = 3
    left: Annotated[float, "share of what the nearer layer alone leaves (squared) that both together may leave"] = 0.5
    least_share: Annotated[float, "least share of either layer"] = 0.2


class _Invariants(Struct, frozen=True):
    """When what no relabelling moves finds a counterpart."""

    layer_margin: Annotated[
        float,
        "match margin of a layer's best layer, beyond chance, from which on it counts as its source; of independent "
        "models the clearest layer has .02",
    ] = 0.08
    unclear_margin: Annotated[
        float,
        "mean match margin of all layers' best ones, beyond chance, from which on models are not called independent: "
        "those of one half of the zoo have none, what was trained twice from one start .05 and more",
    ] = 0.02
    further_margin: Annotated[
        float,
        "the same for the other layers of a model one of whose layers has a clear source",
    ] = 0.05
    further_share: Annotated[float, "and at least this share of that layer's"] = 0.25
    tie: Annotated[
        float,
        "match margins closer than this are a tie, which goes to the layer that continues the one before",
    ] = 0.02
    copy: Annotated[
        float,
        "size of the product of two heads of one model from which on they count as copies that share their random "
        "signs",
    ] = 0.5
    channel_margin: Annotated[float, "mean match margin of probed channels at which the channels count as matched"] = (
        0.15
    )
    same_geometry: Annotated[
        float,
        "correlation of the tokens' inner products from which on two embeddings count as one, rotated. Set on "
        "Llama and Mistral: independent models reach .02, one initialisation trained on two corpora .41, rotated "
        "copies that were trained on .8 and more; seen on Qwen2 and Gemma: independent .22, rotated and trained "
        "on .87",
    ] = 0.6
    own_number: Annotated[
        float,
        "share of the probed channels that best match the channel of their own number from which on the numbers stand",
    ] = 0.5
    same_signs: Annotated[float, "share of the channels that must keep their sign for signs to stand"] = 0.95
    clear_ratio: Annotated[
        float,
        "by how much the nearest channel must be nearer than the second, as a share: neighbours by chance reach .1",
    ] = 0.3
    unit_margin: Annotated[
        float,
        "match margin of the better quarter of probed units from which on a layer counts as found; independent models "
        "show .05",
    ] = 0.15
    worth_matching: Annotated[
        float,
        "match margin of probed units from which on all are matched; independent models show noise, .10 at most",
    ] = 0.12
    mostly: Annotated[
        float,
        "share of an FFN's units that must have found each other before the rest is assigned",
    ] = 0.5
    matched_cosine: Annotated[
        float,
        "|cosine| below which a mutual best match is noise: the best of 10,000 random ones is .55",
    ] = 0.7
    fewest_units: Annotated[
        float,
        "share of an FFN's units that must have found a counterpart before its matrices are compared unit by unit",
    ] = 0.5


class _Sketches(Struct, frozen=True):
    """When sketches of a fingerprint find a counterpart."""

    clear_margin: Annotated[
        float,
        "match margin of the best match, in the better quarter of a layer's units, that noise does not have",
    ] = 0.15
    margin_of_experts: Annotated[
        float,
        "the same where experts may be copies of one another: the margin is then over the match that no copy explains",
    ] = 0.25
    matched_cosine: Annotated[
        float,
        "|cosine| of sketched gate rows below which a mutual best match is dropped as noise",
    ] = 0.4
    weaker_match: Annotated[
        float,
        "the same as a share of what the better quarter of the layer's matches reaches: the best of 256 random "
        "sketches have .4",
    ] = 0.6
    tie: Annotated[
        float,
        "match margins closer than this are a tie, which goes to the layer that continues the previous one",
    ] = 0.02
    channel_margin: Annotated[
        float,
        "mean match margin of channels' best |correlation| at which single channels count as matched",
    ] = 0.15
    related_cosine: Annotated[
        float,
        "correlation from which a role of a layer counts as related when distances and slopes are taken",
    ] = 0.2
    nothing_moved: Annotated[float, "relative distance of sketches up to which no training is named"] = 0.004
    rounding_moves: Annotated[
        float,
        "relative distance up to which a coarser type alone may account for the difference",
    ] = 0.1
    second_look: Annotated[
        float,
        "similarity of signatures from which a model that seems unrelated is held against every unit of the subject",
    ] = 0.3
    in_order: Annotated[
        float,
        "share of the steps from one matched unit to the next that lead upwards from which on their order was kept",
    ] = 0.9
    same_numbers: Annotated[
        float,
        "share of matched units with their own number from which a search has found nothing new",
    ] = 0.9


class _FreeSigns(Struct, frozen=True):
    """When signs and copies inside one model are no random signs."""

    alike: Annotated[
        float,
        "mean squared cosine of units with the same number, beyond that of others, from which blocks are copies",
    ] = 0.0625
    noise: Annotated[
        float,
        "five standard deviations of that by chance, times the root of the number of units",
    ] = 0.625
    beyond: Annotated[
        float,
        "standard deviations of the drawn null beyond which units lean one way; few directions make its tail heavy",
    ] = 8.0


UNNAMED_TENSORS = _UnnamedTensors()
MATCHED_UNITS = _MatchedUnits()
MATCHED_CHANNELS = _MatchedChannels()
MIXED_LAYERS = _MixedLayers()
INVARIANTS = _Invariants()
SKETCHES = _Sketches()
FREE_SIGNS = _FreeSigns()
