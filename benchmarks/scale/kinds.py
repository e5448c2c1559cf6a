"""What there is to compare: every kind of model that a shape is served as, and what is true of a pair of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from benchmarks.scale.descent import Grafted, HeadsGrafted, Moved, PairsTurned, Restacked, Tuned, Upcycled
from benchmarks.scale.numbers import mixed
from benchmarks.scale.relabelling import EVERYTHING, ORDERS, Relabelled
from benchmarks.scale.rotation import Rotated, Written
from benchmarks.scale.shapes import SHAPES, Shape
from benchmarks.scale.slots import ATTENTION, FFN, VOCABULARY, Role
from benchmarks.scale.trained import Trained, Weights
from lineage_audit.results import OperationKind, Relation

FINE_TUNED, CONTINUED = 0.03, 0.5
"""How far a fine-tune and a continued pretraining move, against the size of the weights."""

_OTHER_VOCABULARY = {"llama-2": "llama-3", "mistral": "qwen-2.5", "yi": "llama-3", "llama-3": "qwen-2.5"}


@dataclass(frozen=True, slots=True)
class Kind:
    """A way to make a model.

    Attributes:
        make: the shape, a seed -> the model.
        right: the relations of it and the base that are right.
        operations: what was done, as far as the weights can show it.
        base: the kind of model that it was made from, or ``SHAPE/KIND`` where that has another shape.
        applies: whether there is such a model of a shape.
    """

    make: Callable[[Shape, int], Weights]
    right: frozenset[Relation]
    operations: tuple[OperationKind, ...] = ()
    base: str = "base"
    applies: Callable[[Shape], bool] = lambda shape: True  # noqa: ARG005


def _base(shape: Shape) -> Trained:
    return Trained(shape, mixed(1, shape.hidden, shape.layers))


def _stranger(shape: Shape, seed: int) -> Weights:
    return Trained(shape, mixed(2, seed, shape.hidden, shape.layers))


def _moved(size: float) -> Callable[[Shape, int], Weights]:
    return lambda shape, seed: Moved(_base(shape), seed, size)


def _tuned(size: float) -> Callable[[Shape, int], Weights]:
    return lambda shape, seed: Tuned(_base(shape), seed, size)


def _permuted(shape: Shape, seed: int) -> Weights:
    return Relabelled(_base(shape), shape, seed, ORDERS)


def _disguised(size: float) -> Callable[[Shape, int], Weights]:
    return lambda shape, seed: Moved(Relabelled(_base(shape), shape, seed, EVERYTHING), seed, size)


def _written(shape: Shape) -> Written:
    return Written(_base(shape))


def _rotated(size: float) -> Callable[[Shape, int], Weights]:
    return lambda shape, seed: Moved(Rotated(_written(shape)), seed, size)


def _rotated_relabelled(shape: Shape, seed: int) -> Weights:
    """Rotated, units and heads in another order and with other signs and scales, and trained on a little."""
    labels = EVERYTHING - {"channels"}
    return Moved(Relabelled(Rotated(_written(shape)), shape, seed, labels), seed, FINE_TUNED)


def _up_scaled(shape: Shape, seed: int) -> Weights:
    """As SOLAR: the first three quarters of the layers, then the last three quarters."""
    quarter = shape.layers // 4
    layers = (*range(shape.layers - quarter), *range(quarter, shape.layers))
    return Moved(Restacked(_base(shape), layers), seed, FINE_TUNED)


def _layers_dropped(shape: Shape, seed: int) -> Weights:
    """Every fourth layer left out, but for the first ones."""
    kept = tuple(layer for layer in range(shape.layers) if layer % 4 != 2 or layer < 4)
    return Moved(Restacked(_base(shape), kept), seed, FINE_TUNED)


def _width_cut(shape: Shape, seed: int) -> Weights:
    smaller = replace(shape, hidden=shape.hidden * 3 // 4, ffn=shape.ffn * 3 // 4 // 128 * 128)
    return Moved(Relabelled(_base(shape), smaller, seed, frozenset()), seed, FINE_TUNED)


def _upcycled(shape: Shape, seed: int) -> Weights:
    grown = replace(shape, family="mixtral", experts=8, expert_ffn=shape.ffn, shards=shape.shards * 5)
    fresh = Trained(grown, mixed(3, seed))
    return Moved(Upcycled(_base(shape), grown, fresh), seed, FINE_TUNED)


def _attention_copied(shape: Shape, seed: int) -> Weights:
    """Embeddings and attention under new labels; the FFNs are another model's."""
    copied = Grafted(_stranger(shape, seed), _base(shape), ATTENTION | VOCABULARY)
    return Moved(Relabelled(copied, shape, seed, EVERYTHING - {"units"}), seed, FINE_TUNED)


def _turned_pairs(shape: Shape, seed: int) -> Weights:
    """Every rotary pair turned on top of all other labels: no random sign is left to queries and keys."""
    return Moved(Relabelled(PairsTurned(_base(shape), seed), shape, seed, EVERYTHING), seed, FINE_TUNED)


def _part_copied(*roles: Role, layers: frozenset[int] | None = None) -> Callable[[Shape, int], Weights]:
    """Some roles under new labels; the rest is another model's."""

    def make(shape: Shape, seed: int) -> Weights:
        copied = Grafted(_stranger(shape, seed), _base(shape), frozenset(roles), layers)
        return Moved(Relabelled(copied, shape, seed, EVERYTHING), seed, FINE_TUNED)

    return make


def _half_the_heads(shape: Shape, seed: int) -> Weights:
    copied = HeadsGrafted(_stranger(shape, seed), _base(shape))
    return Moved(Relabelled(copied, shape, seed, EVERYTHING), seed, FINE_TUNED)


def _attention_alone(shape: Shape, seed: int) -> Weights:
    """Attention at its place; embeddings and FFNs are another model's."""
    return Moved(Grafted(_stranger(shape, seed), _base(shape), ATTENTION), seed, FINE_TUNED)


def _vocabulary_replaced(shape: Shape, seed: int) -> Weights:
    other = replace(shape, vocabulary=_OTHER_VOCABULARY[shape.vocabulary])
    own = Trained(other, mixed(4, seed))
    kept = frozenset(Role) - VOCABULARY
    return Moved(Grafted(own, _base(shape), kept), seed, 4 * FINE_TUNED)


def _vocabulary_disguised(shape: Shape, seed: int) -> Weights:
    """A vocabulary of another size, and everything under new labels: no token's embedding is left to go by."""
    other = replace(shape, vocabulary=_OTHER_VOCABULARY[shape.vocabulary])
    copied = Grafted(Trained(other, mixed(4, seed)), _base(shape), frozenset(Role) - VOCABULARY)
    return Moved(Relabelled(copied, other, seed, EVERYTHING), seed, FINE_TUNED)


def _cut_to(shape: Shape, seed: int) -> Weights:
    """Llama-2-70B's shape cut to this one in every dimension."""
    whole = _base(SHAPES["llama-2-70b"])
    step = whole.shape.layers / shape.layers
    kept = tuple(int(layer * step) for layer in range(shape.layers))
    shorter = Restacked(whole, kept)
    cut = replace(shape, vocabulary=whole.shape.vocabulary)
    return Moved(Relabelled(shorter, cut, seed, frozenset()), seed, FINE_TUNED)


def _is_dense(shape: Shape) -> bool:
    return shape.experts == 0


def _has_heads_of_its_own(shape: Shape) -> bool:
    return shape.latent is None


def _fits_llama(shape: Shape) -> bool:
    return shape.family == "llama"


_ORDERS: tuple[OperationKind, ...] = ("units-permuted", "heads-permuted", "channels-permuted")
_LABELS: tuple[OperationKind, ...] = (*_ORDERS, "signs-flipped", "units-rescaled")
_ROTATED: tuple[OperationKind, ...] = ("residual-rotated", "norms-folded")

_DERIVED: frozenset[Relation] = frozenset({"derived"})
_SAME: frozenset[Relation] = frozenset({"identical"})
_APART: frozenset[Relation] = frozenset({"independent"})
_PART: frozenset[Relation] = frozenset({"derived", "shared-origin"})
"""Where only a part passed from one to the other."""
_SMALL_PART: frozenset[Relation] = _PART | {"inconclusive"}
"""Where a part may be missed, and must not be denied."""
_TINY_PART: frozenset[Relation] = _SMALL_PART | _APART
"""Less than a tenth of the parameters under new labels, which a sample does not promise to see."""

KINDS: dict[str, Kind] = {
    "base": Kind(lambda shape, seed: _base(shape), _SAME),  # noqa: ARG005
    "independent": Kind(_stranger, _APART),
    "fine-tuned": Kind(_tuned(FINE_TUNED), _DERIVED, ("fine-tuned",)),
    "continued": Kind(_tuned(CONTINUED), _DERIVED, ("continued-pretrained",)),
    "noised-05": Kind(_moved(0.05), _DERIVED, ("noise-added",)),
    "noised-30": Kind(_moved(0.3), _DERIVED, ("noise-added",)),
    "permuted": Kind(_permuted, _DERIVED, _ORDERS),
    "disguised": Kind(_disguised(0.0), _DERIVED, _LABELS),
    "disguised-05": Kind(_disguised(0.05), _DERIVED, _LABELS),
    "disguised-30": Kind(_disguised(0.3), _DERIVED, _LABELS),
    "pairs-turned": Kind(_turned_pairs, _DERIVED, _LABELS, applies=_has_heads_of_its_own),
    "turned": Kind(lambda shape, seed: _written(shape), _SAME, base="turned"),  # noqa: ARG005
    "rotated": Kind(_rotated(0.0), _DERIVED, _ROTATED, base="turned"),
    "rotated-30": Kind(_rotated(0.3), _DERIVED, _ROTATED, base="turned"),
    "rotated-relabelled": Kind(
        *(_rotated_relabelled, _DERIVED, (*_ROTATED, "units-permuted", "heads-permuted", "signs-flipped")),
        base="turned",
        applies=_has_heads_of_its_own,
    ),
    "up-scaled": Kind(_up_scaled, _DERIVED, ("layers-duplicated",)),
    "layers-dropped": Kind(_layers_dropped, _DERIVED, ("layers-removed",)),
    "width-cut": Kind(_width_cut, _DERIVED, ("width-pruned",), applies=_is_dense),
    "upcycled": Kind(_upcycled, _DERIVED, ("experts-upcycled",), applies=_fits_llama),
    "vocabulary-replaced": Kind(
        *(_vocabulary_replaced, _DERIVED, ("vocabulary-replaced",)),
        applies=lambda shape: shape.vocabulary in _OTHER_VOCABULARY,
    ),
    "vocabulary-disguised": Kind(
        *(_vocabulary_disguised, _DERIVED, ("vocabulary-replaced", "channels-permuted", "units-permuted")),
        applies=lambda shape: shape.vocabulary in _OTHER_VOCABULARY,
    ),
    "cut-of-llama-2-70b": Kind(
        *(_cut_to, _DERIVED, ("width-pruned", "layers-removed")),
        base="llama-2-70b/base",
        applies=lambda shape: shape is SHAPES["yi-34b"],
    ),
    "attention-copied": Kind(_attention_copied, _PART),
    "attention-alone": Kind(_attention_alone, _PART),
    "ffns-copied": Kind(_part_copied(Role.EMBED, *FFN), _PART),
    "ffns-alone": Kind(_part_copied(*FFN), _PART),
    "half-the-heads": Kind(_half_the_heads, _SMALL_PART, applies=_has_heads_of_its_own),
    "one-layer": Kind(_part_copied(Role.EMBED, *(frozenset(Role) - VOCABULARY), layers=frozenset({10})), _TINY_PART),
    "embeddings-copied": Kind(_part_copied(*VOCABULARY), _SMALL_PART),
}
"""Every kind by its name."""


def model_named(shape_name: str, name: str) -> Weights | None:
    """The model that a repository's name stands for: a kind, or a kind and a number of its own."""
    kind, _, number = name.rpartition("-n")
    if not (kind in KINDS and number.isdigit()):
        kind, number = name, "0"
    shape = SHAPES.get(shape_name)
    if shape is None or kind not in KINDS or not KINDS[kind].applies(shape):
        return None
    return KINDS[kind].make(shape, int(number))
