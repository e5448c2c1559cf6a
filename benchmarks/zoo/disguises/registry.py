"""Every disguise of the zoo by name: the changes that it is made of and the operations that they are."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.zoo.disguises.channels import fold_norms, permute_channels, rotate_residual
from benchmarks.zoo.disguises.dialects import Dialect, fused, renamed, renamed_and_fused
from benchmarks.zoo.disguises.heads import permute_heads
from benchmarks.zoo.disguises.signs import flip_channels, flip_rotary_pairs, flip_units, flip_values
from benchmarks.zoo.disguises.units import permute_experts, permute_units, rescale_units
from benchmarks.zoo.families import Anatomy, Weights
from benchmarks.zoo.model import Model
from lineage_audit.results import OperationKind

if TYPE_CHECKING:
    import torch

    Step = Callable[[Weights, Anatomy, torch.Generator], Weights]


@dataclass(frozen=True, slots=True)
class Disguise:
    """A change of form alone.

    Attributes:
        steps: changes of the weights, in order.
        operations: what they are.
        dialect: another way to store the result, or None.
    """

    steps: tuple[Step, ...]
    operations: tuple[OperationKind, ...]
    dialect: Dialect | None = None


_ATTENTION: tuple[Step, ...] = (flip_values, flip_rotary_pairs, permute_heads)
_UNITS: tuple[Step, ...] = (permute_units, rescale_units, flip_units)
_UNIT_OPERATIONS: tuple[OperationKind, ...] = ("units-permuted", "units-rescaled", "signs-flipped", "heads-permuted")

DISGUISES: dict[str, Disguise] = {
    "units": Disguise((permute_units,), ("units-permuted",)),
    "rescaled": Disguise((permute_units, rescale_units), ("units-permuted", "units-rescaled")),
    "unit-signs": Disguise((flip_units,), ("signs-flipped",)),
    "attention-signs": Disguise((flip_values, flip_rotary_pairs), ("signs-flipped",)),
    "channel-signs": Disguise((flip_channels,), ("signs-flipped",)),
    "signs": Disguise((flip_units, flip_values, flip_rotary_pairs, flip_channels), ("signs-flipped",)),
    "heads": Disguise((permute_heads,), ("heads-permuted",)),
    "channels": Disguise((permute_channels,), ("channels-permuted",)),
    "experts": Disguise((permute_experts,), ()),
    "folded": Disguise((fold_norms,), ("norms-folded",)),
    "rotated": Disguise((fold_norms, rotate_residual), ("norms-folded", "residual-rotated")),
    "renamed": Disguise((), ("renamed-tensors",), renamed),
    "fused": Disguise((), ("fused-tensors",), fused),
    "hidden-permuted": Disguise(
        (*_UNITS, *_ATTENTION, permute_channels, flip_channels),
        (*_UNIT_OPERATIONS, "channels-permuted", "renamed-tensors", "fused-tensors"),
        renamed_and_fused,
    ),
    "hidden-rotated": Disguise(
        (*_UNITS, *_ATTENTION, fold_norms, rotate_residual),
        (*_UNIT_OPERATIONS, "norms-folded", "residual-rotated", "renamed-tensors", "fused-tensors"),
        renamed_and_fused,
    ),
    "hidden-plain": Disguise(
        (permute_units, *_ATTENTION, permute_channels),
        ("units-permuted", "signs-flipped", "heads-permuted", "channels-permuted", "renamed-tensors"),
        renamed,
    ),
}
"""Name -> disguise. The three called ``hidden-...`` are all that an architecture allows, together."""


def disguise(model: Model, name: str, seed: int) -> Model:
    """Apply a disguise by its name; its dialect, if it has one, is left to `in_dialect`."""
    import torch

    weights = model.weights
    for step in DISGUISES[name].steps:
        # A generator for each change: what it draws does not depend on the changes before it.
        generator = torch.Generator().manual_seed(seed ^ zlib.crc32(step.__name__.encode()))
        weights = step(weights, model.anatomy, generator)
    return model.with_weights(weights)


def in_dialect(model: Model, name: str) -> Model:
    """Store a disguised model as its disguise says."""
    dialect = DISGUISES[name].dialect
    return dialect(model) if dialect else model
