"""A LoRA adapter (rsLoRA and DoRA too) on its base: for each module the stored tensor of the base that it changes.

A module is found by its name, whatever prefixes stand before it; in a base that goes by other names or fuses matrices
(GGUF, Meta's own, ``qkv_proj``), by its place in the architecture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lineage_audit.checkpoint.adapter import AdapterParts, AdapterSettings, LowRankPair, read_parts
from lineage_audit.checkpoint.checkpoint import Checkpoint
from lineage_audit.checkpoint.composed.applied import Applied
from lineage_audit.checkpoint.composed.low_rank import LowRank, Sum, TurnedLowRank, fits, with_magnitude
from lineage_audit.checkpoint.composed.rows import is_row_readable, moved, read_vector, row_count
from lineage_audit.checkpoint.composed.source import ComposedSource
from lineage_audit.checkpoint.names import map_names
from lineage_audit.checkpoint.names.table import candidates
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import IntArray, StoredTensor, TensorRef
from lineage_audit.errors import UnsupportedFormatError

LARGEST_SCALING = 1e6


def apply_adapter(base: Checkpoint, added: Checkpoint, source: ComposedSource, mark: str) -> Applied:
    """Put every module of the adapter on the base.

    Raises:
        UnsupportedFormatError: the adapter is not of a kind that is a sum with its base, or none of it fits.
    """
    settings = _mergeable(added)
    parts = moved_parts(read_parts(added.container.tensors), mark)
    composition = _Composition(base, settings, source)
    for name, tensor in parts.saved.items():
        composition.replace(name, tensor)
    composition.update(parts.pairs)
    if not composition.touched:
        raise UnsupportedFormatError(f"{added.ref}: no module of the adapter fits {base.ref}; is it for another base?")
    return Applied(composition.tensors, composition.caveats(parts))


@dataclass(frozen=True, slots=True)
class Fit:
    """How an adapter's modules fit a base.

    Attributes:
        fitting: modules that can be put on the base.
        missing: modules that the base has not.
        mismatched: modules of another shape, in a few words each.
    """

    fitting: tuple[str, ...]
    missing: tuple[str, ...]
    mismatched: tuple[str, ...]

    @property
    def modules(self) -> int:
        """How many modules the adapter has."""
        return len(self.fitting) + len(self.missing) + len(self.mismatched)


def adapter_fit(base: Checkpoint, added: Checkpoint) -> Fit:
    """Hold the names and shapes of an adapter's modules against a base; no weight is read.

    Raises:
        UnsupportedFormatError: the base is cut into tensor-parallel shards.
    """
    parts = read_parts(added.container.tensors)
    modules = _Modules(base)
    modules.find_by_place(parts.pairs)
    fitting, missing, mismatched = [], [], []
    for pair in parts.pairs:
        held = modules.stored(pair)
        if held is None:
            missing.append(pair.module)
        elif modules.takes(pair):
            fitting.append(pair.module)
        else:
            mismatched.append(_difference(pair, modules.shape(pair)))
    return Fit(tuple(fitting), tuple(missing), tuple(mismatched))


def _difference(pair: LowRankPair, shape: tuple[int, ...]) -> str:
    """Why a module does not fit its counterpart."""
    if shape == pair.shape:
        return f"{pair.module} is stored in one tensor with others in the base"
    return f"{pair.module} is {' x '.join(map(str, shape))} in the base and {pair.shape[0]} x {pair.shape[1]} here"


def moved_parts(parts: AdapterParts, mark: str) -> AdapterParts:
    """The parts with a mark before the names of their files."""
    return AdapterParts(
        tuple(moved(pair, mark) for pair in parts.pairs),
        {name: moved(tensor, mark) for name, tensor in parts.saved.items()},
        parts.unknown,
    )


def _mergeable(added: Checkpoint) -> AdapterSettings:
    settings = added.container.adapter
    if settings is None or settings.kind == "unknown":
        raise UnsupportedFormatError(f"{added.ref}: has no adapter_config.json that says how strong the adapter is")
    if settings.kind != "lora":
        raise UnsupportedFormatError(f"{added.ref}: is a {settings.kind} adapter; only LoRA is put on a base")
    if settings.not_merged:
        raise UnsupportedFormatError(f"{added.ref}: cannot be merged into a base: {settings.not_merged}")
    return settings


def canonical(name: str) -> str:
    """A name without wrappers and without prefixes that only say where the model sits."""
    return list(candidates(name))[-1]


class _Modules:
    """The base's stored tensors by module: by name first, by place in the architecture where names differ."""

    def __init__(self, base: Checkpoint) -> None:
        self.held = {tensor.name: tensor for tensor in base.container.tensors}
        if len(self.held) < len(base.container.tensors):
            raise UnsupportedFormatError(f"{base.ref}: is cut into tensor-parallel shards; convert it first")
        self._base = base
        self._names = {canonical(name): name for name in reversed(self.held)}
        self._places: Mapping[str, TensorRef] = {}

    def find_by_place(self, pairs: Sequence[LowRankPair]) -> None:
        """Look modules that the base has under another name up by their place in the architecture."""
        strange = [pair for pair in pairs if self.named(f"{pair.module}.weight") is None]
        if not strange:
            return
        named = [replace(pair.a, name=f"{pair.module}.weight", shape=pair.shape, encoding=None) for pair in strange]
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

    def place(self, pair: LowRankPair) -> TensorRef | None:
        """Where a module stands that the base has under another name."""
        return self._places.get(pair.module)

    def stored(self, pair: LowRankPair) -> StoredTensor | None:
        """The stored tensor that holds a module's matrix, if there is one."""
        ref = self.place(pair)
        name = ref.parts[0].stored.name if ref is not None else self.named(f"{pair.module}.weight")
        return self.held.get(name) if name is not None else None

    def shape(self, pair: LowRankPair) -> tuple[int, ...]:
        """Shape of the base's matrix, ``[out, in]`` where that is known."""
        ref, held = self.place(pair), self.stored(pair)
        return ref.shape if ref is not None else held.shape if held is not None else ()

    def takes(self, pair: LowRankPair) -> bool:
        """Tell whether a module's update fits its matrix."""
        ref, held = self.place(pair), self.stored(pair)
        if held is None or not is_row_readable(held):
            return False
        if ref is None:
            return any(fits(held, pair.shape, is_turned=is_turned) for is_turned in (False, True))
        if len(ref.parts) > 1 or ref.shape != pair.shape:
            return False
        part = ref.parts[0]
        return not part.transposed or (
            part.index is None and len(held.shape) == 2 and part.rows.count == held.shape[-1]
        )


class _Composition:
    """The base's stored tensors while an adapter is put on them."""

    def __init__(self, base: Checkpoint, settings: AdapterSettings, source: ComposedSource) -> None:
        self._modules = _Modules(base)
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
        if before is not None and len(before.shape) != len(tensor.shape):
            self._left_out.append(name)
            return
        self._modules.held[held] = replace(tensor, name=held)
        self.touched += 1

    def update(self, pairs: Sequence[LowRankPair]) -> None:
        """Put every low-rank update on its matrix."""
        self._modules.find_by_place(pairs)
        for pair in pairs:
            scaling = self._settings.scaling(pair.module, pair.rank)
            updated = None
            if scaling is not None and scaling <= LARGEST_SCALING and _are_readable(pair) and self._modules.takes(pair):
                updated = self._updated(pair, scaling)
            if updated is None or scaling is None:
                self._left_out.append(pair.module)
                continue
            self._modules.held[updated.name] = updated
            self.touched += 1
            if pair.bias is not None:
                self._add_to_bias(pair.module, pair.bias, scaling)

    def _updated(self, pair: LowRankPair, scaling: float) -> StoredTensor | None:
        """The base's matrix with the update on it, as it stands or turned."""
        held, ref = self._modules.stored(pair), self._modules.place(pair)
        if held is None:
            return None
        if ref is not None:
            is_turned, rows = ref.parts[0].transposed, None if ref.parts[0].transposed else _rows_of_update(held, ref)
        else:
            is_turned, rows = pair.is_embedding or self._settings.fan_in_fan_out, None
            is_turned = is_turned if fits(held, pair.shape, is_turned=is_turned) else not is_turned
        if is_turned:
            return self._turned(held, pair, scaling)
        return replace(held, encoding=LowRank(held, pair.a, pair.b, scaling, pair.magnitude, rows))

    def _turned(self, held: StoredTensor, pair: LowRankPair, scaling: float) -> StoredTensor | None:
        update = TurnedLowRank(held, pair.a, pair.b, scaling)
        if pair.a.encoding is not None:
            return None
        if pair.magnitude is not None:
            if not self._source.is_local:
                return None  # a whole matrix would have to be fetched to open the model
            update = with_magnitude(self._source, update, read_vector(self._source, pair.magnitude))
        return replace(held, encoding=update)

    def _add_to_bias(self, module: str, bias: StoredTensor, scaling: float) -> None:
        held = self._modules.held.get(self._modules.named(f"{module}.bias") or "")
        if held is None or held.shape != bias.shape or not is_row_readable(held) or not is_row_readable(bias):
            self._left_out.append(bias.name)
            return
        self._modules.held[held.name] = replace(held, encoding=Sum(held, bias, scaling))


def _are_readable(pair: LowRankPair) -> bool:
    vectors = [stored for stored in (pair.magnitude, pair.bias) if stored is not None]
    return all(map(is_row_readable, (pair.a, pair.b, *vectors)))


def _rows_of_update(stored: StoredTensor, ref: TensorRef) -> IntArray:
    """For each row of a stored matrix (of a stack: all of its rows) the row of the update, or -1."""
    (part,) = ref.parts
    rows = np.full(row_count(stored), -1, dtype=np.int64)
    first = (part.index or 0) * stored.shape[-2]
    rows[first + part.rows.stored_rows(np.arange(part.rows.count))] = np.arange(part.rows.count)
    return rows
