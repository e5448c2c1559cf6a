"""A LoRA adapter (rsLoRA and DoRA too) on its base: for each module the stored tensor of the base that it changes.

A module is found by its name, whatever prefixes stand before it; in a base that goes by other names or fuses matrices
(GGUF, Meta's own, ``qkv_proj``), by its place in the architecture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lineage_audit.checkpoint.adapter import AdapterParts, AdapterSettings, LowRankPair, read_parts
from lineage_audit.checkpoint.checkpoint import Checkpoint
from lineage_audit.checkpoint.composed.applied import Applied
from lineage_audit.checkpoint.composed.base_modules import BaseModules, rows_of_update
from lineage_audit.checkpoint.composed.low_rank import LowRank, Sum, TurnedLowRank, fits, with_magnitude
from lineage_audit.checkpoint.composed.rows import is_row_readable, moved, read_vector
from lineage_audit.checkpoint.composed.source import ComposedSource
from lineage_audit.checkpoint.tensors import StoredTensor
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
            is_turned, rows = ref.parts[0].transposed, None if ref.parts[0].transposed else rows_of_update(held, ref)
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
