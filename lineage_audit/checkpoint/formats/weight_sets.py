"""Which of a training checkpoint's dictionaries are weights: one set is read, and the others are named.

Training programs save the model beside its running average, a discriminator, an optimiser's moments. The moments are
no weights; of the sets one is chosen, by name or by custom, and none is passed over in silence.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping

from msgspec import Struct

from lineage_audit.checkpoint.dtypes import BITS
from lineage_audit.checkpoint.formats.torch_objects import UnreadableTensor, View
from lineage_audit.checkpoint.left_out import LeftOut
from lineage_audit.errors import UnresolvedReferenceError

WRAPPERS = ("model_state_dict", "state_dict", "model", "module", "net", "params", "ema")
"""Keys under which training programs put the weights, in the order in which one of several is taken."""

Weight = View | UnreadableTensor
NamedWeights = list[tuple[str, Weight]]
_Flatten = Callable[[dict[object, object]], NamedWeights]

_MOMENTS = re.compile(r".*optim.*|lr_schedulers?|scheduler|scaler|grad_scaler|rng_state.*", re.IGNORECASE)
_SMALL = 0.01
"""Share of the chosen set's elements below which what else is there is counters and statistics."""


class ChosenSet(Struct, frozen=True):
    """The set that is read, the name it goes by (None where the file is one set), and what was passed over."""

    weights: NamedWeights
    name: str | None
    left_out: tuple[LeftOut, ...]


def choose_set(content: dict[object, object], file: str, flatten: _Flatten, wanted: str | None) -> ChosenSet:
    """Choose the set that is asked for, else the first that goes by a usual name, else everything.

    Args:
        content: the saved dictionary.
        file: its file, for messages.
        flatten: gives the named tensors of a dictionary.
        wanted: the name of a set, or None.

    Raises:
        UnresolvedReferenceError: there is no set of the name that is asked for.
    """
    sets = {
        key: found
        for key, inner in content.items()
        if isinstance(key, str)
        and isinstance(inner, dict)
        and not _MOMENTS.fullmatch(key)
        and (found := flatten(inner))
    }
    name = wanted if wanted is not None else next((wrapper for wrapper in WRAPPERS if wrapper in sets), None)
    if wanted is not None and wanted not in sets:
        there = ", ".join(map(repr, sorted(sets)[:8])) or "none"
        raise UnresolvedReferenceError(f"{file}: holds no set of weights named {wanted!r}; there are: {there}")
    if name is None:
        return ChosenSet(flatten(content), None, ())
    return ChosenSet(sets[name], name, _passed_over(sets, name, file, is_asked=wanted is not None))


def _may_be_weights(key: str) -> bool:
    return _MOMENTS.fullmatch(key) is None


def _passed_over(sets: Mapping[str, NamedWeights], chosen: str, file: str, *, is_asked: bool) -> tuple[LeftOut, ...]:
    places = {name: _place(weight) for name, weight in sets[chosen]}
    size = _elements(sets[chosen])
    left = []
    for key, weights in sets.items():
        is_same = all(places.get(name) == _place(weight) for name, weight in weights)
        if key == chosen or is_same or _elements(weights) < _SMALL * size:
            continue
        shown = ascii(key)[:80]
        sentence = (
            f"Not read: another set of weights in {file}, {shown}, of {len(weights):,} tensors; {chosen!r} was read. "
            f"Give --weights {key[:80]} to read it."
        )
        left.append(LeftOut(sentence, settles=is_asked, bytes=_size(weights)))
    return tuple(left)


def _size(weights: NamedWeights) -> int | None:
    """Bytes of the elements; None where some have no plain ones."""
    if not all(isinstance(weight, View) and weight.dtype in BITS for _, weight in weights):
        return None
    return sum(math.prod(weight.shape) * BITS[weight.dtype] // 8 for _, weight in weights if isinstance(weight, View))


def _place(weight: Weight) -> object:
    return (weight.storage, weight.offset, weight.shape, weight.strides) if isinstance(weight, View) else weight


def _elements(weights: NamedWeights) -> int:
    return sum(math.prod(weight.shape) for _, weight in weights if isinstance(weight, View))
