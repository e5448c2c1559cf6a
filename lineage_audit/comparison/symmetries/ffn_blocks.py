"""What a layer has units in: its dense FFN or its routed experts, its shared experts, and a mixer without a softmax.

FFNs are of one form, so whatever holds for the units of one (their order, signs and scales are free) holds for the
units of the others, and an expert of one model may come from the dense FFN of another. A mixer's channels are units of
its own: a row of gates, a row of values, a column of the output; what of them is free, ``mixers.py`` says.
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct

from lineage_audit.checkpoint.roles import MIXER_ROLES, Role


class FfnRoles(NamedTuple):
    """The roles of the matrices that units lie in."""

    gate: Role
    up: Role
    down: Role


OWN = FfnRoles(Role.GATE, Role.UP, Role.DOWN)
"""A layer's dense FFN, or one of its routed experts."""

SHARED = FfnRoles(Role.SHARED_GATE, Role.SHARED_UP, Role.SHARED_DOWN)
"""The experts that every token visits, which checkpoints store side by side as one wide FFN."""

_MIXER = FfnRoles(Role.MIXER_GATE, Role.MIXER_V, Role.MIXER_O)
"""The channels of a mixer without a softmax."""

FFN_ROLES = (OWN, SHARED)
BLOCK_ROLES = (*FFN_ROLES, _MIXER)

ROLES_BESIDE: dict[Role, FfnRoles] = {
    **dict.fromkeys(MIXER_ROLES, _MIXER),
    **{role: roles for roles in FFN_ROLES for role in roles},
}
"""Role of a matrix that has units on one side -> the roles of what its units lie in."""


class FfnBlock(Struct, frozen=True):
    """One FFN of a layer, or its mixer.

    Attributes:
        layer: its layer.
        expert: its number where there are several of its kind, else None.
        roles: the roles of its matrices.
    """

    layer: int
    expert: int | None
    roles: FfnRoles = OWN

    @property
    def is_dense(self) -> bool:
        """Whether it is the one FFN of a layer without experts."""
        return self.expert is None and self.roles == OWN

    @property
    def is_shared(self) -> bool:
        """Whether it is a shared expert."""
        return self.roles == SHARED

    @property
    def is_mixer(self) -> bool:
        """Whether it is a mixer and no FFN."""
        return self.roles == _MIXER

    @property
    def rank(self) -> tuple[int, int, int]:
        """What blocks are sorted by: layer, then own, shared, mixer, then number."""
        return self.layer, BLOCK_ROLES.index(self.roles), -1 if self.expert is None else self.expert


def block_of(role: Role, layer: int | None, expert: int | None) -> FfnBlock | None:
    """The FFN or mixer that a matrix of this role belongs to; None for other roles and outside the layers."""
    roles = ROLES_BESIDE.get(role)
    return None if roles is None or layer is None else FfnBlock(layer, expert, roles)
