"""From stored tensors to tensor references: every name gets its place in the architecture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from lineage_audit.checkpoint.config.fields import ArchConfig
from lineage_audit.checkpoint.model_parts import ModelPart
from lineage_audit.checkpoint.names.context import Context, NamedTensor, apply_readings, read_context
from lineage_audit.checkpoint.names.experts import is_stack, unrolled
from lineage_audit.checkpoint.names.fused import UNSPLIT, slices
from lineage_audit.checkpoint.names.fusions import Fusion
from lineage_audit.checkpoint.names.gated_queries import split_gated_queries
from lineage_audit.checkpoint.names.geometry import read_geometry
from lineage_audit.checkpoint.names.gguf_heads import is_head_stack, of_heads, with_heads_in_order
from lineage_audit.checkpoint.names.gguf_names import look_up_gguf
from lineage_audit.checkpoint.names.inference import infer, split_guessed
from lineage_audit.checkpoint.names.mixer_inputs import split_mixer_inputs
from lineage_audit.checkpoint.names.mixing_layers import with_mixers
from lineage_audit.checkpoint.names.numbering import number_through, without_half
from lineage_audit.checkpoint.names.patterns import numbered
from lineage_audit.checkpoint.names.placement import Placement, place_all
from lineage_audit.checkpoint.names.references import REPEATABLE, has_rank_of_role, rank_fits, reference, unmapped
from lineage_audit.checkpoint.names.shards import concatenated, joined
from lineage_audit.checkpoint.names.table import Entry, entry_of_part, look_up, look_up_denoiser, look_up_tower
from lineage_audit.checkpoint.names.tables.affixes import UNNAMED, WHOLE_PARTS
from lineage_audit.checkpoint.names.unknown_prefixes import with_unknown_prefixes
from lineage_audit.checkpoint.roles import ANY_RANK, Role
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
    context = read_context(
        named, read_geometry(config), {part: read_geometry(one) for part, one in config.parts.items()}
    )
    groups = [_in_part(_references(tensor, context), tensor.part) for tensor in named]
    whole = _joined(named, with_mixers(groups, context.geometry), context)
    split = split_mixer_inputs(split_gated_queries(whole, context.geometry.head_dim), context.geometry)
    placed = _without_collisions(with_heads_in_order(split, context.geometry))
    guessed = split_guessed(infer(placed, context.geometry), context.geometry)
    return tuple(ref for group in guessed for ref in group)


def unknown_names(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names of a checkpoint that no table knows, where names are all there is: an index has no shapes."""
    stored = [StoredTensor(name, "F32", (), "", 0, 0) for name in names]
    return tuple(tensor.stored.name for tensor in _named(stored) if tensor.entry is None)


def _named(tensors: Iterable[StoredTensor]) -> list[NamedTensor]:
    """Take names apart and look each pattern up once, then settle what depends on the other names."""
    numbers = [(stored, numbered(stored.name)) for stored in tensors]
    places = place_all(dict.fromkeys(name.pattern for _, name in numbers))
    known = with_unknown_prefixes({pattern: _entry(pattern, place) for pattern, place in places.items()})
    entries = {pattern: entry or _last_resort(pattern, places[pattern]) for pattern, entry in known.items()}
    readings = apply_readings(entry for entry in entries.values() if entry is not None)
    for pattern, entry in entries.items():
        if entry is not None and entry.stem in readings:
            entries[pattern] = replace(entry, meaning=readings[entry.stem])
    return number_through(
        [NamedTensor(stored, name, entries[name.pattern], places[name.pattern].part) for stored, name in numbers]
    )


def _entry(pattern: str, place: Placement) -> Entry | None:
    """What the tables say of a pattern: as it stands, then as it reads inside its part."""
    role = WHOLE_PARTS.get(place.part)
    if role is not None:
        return look_up_tower(place.part, place.inside) or entry_of_part(role, pattern)
    if place.part is ModelPart.DENOISER:
        return look_up_denoiser(place.inside)
    name = without_half(pattern)
    return look_up(name) or look_up_gguf(name) or look_up(place.inside)


def _last_resort(pattern: str, place: Placement) -> Entry | None:
    """An encoder's or denoiser's tensor that no table knows is compared by name, as those of a tower are."""
    return entry_of_part(UNNAMED[place.part], pattern) if place.part in UNNAMED else None


def _in_part(group: References, part: ModelPart) -> References:
    """Say of references which part they belong to; what predicts further tokens is a part of its own."""
    return tuple(replace(ref, part=ModelPart.MULTI_TOKEN if ref.role is Role.MULTI_TOKEN else part) for ref in group)


def _references(tensor: NamedTensor, context: Context) -> References:
    """Return the references of one stored tensor."""
    entry = tensor.entry
    if entry is None:
        return (unmapped(tensor.stored, tensor.name),)
    if entry.in_layer and tensor.name.layer in context.token_layers:
        return (replace(unmapped(tensor.stored, tensor.name), role=Role.MULTI_TOKEN),)
    if isinstance(entry.meaning, Role):
        found = reference(tensor, entry.meaning, context.transposed(tensor))
        return (found,) if has_rank_of_role(found) else (_without_role(tensor),)
    if is_stack(entry.meaning):
        return _of_stack(tensor, entry.meaning, context)
    if is_head_stack(entry.meaning):
        bare = unmapped(tensor.stored, tensor.name)
        return (of_heads(bare, entry.meaning) or bare,)
    return _of_fused(tensor, entry.meaning, context)


def _without_role(tensor: NamedTensor) -> TensorRef:
    """A tensor whose shape its role cannot have; in a part that is compared by name it still has the part's role."""
    return _of_part(tensor.part, unmapped(tensor.stored, tensor.name))


def _of_part(part: ModelPart, ref: TensorRef) -> TensorRef:
    return replace(ref, role=WHOLE_PARTS.get(part, Role.OTHER), part=part)


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


def _of_fused(tensor: NamedTensor, fusion: Fusion, context: Context) -> References:
    whole = reference(tensor, UNSPLIT.get(fusion, Role.OTHER), context.transposed(tensor))
    if not rank_fits(Role.QKV, whole.slot, whole.shape):
        return (_without_role(tensor),)
    (part,) = whole.parts
    sizes = context.sizes_of(tensor, whole.shape)
    found = tuple(
        replace(
            whole,
            role=piece.role,
            shape=(piece.rows.count, *whole.shape[1:]),
            parts=(replace(part, rows=piece.rows),),
        )
        for piece in slices(fusion, whole.shape[0], sizes)
    )
    return found or (whole,)


def _joined(named: Sequence[NamedTensor], groups: list[References], context: Context) -> list[References]:
    """Join what several stored tensors hold of one role; the first one's place keeps them all."""
    places: dict[object, list[int]] = {}
    for position, tensor in enumerate(named):
        places.setdefault(_place(tensor), []).append(position)
    if len(places) == len(named):
        return groups
    result = list(groups)
    for positions in places.values():
        whole = _joined_at(positions, named, groups, context) if len(positions) > 1 else None
        if whole is not None:
            for position in positions:
                result[position] = ()
            result[positions[0]] = whole
    return result


def _place(tensor: NamedTensor) -> object:
    """Return what tensors that belong together share: their name, or all of it but the head's number."""
    if tensor.name.head is None:
        return tensor.stored.name
    return tensor.name.pattern, tensor.name.layer


def _joined_at(
    positions: list[int], named: Sequence[NamedTensor], groups: list[References], context: Context
) -> References | None:
    """Return the joined references of one place, or None where they do not belong together."""
    tensors = [named[position] for position in positions]
    pieces = [groups[position] for position in positions]
    heads = {tensor.name.head: piece for tensor, piece in zip(tensors, pieces, strict=True)}
    if None not in heads and len(heads) == len(pieces) == sum(map(len, pieces)):
        return concatenated([heads[head][0] for head in sorted(heads, key=lambda head: head or 0)])
    distinct_files = {tensor.stored.file for tensor in tensors}
    if len(distinct_files) < len(tensors) or len({len(piece) for piece in pieces}) != 1:
        return None
    return tuple(ref for same in zip(*pieces, strict=True) for ref in joined(same, context.geometry))


def _without_collisions(groups: list[References]) -> list[References]:
    """Unmap every tensor that claims a place already taken."""
    taken: set[TensorKey] = set()
    result: list[References] = []
    for group in groups:
        keys = [ref.key for ref in group if ref.role not in REPEATABLE]
        if len(set(keys)) < len(keys) or not taken.isdisjoint(keys):
            result.append(_displaced(group))
            continue
        taken.update(keys)
        result.append(group)
    return result


def _displaced(group: References) -> References:
    """The stored tensors behind a group without a place; a mixer may have more of a kind than the roles tell apart."""
    by_name = {**UNNAMED, **WHOLE_PARTS}.get(group[0].part, Role.OTHER)
    role = Role.MIXER_PART if group[0].role in ANY_RANK else by_name
    return tuple(replace(unmapped(stored), role=role, part=group[0].part) for stored in _stored(group))


def _stored(group: References) -> tuple[StoredTensor, ...]:
    """Return the stored tensors behind a group of references, each once, in order."""
    return tuple(dict.fromkeys(part.stored for ref in group for part in ref.parts))
