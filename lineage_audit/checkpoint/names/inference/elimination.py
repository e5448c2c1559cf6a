"""Roles for the matrices that words did not settle: one tensor left, one role left, a shape that fits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from lineage_audit.checkpoint.names.inference.unknown import Unknown
from lineage_audit.checkpoint.names.inference.words import Place
from lineage_audit.checkpoint.roles import Role

Roles = dict[str, Role]


def by_elimination(
    matrices: Sequence[Unknown],
    roles: Mapping[str, Role],
    used: frozenset[Role],
    width: int,
    embedded: int | None,
) -> Roles:
    """Return further roles by stem.

    Args:
        matrices: every matrix of unknown name.
        roles: what words gave already.
        used: roles that known names of the layers have.
        width: residual channels.
        embedded: rows of the embedding, if a known name has it.
    """
    left = [matrix for matrix in matrices if matrix.stem not in roles]
    taken = used | {roles[matrix.stem] for matrix in matrices if matrix.stem in roles and matrix.in_layer}
    has_ffn = any(matrix.words.place is Place.FFN for matrix in matrices)
    ffn = _in(left, Place.FFN) if has_ffn else _in(left, Place.LAYER)
    return (
        _attention(_in(left, Place.ATTENTION), taken, width)
        | _routers(matrices, ffn, taken, width)
        | _ffn([matrix for matrix in ffn if not matrix.words.in_expert], roles, matrices, used, width)
        | _ffn([matrix for matrix in ffn if matrix.words.in_expert], roles, matrices, frozenset(), width)
        | _outside(matrices, _in(left, Place.OUTSIDE), roles, width, embedded)
    )


def _in(matrices: Iterable[Unknown], place: Place) -> list[Unknown]:
    return [matrix for matrix in matrices if matrix.words.place is place]


def _attention(left: Sequence[Unknown], taken: frozenset[Role], width: int) -> Roles:
    """Give the one free role to the one matrix left, or say which matrix is fused, or writes."""
    inputs = {Role.Q, Role.K, Role.V}
    tall = [matrix for matrix in left if matrix.shape[1] == width < matrix.shape[0]]
    if len(tall) == 1 and taken.isdisjoint(inputs | {Role.QKV}):
        others = [matrix for matrix in left if matrix is not tall[0]]
        return {tall[0].stem: Role.QKV} | _attention(others, taken | {Role.QKV}, width)
    free = ({Role.O} if Role.QKV in taken else inputs | {Role.O}) - taken
    if len(left) == 1 and len(free) == 1:
        (role,) = free
        return {left[0].stem: role} if left[0].shape[0 if role is Role.O else 1] == width else {}
    writers = [matrix for matrix in left if matrix.shape[0] == width != matrix.shape[1]]
    return {writers[0].stem: Role.O} if Role.O in free and len(writers) == 1 else {}


def _routers(matrices: Iterable[Unknown], left: Sequence[Unknown], taken: frozenset[Role], width: int) -> Roles:
    """Give the router's role to the only narrow matrix beside numbered experts."""
    if Role.ROUTER in taken or not any(matrix.words.in_expert for matrix in matrices):
        return {}
    narrow = [m for m in left if not m.words.in_expert and m.shape[1] == width and m.shape[0] < width]
    return {narrow[0].stem: Role.ROUTER} if len(narrow) == 1 else {}


def _ffn(
    left: Sequence[Unknown],
    roles: Mapping[str, Role],
    matrices: Sequence[Unknown],
    used: frozenset[Role],
    width: int,
) -> Roles:
    """Give ``[width, units]`` to down, ``[units, width]`` to up, or two of them by name to gate and up."""
    if not left:
        return {}
    experts = left[0].words.in_expert
    mine = [matrix for matrix in matrices if matrix.words.in_expert is experts and matrix.stem in roles]
    taken = used | {roles[matrix.stem] for matrix in mine}
    writers = [matrix for matrix in left if matrix.shape[0] == width < matrix.shape[1]]
    readers = [matrix for matrix in left if matrix.shape[1] == width < matrix.shape[0]]
    if experts:
        writers = [matrix for matrix in left if matrix.shape[0] == width != matrix.shape[1]]
        readers = [matrix for matrix in left if matrix.shape[1] == width != matrix.shape[0]]
    found: Roles = {}
    if len(writers) == 1 and Role.DOWN not in taken:
        found[writers[0].stem] = Role.DOWN
    free = [role for role in (Role.GATE, Role.UP) if role not in taken]
    if len(readers) == 2 and len(free) == 2:
        found |= {matrix.stem: role for matrix, role in zip(readers, free, strict=True)}
    elif len(readers) == 1 and free:
        found[readers[0].stem] = free[-1]
    return found


def _outside(
    matrices: Iterable[Unknown],
    left: Sequence[Unknown],
    roles: Mapping[str, Role],
    width: int,
    embedded: int | None,
) -> Roles:
    """Give the embedding's or the head's role to the one matrix left: it has the other's shape, or is alone."""
    rows = {roles[m.stem]: m.shape[0] for m in matrices if m.stem in roles and not m.in_layer}
    fitting = [matrix for matrix in left if matrix.shape[1] == width]
    if len(fitting) != 1:
        return {}
    (matrix,) = fitting
    tokens = embedded or rows.get(Role.EMBED)
    if tokens is None and Role.LM_HEAD in rows:
        return {matrix.stem: Role.EMBED} if matrix.shape[0] == rows[Role.LM_HEAD] else {}
    if tokens is not None and Role.LM_HEAD not in rows:
        return {matrix.stem: Role.LM_HEAD} if matrix.shape[0] == tokens else {}
    alone = tokens is None and not rows and matrix.shape[0] > width
    return {matrix.stem: Role.EMBED} if alone else {}
