"""An adapter on its base: for each module the stored tensor of the base that it changes.

A module is found by its name, whatever prefixes stand before it; in a base that goes by other names or fuses matrices
(GGUF, Meta's own, ``qkv_proj``), updates are placed by their place in the architecture.
"""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from lineage_audit.checkpoint.adapter import AdapterParts, AdapterSettings, OtherParts, read_parts
from lineage_audit.checkpoint.checkpoint import Checkpoint
from lineage_audit.checkpoint.composed.base_modules import BaseModules, rows_of_update
from lineage_audit.checkpoint.composed.mergeable import require_mergeable
from lineage_audit.checkpoint.composed.modules import ModuleFactors, ModuleUpdate, factors_of, updates_of
from lineage_audit.checkpoint.composed.on_base import ColumnsScaled, RowsReplaced, RowsScaled, Sum, fits
from lineage_audit.checkpoint.composed.rows import is_row_readable, moved, row_count
from lineage_audit.checkpoint.composed.source import Applied, ComposedSource
from lineage_audit.checkpoint.composed.updated import TransposedDora, Updated
from lineage_audit.checkpoint.tensors import IntArray, StoredTensor
from lineage_audit.errors import UnsupportedFormatError

_LARGEST_SCALING = 1e6


def apply_adapter(base: Checkpoint, added: Checkpoint, source: ComposedSource, mark: str) -> Applied:
    """Put every module of the adapter on the base.

    Raises:
        UnsupportedFormatError: the adapter is not of a kind that changes its base's weights, or none of it fits.
    """
    parts = read_parts(added.container.tensors)
    settings = require_mergeable(added, parts)
    parts = _moved_parts(parts, mark)
    composition = _Composition(base, settings, source)
    for name, tensor in parts.saved.items():
        composition.replace(name, tensor)
    composition.update(parts)
    if not composition.touched:
        raise UnsupportedFormatError(f"{added.ref}: no module of the adapter fits {base.ref}; is it for another base?")
    return Applied(composition.tensors, composition.caveats(parts))


def _moved_parts(parts: AdapterParts, mark: str) -> AdapterParts:
    """The parts with a mark before the names of their files."""
    other = OtherParts(
        {
            module: {part: moved(tensor, mark) for part, tensor in held.items()}
            for module, held in parts.other.modules.items()
        },
        {part: moved(tensor, mark) for part, tensor in parts.other.shared.items()},
    )
    return AdapterParts(
        tuple(moved(pair, mark) for pair in parts.pairs),
        {name: moved(tensor, mark) for name, tensor in parts.saved.items()},
        parts.unknown,
        other,
        {module: moved(tensor, mark) for module, tensor in parts.tokens.items()},
    )


class _Composition:
    """The base's stored tensors while an adapter is put on them."""

    def __init__(self, base: Checkpoint, settings: AdapterSettings, source: ComposedSource) -> None:
        self._modules = BaseModules(base)
        self._settings = settings
        self._source = source
        self._left_out: list[str] = []
        self.touched = 0

    @property
    def tensors(self) -> tuple[StoredTensor, ...]:
        """The composed model's stored tensors, in the base's order."""
        return tuple(self._modules.held.values())

    def caveats(self, parts: AdapterParts) -> tuple[str, ...]:
        """What of the adapter could not be put on the base."""
        left = [*self._left_out, *(tensor.name for tensor in parts.unknown)]
        if not left:
            return ()
        return (f"{len(left):,} parts of the adapter were not put on the base ({left[0][:120]}).",)

    def replace(self, name: str, tensor: StoredTensor) -> None:
        """Put a tensor that was trained whole in the place of the base's."""
        held = self._modules.named(name) or name
        before = self._modules.held.get(held)
        if before is not None and (len(before.shape) != len(tensor.shape) or before.shape[1:] != tensor.shape[1:]):
            self._left_out.append(name)
            return
        self._modules.held[held] = replace(tensor, name=held)
        self.touched += 1

    def update(self, parts: AdapterParts) -> None:
        """Put every module's update on its matrix, and multiply what has factors."""
        updates, strange = updates_of(parts, self._settings, self._modules.width_of)
        factors, no_vectors = factors_of(parts, self._settings)
        self._left_out += [*strange, *no_vectors]
        self._modules.find_by_place(updates)
        for one in updates:
            self._add(one)
        for multiplied in factors:
            self._multiply(multiplied)
        for module, rows in parts.tokens.items():
            self._replace_tokens(module, rows)

    def _add(self, update: ModuleUpdate) -> None:
        scaling, updated = update.scaling, None
        if scaling is not None and scaling <= _LARGEST_SCALING and _is_readable(update) and self._modules.takes(update):
            updated = self._updated(update, scaling)
        if updated is None or scaling is None:
            self._left_out.append(update.module)
            return
        self._modules.held[updated.name] = updated
        self.touched += 1
        if update.bias is not None:
            self._add_to_bias(update.module, update.bias, scaling)

    def _updated(self, update: ModuleUpdate, scaling: float) -> StoredTensor | None:
        """The base's matrix with the update on it, as it stands or transposed."""
        held, ref = self._modules.stored(update), self._modules.place(update)
        if held is None:
            return None
        if ref is not None:
            is_transposed, rows = (
                ref.parts[0].transposed,
                None if ref.parts[0].transposed else rows_of_update(held, ref),
            )
        else:
            is_transposed, rows = update.is_embedding or self._settings.fan_in_fan_out, None
            is_transposed = (
                is_transposed if fits(held, update.shape, is_transposed=is_transposed) else not is_transposed
            )
        if not is_transposed:
            return replace(held, encoding=Updated(held, update.update, scaling, update.magnitude, rows))
        transposed = update.update.transposed()
        if update.magnitude is None:
            return replace(held, encoding=Updated(held, transposed, scaling))
        return replace(held, encoding=TransposedDora(held, transposed, scaling, update.magnitude, self._source))

    def _add_to_bias(self, module: str, bias: StoredTensor, scaling: float) -> None:
        held = self._modules.held.get(self._modules.named(f"{module}.bias") or "")
        if held is None or held.shape != bias.shape or not is_row_readable(held) or not is_row_readable(bias):
            self._left_out.append(bias.name)
            return
        self._modules.held[held.name] = replace(held, encoding=Sum(held, bias, scaling))

    def _replace_tokens(self, module: str, trained: StoredTensor) -> None:
        """Put rows that were trained singly in the place of the base's."""
        held = self._modules.held.get(self._modules.named(f"{module}.weight") or "")
        tokens = np.array(self._settings.tokens_of(module), dtype=np.int64)
        if held is None or not _are_rows_of(held, trained, tokens):
            self._left_out.append(trained.name)
            return
        order = np.argsort(tokens)
        self._modules.held[held.name] = replace(held, encoding=RowsReplaced(held, trained, tokens[order], order))
        self.touched += 1

    def _multiply(self, multiplied: ModuleFactors) -> None:
        """Multiply inputs or outputs of a module: columns or rows of its matrix, as that is stored; and its bias."""
        held = self._modules.held.get(self._modules.named(f"{multiplied.module}.weight") or "")
        if held is None or len(held.shape) != 2 or not is_row_readable(held):
            self._left_out.append(multiplied.module)
            return
        axis = 1 if multiplied.of_inputs != self._settings.fan_in_fan_out else 0
        count = multiplied.factors.size
        if held.shape[axis] != count:
            axis = 1 - axis
        if held.shape[axis] != count:
            self._left_out.append(multiplied.module)
            return
        scaled = (RowsScaled, ColumnsScaled)[axis]
        self._modules.held[held.name] = replace(held, encoding=scaled(held, multiplied.factors))
        self.touched += 1
        if not multiplied.of_inputs:
            self._multiply_bias(multiplied)

    def _multiply_bias(self, multiplied: ModuleFactors) -> None:
        held = self._modules.held.get(self._modules.named(f"{multiplied.module}.bias") or "")
        if held is None:
            return
        if not is_row_readable(held) or row_count(held) != multiplied.factors.size or len(held.shape) != 1:
            self._left_out.append(held.name)
            return
        self._modules.held[held.name] = replace(held, encoding=RowsScaled(held, multiplied.factors))


def _is_readable(update: ModuleUpdate) -> bool:
    vectors = [stored for stored in (update.magnitude, update.bias) if stored is not None]
    return all(map(is_row_readable, vectors))


def _are_rows_of(held: StoredTensor, trained: StoredTensor, tokens: IntArray) -> bool:
    """Tell whether trained rows are those of some tokens of a matrix, each once."""
    if not is_row_readable(held) or not is_row_readable(trained) or len(held.shape) != 2 or not len(tokens):
        return False
    fit = trained.shape == (len(tokens), held.shape[1]) and int(tokens.max()) < held.shape[0]
    return fit and len(np.unique(tokens)) == len(tokens)
