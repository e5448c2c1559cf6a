"""Thresholds of what was done: when a mark on the weights names an operation."""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct


class _Rounded(Struct, frozen=True):
    """When an element is the other side's, rounded."""

    share: Annotated[float, "share of elements that must equal the other side's rounded ones for a cast"] = 0.999
    fit_delta: Annotated[float, "relative delta that fitting scales and rotations may leave beside rounding"] = 1e-3
    aligned_delta: Annotated[
        float,
        "relative delta that a rotation or scale in floats may leave of an equal tensor",
    ] = 1e-3
    orthogonal: Annotated[float, "cosine of a delta with a side up to which it is orthogonal to it"] = 0.003
    no_direction: Annotated[
        float,
        "singular value over the largest below which there is no direction: a cut computed in single precision "
        "leaves 1e-6",
    ] = 1e-4


class _Quantized(Struct, frozen=True):
    """When weights are called quantised."""

    fitting: Annotated[float, "share of groups of a matrix, and of matrices, that must be on a grid"] = 0.95
    blur: Annotated[float, "error in steps, from the stored type's rounding, up to which values are asked"] = 0.08
    off_grid: Annotated[
        float,
        "distance from the grid, in steps, that still counts as on it; chance gives a fifth",
    ] = 0.1
    on_grid: Annotated[
        float,
        "share of a matrix's values that lie on its groups' grids. Quantised matrices give .99 and more; others, "
        "each group at its best step, .2 to .5",
    ] = 0.9
    values_of_one: Annotated[
        float,
        "weights of a group, zeros left out, for each of its 2^bits values, from which few values are a grid",
    ] = 1.4
    half_step: Annotated[
        float,
        "distance in steps from the other side's value up to which an element was rounded to the nearest",
    ] = 0.51
    near: Annotated[float, "share of the elements that must lie so near"] = 0.98
    other_on_grid: Annotated[
        float,
        "share of the other side's values on the same grids, from which it is no grid of the quantised side's own",
    ] = 0.7


class _StoredScheme(Struct, frozen=True):
    """When what is stored as codes is the other side, rounded."""

    half_step: Annotated[
        float,
        "distance in steps from the other side's value up to which an element was rounded to the nearest",
    ] = 0.52
    nearest: Annotated[
        float,
        "share of values within half a step. Rounding gives .995 and more; beside a change of 1% of the weights' "
        "size 4 bits give .985, 8 bits .7",
    ] = 0.99
    even: Annotated[
        float,
        "fourth moment of the errors over the square of the second, in short segments, up to which they are spread "
        "evenly over a step, as rounding leaves them (1.75); what was changed after decoding gives 2.6 and more",
    ] = 2.1


class _Noise(Struct, frozen=True):
    """When a difference is called noise."""

    edge_ratio: Annotated[
        float,
        "largest singular value over that of noise of the same size, up to which a difference has no direction",
    ] = 1.1
    kurtosis: Annotated[tuple[float, float], "kurtosis of a difference that may be normal noise"] = (2.8, 3.2)
    fitting: Annotated[float, "share of the matrices that must be so"] = 0.9
    independent: Annotated[
        float,
        "standard errors within which noise is independent of the side that it was added to",
    ] = 4.0
    dependent: Annotated[float, "standard errors beyond which it leans on the other side"] = 8.0
    small: Annotated[
        float,
        "noise that leans on both sides, as that of two noisy copies does, is named up to this level",
    ] = 0.2


class _Pruned(Struct, frozen=True):
    """When weights are called pruned."""

    fewest_zeros: Annotated[
        float,
        "share of a matrix that must have become zero; rounding to few values makes zeros too, of the small elements",
    ] = 0.05
    others_zeros: Annotated[float, "share of the other side that may be zero"] = 0.005
    fitting: Annotated[float, "share of the matrices that must be so, and of the groups that keep to a pattern"] = 0.95
    distinct: Annotated[
        float,
        "share of so many neighbours, zeros apart, that differ from each other unless they were rounded to few values",
    ] = 0.7
    kept_rounding: Annotated[
        float,
        "times its rounding by which a kept element may differ from the other side's where nothing else was done",
    ] = 1.2


class _LowRank(Struct, frozen=True):
    """When a difference is called a merged LoRA."""

    cliff: Annotated[
        float,
        "ratio of the last singular value of the rank to the next one (or to the rounding edge)",
    ] = 5.0
    same_rank: Annotated[float, "share of the matrices that must have one rank"] = 0.8
    largest_share: Annotated[float, "largest rank as a share of the smaller side of most matrices"] = 0.25
    largest_share_of_any: Annotated[
        float,
        "the same of any one of them: with shared keys and values some are narrow",
    ] = 0.6
    held: Annotated[
        float,
        "share of the delta that the side which it was added to may hold: parents gave -.02 to .024, an adapter of "
        "rank 4 beside another of rank 16 and the same base .12",
    ] = 0.08
    errors: Annotated[float, "standard errors of that share, under a random delta, which count on top"] = 2.0


class _Truncated(Struct, frozen=True):
    """When matrices are called cut to a lower rank."""

    lower: Annotated[
        float,
        "rank of the one side over the other's from which on nothing was cut: a projected direction takes one",
    ] = 0.9
    left: Annotated[
        float,
        "share of its size by which a cut matrix may miss what the projection of the fuller one gives",
    ] = 0.01
    fitting: Annotated[float, "share of the matrices that differ which must be so cut"] = 0.9


class _Ablated(Struct, frozen=True):
    """When a direction is called ablated."""

    rank_one: Annotated[float, "share of a delta's squared size in its first singular value"] = 0.9
    same_direction: Annotated[float, "cosine from which the directions of two matrices are one"] = 0.95
    written_left: Annotated[
        float,
        "share of A's size along r that B may keep, and of what A writes along any direction",
    ] = 0.2
    part_of_a: Annotated[
        float,
        "where rows are a sample: inner product of what was taken with A, over its squared size, which is one of a "
        "projection and zero of a direction that was added; 32 of 4,096 rows of four matrices show it to within .1",
    ] = 0.5


class _Edited(Struct, frozen=True):
    """When single matrices are called edited."""

    most: Annotated[int, "matrices that may have been edited; a training moves whole roles or layers"] = 8
    largest_share: Annotated[float, "the same as a share of all"] = 0.1
    stands_out: Annotated[
        float,
        "times the largest relative delta of the role's other matrices from which one was edited beside a "
        "training. Trainings differ by 2.2 at most between the layers of a role",
    ] = 3.0
    fewest_others: Annotated[int, "other matrices of the role that there must be for that"] = 3


class _Interpolated(Struct, frozen=True):
    """When weights are called blended with another model's."""

    largest_share: Annotated[float, "largest share of a parent that a blend may have kept"] = 0.96
    one_share: Annotated[
        float,
        "spread (standard deviation) of the shares over the matrices up to which they are one. Trainings of one "
        "initialisation spread by .1 and more; a blend toward a stranger by .01 at widths of a hundred",
    ] = 0.02
    dependent: Annotated[
        float,
        "correlation of squares from which on the rest was made of the side itself: clipped, rounded, cut",
    ] = 0.2
    near_half: Annotated[
        float,
        "distance from a half within which a blend has its parent at right angles too, as a long training would",
    ] = 0.05
    fewest: Annotated[int, "matrices that must be so"] = 4
    others_size: Annotated[
        tuple[float, float],
        "size of what was blended in over that of A's matrix, in the median: a model of its kind has about the same",
    ] = (0.5, 2.0)


class _Rescaled(Struct, frozen=True):
    """When tensors are called rescaled."""

    left: Annotated[
        float,
        "share of a tensor's squared difference that scales may leave; of what training adds they explain next to none",
    ] = 0.01
    rounding: Annotated[
        float,
        "what they may leave in any case, over the size of the tensor: the rounding of the coarsest float",
    ] = 2.0**-8
    one_constant: Annotated[
        float,
        "spread of the rows' scales, relative to their mean, up to which they are one constant",
    ] = 1e-3


class _StreamShifted(Struct, frozen=True):
    """When the residual stream is called shifted along one direction."""

    all_of_it: Annotated[
        float,
        "share of a delta's squared size in its first direction, and |cosine| of the directions of two matrices",
    ] = 0.99
    fewest: Annotated[int, "matrices that must be so"] = 2


class _Trained(Struct, frozen=True):
    """When a difference is called training, and which."""

    fine_tune_delta: Annotated[
        float,
        "relative delta up to which training is called a fine-tune; beyond it, continued pretraining. Set between "
        "heavy fine-tunes (.31 at most) and pretraining continued for as long (.48 at least) of one set of models",
    ] = 0.4
    concentrated: Annotated[
        float,
        "largest singular value of a delta over that of a random matrix of its size, in the median of the "
        "matrices. Trainings gave 1.67 and more, up to twice the length of the base's included; noise and "
        "rounding 1.06 at most",
    ] = 1.35


class _Composed(Struct, frozen=True):
    """When a model is called the sum of a base and an adapter."""

    equal_share: Annotated[
        float,
        "share of a coarse tensor's elements that rounding leaves equal when sums are taken in another order",
    ] = 0.99
    equal_share_across_types: Annotated[
        float,
        "the same where the two sides have different types: what was rounded to one and then to the other is off "
        "by one unit in about one of sixteen elements (float16, then bfloat16)",
    ] = 0.9
    fine_delta: Annotated[
        float,
        "relative size of the difference that single precision may leave: eight units of its last place, together",
    ] = 2.0**-21


class _DeltaCheckpoint(Struct, frozen=True):
    """When a file is called a delta from another one."""

    gains_left: Annotated[
        float,
        "largest size of a delta's norm gains over the model's; those of two models are of one size",
    ] = 0.1
    matrices_left: Annotated[float, "largest size of a delta's matrices over the model's"] = 0.5


class _ReplacedLayers(Struct, frozen=True):
    """When layers are called replaced."""

    foreign: Annotated[float, "correlation below which a layer shares nothing with its counterpart"] = 0.1
    related: Annotated[float, "correlation that another layer must have for it"] = 0.3


class _LayerCoherence(Struct, frozen=True):
    """When layers are called cut from different models."""

    coherent: Annotated[
        float,
        "standard deviations from which layers were trained with the others of their model",
    ] = 4.0
    incoherent: Annotated[
        float,
        "standard deviations up to which they were not. Set on one half of the zoo: models cut from two gave -1.6 "
        "to .5 there, and their parents 2.9 to 7.7",
    ] = 2.0


class _MergedHeads(Struct, frozen=True):
    """When heads are called the means of several."""

    agree: Annotated[
        float,
        "median cosine of rows with the means' from which heads are means; of one head of n at random it is 1 / √n",
    ] = 0.7
    lead: Annotated[float, "by how much the means must agree better than the best single head of each group"] = 0.05


class _Requantized(Struct, frozen=True):
    """When inputs were scaled before a quantisation that is made again."""

    clearly: Annotated[
        float,
        "what is left of the mean distance where inputs were scaled; factors fitted to plain rounding leave .98",
    ] = 0.9
    well_shared: Annotated[
        float,
        "least share of a matrix's rows that a scale of the whole matrix may be made from",
    ] = 0.9


ROUNDED = _Rounded()
QUANTIZED = _Quantized()
STORED_SCHEME = _StoredScheme()
NOISE = _Noise()
PRUNED = _Pruned()
LOW_RANK = _LowRank()
TRUNCATED = _Truncated()
ABLATED = _Ablated()
EDITED = _Edited()
INTERPOLATED = _Interpolated()
RESCALED = _Rescaled()
STREAM_SHIFTED = _StreamShifted()
TRAINED = _Trained()
COMPOSED = _Composed()
DELTA_CHECKPOINT = _DeltaCheckpoint()
REPLACED_LAYERS = _ReplacedLayers()
LAYER_COHERENCE = _LayerCoherence()
MERGED_HEADS = _MergedHeads()
REQUANTIZED = _Requantized()
