"""From stored tensors to tensor references: every name gets its place in the architecture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from lineage_audit.checkpoint.config.fields import ArchConfig
from lineage_audit.checkpoint.names.context import Context, NamedTensor, apply_readings, read_context
from lineage_audit.checkpoint.names.experts import is_stack, unrolled
from lineage_audit.checkpoint.names.fused import UNSPLIT, slices
from lineage_audit.checkpoint.names.fusions import Fusion
from lineage_audit.checkpoint.names.geometry import read_geometry
from lineage_audit.checkpoint.names.gguf_names import look_up_gguf
from lineage_audit.checkpoint.names.inference import infer
from lineage_audit.checkpoint.names.patterns import numbered
from lineage_audit.checkpoint.names.references import REPEATABLE, has_rank_of_role, reference, unmapped
from lineage_audit.checkpoint.names.shards import joined
from lineage_audit.checkpoint.names.table import Entry, look_up
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import StoredTensor, TensorKey, TensorRef

References = tuple[TensorRef, ...]


def map_names(tensors: Sequence[StoredTensor], config: ArchConfig) -> tuple[TensorRef, ...]:
    """Return what each stored tensor means.

    Args:
        tensors: every tensor of the checkpoint; slices of a tensor-parallel checkpoint share their name.
        config: the architecture, for head counts; without it fused tensors stay whole.

    Returns:
        References in the order of the tensors, at least one each. What nobody can place has ``Role.OTHER``.
        Keys are unique but for the roles in ``REPEATABLE``: of two claimants the first keeps the place.
    """
    named = _named(tensors)
    context = read_context(named, read_geometry(config))
    groups = [_references(tensor, context) for tensor in named]
    placed = _without_collisions(_with_shards_joined(named, groups, context))
    return tuple(ref for group in infer(placed, context.geometry) for ref in group)


def _named(tensors: Iterable[StoredTensor]) -> list[NamedTensor]:
    """Take names apart and look each pattern up once, then settle what depends on the other names."""
    entries: dict[str, Entry | None] = {}
    numbers = [(stored, numbered(stored.name)) for stored in tensors]
    for _, name in numbers:
        if name.pattern not in entries:
            entries[name.pattern] = look_up(name.pattern) or look_up_gguf(name.pattern)
    readings = apply_readings(entry for entry in entries.values() if entry is not None)
    for pattern, entry in entries.items():
        if entry is not None and entry.stem in readings:
            entries[pattern] = replace(entry, meaning=readings[entry.stem])
    return [NamedTensor(stored, name, entries[name.pattern]) for stored, name in numbers]


def _references(tensor: NamedTensor, context: Context) -> References:
    """Return the references of one stored tensor."""
    entry = tensor.entry
    if entry is None:
        return (unmapped(tensor.stored, tensor.name),)
    if entry.in_layer and tensor.name.layer in context.token_layers:
        return (replace(unmapped(tensor.stored, tensor.name), role=Role.MULTI_TOKEN),)
    if isinstance(entry.meaning, Role):
        found = reference(tensor, entry.meaning, context.transposed(entry))
        return (found,) if has_rank_of_role(found) else (unmapped(tensor.stored, tensor.name),)
    if is_stack(entry.meaning):
        return _of_stack(tensor, entry.meaning, context)
    return _of_fused(tensor, entry, entry.meaning, context)


def _of_stack(tensor: NamedTensor, fusion: Fusion, context: Context) -> References:
    whole = unmapped(tensor.stored, tensor.name)
    if tensor.stored.strides is not None:
        return (whole,)
    slot = tensor.entry.slot if tensor.entry is not None else "weight"
    experts = (
        replace(whole, role=e.role, slot=slot, expert=e.expert, shape=e.shape, parts=(e.part,))
        for e in unrolled(tensor.stored, fusion, context.stacking)
    )
    found = tuple(ref for ref in experts if has_rank_of_role(ref))
    return found or (whole,)


def _of_fused(tensor: NamedTensor, entry: Entry, fusion: Fusion, context: Context) -> References:
    whole = reference(tensor, UNSPLIT.get(fusion, Role.OTHER), context.transposed(entry))
    if not has_rank_of_role(whole):
        return (unmapped(tensor.stored, tensor.name),)
    (part,) = whole.parts
    found = tuple(
        replace(
            whole,
            role=piece.role,
            shape=(piece.rows.count, *whole.shape[1:]),
            parts=(replace(part, rows=piece.rows),),
        )
        for piece in slices(fusion, whole.shape[0], context.geometry)
    )
    return found or (whole,)


def _with_shards_joined(
    named: Sequence[NamedTensor], groups: list[References], context: Context
) -> list[References]:
    """Join the references of tensors that share a name across files; the first one's place keeps them all."""
    positions: dict[str, list[int]] = {}
    for position, tensor in enumerate(named):
        positions.setdefault(tensor.stored.name, []).append(position)
    if len(positions) == len(named):
        return groups
    merged = list(groups)
    for shared in positions.values():
        files = {named[position].stored.file for position in shared}
        pieces = [groups[position] for position in shared]
        if len(shared) == 1 or len(files) < len(shared) or len({len(piece) for piece in pieces}) != 1:
            continue
        for position in shared[1:]:
            merged[position] = ()
        merged[shared[0]] = tuple(
            ref for same in zip(*pieces, strict=True) for ref in joined(same, context.geometry)
        )
    return merged


def _without_collisions(groups: list[References]) -> list[References]:
    """Unmap every tensor that claims a place already taken."""
    taken: set[TensorKey] = set()
    result: list[References] = []
    for group in groups:
        keys = [ref.key for ref in group if ref.role not in REPEATABLE]
        if len(set(keys)) < len(keys) or not taken.isdisjoint(keys):
            result.append(tuple(unmapped(stored) for stored in _stored(group)))
            continue
        taken.update(keys)
        result.append(group)
    return result


def _stored(group: References) -> tuple[StoredTensor, ...]:
    """Return the stored tensors behind a group of references, each once, in order."""
    return tuple(dict.fromkeys(part.stored for ref in group for part in ref.parts))
