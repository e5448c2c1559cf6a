"""The modules of a base: the stored tensor that holds each, by name first, by place in the architecture otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from lineage_audit.checkpoint.checkpoint import Checkpoint
from lineage_audit.checkpoint.composed.on_base import fits
from lineage_audit.checkpoint.composed.rows import is_row_readable, row_count
from lineage_audit.checkpoint.names import map_names
from lineage_audit.checkpoint.names.table import candidates
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import IntArray, StoredTensor, TensorRef
from lineage_audit.errors import UnsupportedFormatError


def canonical(name: str) -> str:
    """A name without wrappers and without prefixes that only say where the model sits."""
    return list(candidates(name))[-1]


class Module(Protocol):
    """A module that an adapter updates: its name in the base, without a slot, and its shape ``[out, in]``."""

    @property
    def module(self) -> str: ...  # noqa: D102
    @property
    def shape(self) -> tuple[int, int]: ...  # noqa: D102


class BaseModules:
    """The base's stored tensors by module: by name first, by place in the architecture where names differ."""

    def __init__(self, base: Checkpoint) -> None:
        self.held = {tensor.name: tensor for tensor in base.container.tensors}
        if len(self.held) < len(base.container.tensors):
            raise UnsupportedFormatError(f"{base.ref}: is cut into tensor-parallel shards; convert it first")
        self._base = base
        self._names = {canonical(name): name for name in reversed(self.held)}
        self._places: Mapping[str, TensorRef] = {}

    def find_by_place(self, modules: Sequence[Module]) -> None:
        """Look modules that the base has under another name up by their place in the architecture."""
        strange = [pair for pair in modules if self.named(f"{pair.module}.weight") is None]
        if not strange:
            return
        named = [StoredTensor(f"{pair.module}.weight", "F32", pair.shape, "", 0, 0) for pair in strange]
        refs = {ref.name: ref for ref in map_names(named, self._base.config) if ref.role != Role.OTHER}
        by_key = self._base.by_key
        found = {name: by_key.get(ref.key) for name, ref in refs.items()}
        heads = {name for name, ref in refs.items() if ref.role is Role.LM_HEAD and found[name] is None}
        embedding = next((ref for ref in self._base.tensors if ref.role is Role.EMBED and ref.slot == "weight"), None)
        found |= dict.fromkeys(heads, embedding)  # an output matrix that is tied changes with the embedding
        self._places = {name.removesuffix(".weight"): ref for name, ref in found.items() if ref is not None}

    def named(self, name: str) -> str | None:
        """The name that the base has for a tensor, whatever prefixes stand before it."""
        return self._names.get(canonical(name))

    def width_of(self, module: str, outputs: int) -> int | None:
        """Inputs of a module with so many outputs, however its matrix is stored; None where the base has none such."""
        held = self.held.get(self.named(f"{module}.weight") or "")
        if held is None or len(held.shape) != 2 or outputs not in held.shape:
            return None
        return held.shape[1] if held.shape[0] == outputs else held.shape[0]

    def place(self, pair: Module) -> TensorRef | None:
        """Where a module stands that the base has under another name."""
        return self._places.get(pair.module)

    def stored(self, pair: Module) -> StoredTensor | None:
        """The stored tensor that holds a module's matrix, if there is one."""
        ref = self.place(pair)
        name = ref.parts[0].stored.name if ref is not None else self.named(f"{pair.module}.weight")
        return self.held.get(name) if name is not None else None

    def shape(self, pair: Module) -> tuple[int, ...]:
        """Shape of the base's matrix, ``[out, in]`` where that is known."""
        ref, held = self.place(pair), self.stored(pair)
        return ref.shape if ref is not None else held.shape if held is not None else ()

    def takes(self, pair: Module) -> bool:
        """Tell whether a module's update fits its matrix."""
        ref, held = self.place(pair), self.stored(pair)
        if held is None or not is_row_readable(held):
            return False
        if ref is None:
            return any(fits(held, pair.shape, is_transposed=is_transposed) for is_transposed in (False, True))
        part = ref.parts[0]
        if len(ref.parts) > 1 or ref.shape != pair.shape or held.shape != part.stored.shape:
            return False
        return not part.transposed or (
            part.index is None and len(held.shape) == 2 and part.rows.count == held.shape[-1]
        )


def rows_of_update(stored: StoredTensor, ref: TensorRef) -> IntArray:
    """For each row of a stored matrix (of a stack: all of its rows) the row of the update, or -1."""
    (part,) = ref.parts
    rows = np.full(row_count(stored), -1, dtype=np.int64)
    first = (part.index or 0) * stored.shape[-2]
    rows[first + part.rows.stored_rows(np.arange(part.rows.count))] = np.arange(part.rows.count)
    return rows
