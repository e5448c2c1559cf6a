"""The feed-forward blocks of a layer: its dense FFN or its routed experts, and its shared experts.

All of them are FFNs of one form, so whatever holds for the units of one (their order, signs and scales are free) holds
for the units of the others, and an expert of one model may come from the dense FFN of another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from lineage_audit.checkpoint.roles import Role


class FfnRoles(NamedTuple):
    """The roles of the matrices of one FFN."""

    gate: Role
    up: Role
    down: Role


OWN = FfnRoles(Role.GATE, Role.UP, Role.DOWN)
"""A layer's dense FFN, or one of its routed experts."""

SHARED = FfnRoles(Role.SHARED_GATE, Role.SHARED_UP, Role.SHARED_DOWN)
"""The experts that every token visits, which checkpoints store side by side as one wide FFN."""

FFN_ROLES = (OWN, SHARED)

ROLES_BESIDE: dict[Role, FfnRoles] = {role: roles for roles in FFN_ROLES for role in roles}
"""Role of an FFN matrix -> the roles of its whole FFN."""


@dataclass(frozen=True, slots=True)
class FfnBlock:
    """One FFN of a layer.

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
    def rank(self) -> tuple[int, bool, int]:
        """What blocks are sorted by: layer, then the shared ones last, then number."""
        return self.layer, self.is_shared, -1 if self.expert is None else self.expert


def block_of(role: Role, layer: int | None, expert: int | None) -> FfnBlock | None:
    """The FFN that a matrix of this role belongs to; None for other roles and outside the layers."""
    roles = ROLES_BESIDE.get(role)
    return None if roles is None or layer is None else FfnBlock(layer, expert, roles)
