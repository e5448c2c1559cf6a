"""A delta checkpoint on its base: weights that were published as the difference from a model, added to it again."""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from lineage_audit.checkpoint.checkpoint import Checkpoint
from lineage_audit.checkpoint.composed.base_modules import canonical
from lineage_audit.checkpoint.composed.on_base import Sum
from lineage_audit.checkpoint.composed.rows import columns, is_row_readable, moved, row_count
from lineage_audit.checkpoint.composed.source import Applied, ComposedSource
from lineage_audit.checkpoint.reading import RowRequest, is_readable
from lineage_audit.checkpoint.roles import NORM_ROLES
from lineage_audit.checkpoint.tensors import StoredTensor
from lineage_audit.errors import UnsupportedFormatError

_LARGEST_GAIN = 0.5
"""Root mean square of a delta's norm gains over the base's; those of a whole model are about as large as the base's."""

_NORMS = 8
_FEWEST_FITTING = 0.5


def apply_delta(base: Checkpoint, added: Checkpoint, source: ComposedSource, mark: str) -> Applied:  # noqa: ARG001
    """Add every tensor of the delta to the base's of the same name.

    Raises:
        UnsupportedFormatError: what is added is a whole model, or for another base.
    """
    ratio = _gain_ratio(base, added)
    if ratio is not None and ratio > _LARGEST_GAIN:
        raise UnsupportedFormatError(
            f"{added.ref}: holds a whole model, neither an adapter nor a delta; compare it by itself"
        )
    held = {tensor.name: tensor for tensor in base.container.tensors}
    names = {canonical(name): name for name in reversed(held)}
    left_out, touched = [], 0
    for tensor in added.container.tensors:
        name = names.get(canonical(tensor.name), tensor.name)
        before, change = held.get(name), moved(tensor, mark)
        if before is None:
            held[name] = change
        elif _fits(before, change):
            held[name] = replace(change, name=name, dtype=before.dtype, encoding=Sum(before, change))
            touched += 1
        else:
            left_out.append(name)
    if touched < _FEWEST_FITTING * len(added.container.tensors):
        raise UnsupportedFormatError(f"{added.ref}: most of its tensors do not fit {base.ref}; is it for another base?")
    caveats = [f"{added.ref} was added to the base number by number, as a delta checkpoint."]
    if left_out:
        caveats.append(f"{len(left_out):,} tensors of the delta do not fit the base ({left_out[0][:120]}).")
    return Applied(tuple(held.values()), tuple(caveats))


def _gain_ratio(base: Checkpoint, other: Checkpoint) -> float | None:
    """Size of another checkpoint's norm gains over the base's (root mean squares); None where they cannot be held."""
    pairs = [
        (ref, counterpart)
        for key, ref in base.by_key.items()
        if key.role in NORM_ROLES
        and key.beside is None
        and key.slot == "weight"
        and (counterpart := other.by_key.get(key)) is not None
        and counterpart.shape == ref.shape
        and is_readable(ref)
        and is_readable(counterpart)
    ]
    chosen = pairs[:: max(1, len(pairs) // _NORMS)]
    if not chosen:
        return None
    ours, theirs = (
        np.concatenate([values.ravel() for values in one.read([RowRequest(r, np.arange(r.shape[0])) for r in refs])])
        for one, refs in ((base, [a for a, _ in chosen]), (other, [b for _, b in chosen]))
    )
    with np.errstate(all="ignore"):
        size = float(np.sqrt(np.mean(np.square(ours, dtype=np.float64))))
        ratio = float(np.sqrt(np.mean(np.square(theirs, dtype=np.float64)))) / size if size > 0 else np.nan
    return ratio if np.isfinite(ratio) else None


def _fits(base: StoredTensor, added: StoredTensor) -> bool:
    """The same columns, and at least the base's rows (a vocabulary may have grown)."""
    if not is_row_readable(base) or not is_row_readable(added) or len(base.shape) != len(added.shape):
        return False
    same_columns = base.shape[1:] == added.shape[1:] and columns(base) == columns(added)
    return same_columns and row_count(base) <= row_count(added)
