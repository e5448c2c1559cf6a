"""Guess the role of tensors whose names no table knows, from their words and shapes.

A role is given only where words and shapes agree, or where a half of the layer has one tensor and one role
left; never where two names claim the same place. References made here are marked ``inferred``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from lineage_audit.checkpoint.names.geometry import Geometry
from lineage_audit.checkpoint.names.inference.elimination import by_elimination
from lineage_audit.checkpoint.names.inference.norms import norm_roles
from lineage_audit.checkpoint.names.inference.unknown import Guess, Unknown
from lineage_audit.checkpoint.names.inference.wording import hinted_roles, wording
from lineage_audit.checkpoint.names.inference.words import Place
from lineage_audit.checkpoint.names.patterns import numbered
from lineage_audit.checkpoint.names.references import has_rank_of_role
from lineage_audit.checkpoint.names.table import split_slot
from lineage_audit.checkpoint.role_table import LAYER_WRITERS
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import Part, Slot, TensorKey, TensorRef, contiguous

References = tuple[TensorRef, ...]
Roles = dict[str, Role]
"""Role by stem."""


class _Member(Struct, frozen=True):
    """An unmapped reference, where it stands, and its name's stem and slot."""

    position: int
    ref: TensorRef
    stem: str
    slot: Slot


def infer(groups: Sequence[References], geometry: Geometry) -> list[References]:
    """Return the references with the unmapped ones replaced by guesses where there is a sound one.

    Args:
        groups: references of each stored tensor, in order.
        geometry: sizes from the configuration.
    """
    result = list(groups)
    members = _unmapped(groups)
    if not members:
        return result
    known = [ref for group in groups for ref in group if ref.role is not Role.OTHER and ref.in_core]
    unknowns = _unknowns(members)
    width = geometry.hidden or _width(known, unknowns)
    if width is None:
        return result
    guess = _guess(unknowns, frozenset(ref.role for ref in known if ref.layer is not None), known, width)
    for position, ref in _placed(members, guess, {ref.key for ref in known}):
        result[position] = (ref,)
    return result


def _unmapped(groups: Sequence[References]) -> list[_Member]:
    members = []
    for position, group in enumerate(groups):
        if len(group) == 1 and group[0].in_core and _may_be_weights(group[0]):
            stem, slot = split_slot(numbered(group[0].name).pattern)
            members.append(_Member(position, group[0], stem, slot))
    return members


def _may_be_weights(ref: TensorRef) -> bool:
    """Tell whether an unmapped tensor holds floats; whole numbers are packed or counted, not weights."""
    is_float = ref.quantization is not None or not ref.dtype.startswith(("I", "U"))
    return ref.role is Role.OTHER and is_float and bool(ref.shape) and 0 not in ref.shape


def _unknowns(members: Iterable[_Member]) -> tuple[Unknown, ...]:
    """Return the weights' stems, each with its words and the shape that most of its tensors have."""
    shapes: dict[str, Counter[tuple[int, ...]]] = {}
    for member in members:
        if member.slot == "weight":
            shapes.setdefault(member.stem, Counter())[member.ref.shape] += 1
    return tuple(
        Unknown(stem, wording(stem), min(counts.items(), key=lambda item: (-item[1], item[0]))[0])
        for stem, counts in sorted(shapes.items())
    )


def _width(known: Iterable[TensorRef], unknowns: Iterable[Unknown]) -> int | None:
    """Return the number of residual channels: the length of most norms, or the commonest side of matrices."""
    norms = Counter(unknown.shape[0] for unknown in unknowns if unknown.words.is_norm and unknown.is_vector)
    sides = Counter(side for unknown in unknowns if unknown.is_matrix for side in unknown.shape)
    embedding = Counter(ref.shape[1] for ref in known if ref.role is Role.EMBED and len(ref.shape) == 2)
    for lengths in (embedding, norms, sides):
        if lengths:
            return min(lengths.items(), key=lambda item: (-item[1], item[0]))[0]
    return None


def _guess(unknowns: Sequence[Unknown], used: frozenset[Role], known: Sequence[TensorRef], width: int) -> Guess:
    """Give roles by words first, then to norms, then by elimination."""
    transposed = _transposed(unknowns, width)
    oriented = tuple(unknown.transposed() if transposed and unknown.in_layer else unknown for unknown in unknowns)
    matrices = [unknown for unknown in oriented if unknown.is_matrix]
    experts = any(unknown.words.in_expert for unknown in matrices)
    roles: Roles = {}
    for unknown in matrices:
        role = _role_by_words(unknown, width)
        if role is Role.GATE and experts and not unknown.words.in_expert and unknown.shape[0] < width:
            role = Role.ROUTER
        if role is not None:
            roles[unknown.stem] = role
    embedded = next((ref.shape[0] for ref in known if ref.role is Role.EMBED), None)
    roles |= by_elimination(matrices, roles, used, width, embedded)
    roles |= norm_roles([unknown for unknown in oriented if unknown.is_vector], width)
    return Guess(roles, transposed, width)


def _role_by_words(unknown: Unknown, width: int) -> Role | None:
    hinted = hinted_roles(unknown.words)
    if hinted == {Role.GATE, Role.UP}:
        role = Role.GATE_UP
    elif unknown.words.place is Place.OUTSIDE:
        order = (Role.POSITION_EMBED, Role.LM_HEAD, Role.EMBED)
        role = next((role for role in order if role in hinted), Role.OTHER)
    else:
        role = next(iter(hinted)) if len(hinted) == 1 else Role.OTHER
    return role if role is not Role.OTHER and _shape_agrees(role, unknown.shape, width) else None


def _shape_agrees(role: Role, shape: tuple[int, ...], width: int) -> bool:
    if role is Role.ROUTER:
        return shape[1] == width and shape[0] < width
    if role is Role.QKV:
        return shape[1] == width and shape[0] > width
    return shape[0 if role in LAYER_WRITERS else 1] == width


def _transposed(unknowns: Sequence[Unknown], width: int) -> bool:
    """Tell whether layers store ``[in, out]``: every matrix with a word of the FFN stands the wrong way."""
    votes = []
    for unknown in unknowns:
        roles = hinted_roles(unknown.words) if unknown.is_matrix and unknown.in_layer else frozenset()
        writes, reads = Role.DOWN in roles, bool(roles & {Role.GATE, Role.UP})
        if writes != reads and width in unknown.shape and unknown.shape[0] != unknown.shape[1]:
            votes.append((unknown.shape[0] == width) != writes)
    return bool(votes) and all(votes)


def _placed(members: Sequence[_Member], guess: Guess, taken: set[TensorKey]) -> Iterable[tuple[int, TensorRef]]:
    """Return the guessed references whose stems neither claim a taken place nor each other's."""
    claims: dict[TensorKey, int] = {}
    rows: dict[str, int] = {}
    drafts: dict[str, list[tuple[int, TensorRef]]] = {}
    for member in sorted(members, key=lambda member: member.slot == "bias"):
        draft = _draft(member, guess, rows)
        if draft is not None:
            claims[draft.key] = claims.get(draft.key, 0) + 1
            drafts.setdefault(member.stem, []).append((member.position, draft))
    sound = (
        stem_drafts
        for stem_drafts in drafts.values()
        if all(claims[ref.key] == 1 and ref.key not in taken for _, ref in stem_drafts)
    )
    return [placed for stem_drafts in sound for placed in stem_drafts]


def _draft(member: _Member, guess: Guess, rows: dict[str, int]) -> TensorRef | None:
    """Return a member as its stem's role; a bias only beside a weight with as many rows."""
    role = guess.roles.get(member.stem)
    if role is None:
        return None
    ref, place = member.ref, numbered(member.ref.name)
    layer = place.layer if "{L}" in member.stem else None
    expert = place.expert if "{E}" in member.stem else None
    ref = replace(ref, role=role, slot=member.slot, layer=layer, expert=expert, inferred=True)
    if member.slot == "bias":
        fits = len(ref.shape) == 1 and rows.get(member.stem) == ref.shape[0]
        return ref if fits else None
    transposed = guess.transposed and layer is not None and len(ref.shape) == 2
    if transposed:
        shape = ref.shape[::-1]
        ref = replace(ref, shape=shape, parts=(Part(ref.parts[0].stored, contiguous(shape[0]), None, True),))
    if not has_rank_of_role(ref) or (len(ref.shape) == 2 and not _shape_agrees(role, ref.shape, guess.width)):
        return None
    rows[member.stem] = ref.shape[0]
    return ref
