"""What a role does: one table that everything else asks.

Which of a matrix's sides is the residual stream, what the other side counts, and which norm stands in front of it.
Roles without a row have no place of their own, or nothing is known of their axes.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from msgspec import Struct

from lineage_audit.checkpoint.roles import NORM_ROLES, Role


class Axis(Enum):
    """What the rows or columns of a matrix (or the entries of a vector) are."""

    RESIDUAL = "residual channels"
    TOKEN = "tokens"
    UNIT = "FFN units"
    EXPERT = "experts"
    QUERY = "query dimensions"
    KEY = "key or value dimensions"
    VALUE_OF_QUERY = "value dimensions, one set a query head"
    OTHER = "something that is not aligned"


class _Duty(Struct, frozen=True):
    """What a role's weight does.

    Attributes:
        rows: what its rows are; a bias runs over them.
        columns: what its columns are.
        normed_by: the norm that stands in front of it, or None.
    """

    rows: Axis
    columns: Axis
    normed_by: Role | None = None

    @property
    def axes(self) -> tuple[Axis, Axis]:
        """What rows and columns are."""
        return self.rows, self.columns


_READS_ATTENTION = _Duty(Axis.OTHER, Axis.RESIDUAL, Role.ATTN_NORM)
_ON_ROWS = _Duty(Axis.RESIDUAL, Axis.OTHER)
_INSIDE = _Duty(Axis.OTHER, Axis.OTHER)
_UNITS = _Duty(Axis.UNIT, Axis.RESIDUAL, Role.FFN_NORM)
_CHANNELS = _Duty(Axis.UNIT, Axis.RESIDUAL, Role.ATTN_NORM)

DUTIES: Mapping[Role, _Duty] = {
    Role.EMBED: _Duty(Axis.TOKEN, Axis.RESIDUAL),
    Role.LM_HEAD: _Duty(Axis.TOKEN, Axis.RESIDUAL, Role.FINAL_NORM),
    Role.POSITION_EMBED: _Duty(Axis.OTHER, Axis.RESIDUAL),
    Role.TOKEN_TYPE_EMBED: _Duty(Axis.OTHER, Axis.RESIDUAL),
    # Attention
    Role.Q: _Duty(Axis.QUERY, Axis.RESIDUAL, Role.ATTN_NORM),
    Role.K: _Duty(Axis.KEY, Axis.RESIDUAL, Role.ATTN_NORM),
    Role.V: _Duty(Axis.KEY, Axis.RESIDUAL, Role.ATTN_NORM),
    Role.O: _Duty(Axis.RESIDUAL, Axis.VALUE_OF_QUERY),
    Role.ATTN_GATE: _READS_ATTENTION,
    Role.Q_A: _READS_ATTENTION,
    Role.Q_B: _INSIDE,
    Role.KV_A: _READS_ATTENTION,
    Role.K_B: _INSIDE,
    Role.V_B: _INSIDE,
    Role.K_ROPE: _READS_ATTENTION,
    Role.O_A: _INSIDE,
    Role.O_B: _ON_ROWS,
    # Attention to another stack, whose stream the keys and values read
    Role.CROSS_Q: _Duty(Axis.OTHER, Axis.RESIDUAL, Role.CROSS_NORM),
    Role.CROSS_K: _INSIDE,
    Role.CROSS_V: _INSIDE,
    Role.CROSS_O: _ON_ROWS,
    # Mixers without a softmax
    Role.MIXER_IN: _READS_ATTENTION,
    Role.MIXER_QKV: _READS_ATTENTION,
    Role.MIXER_Q: _READS_ATTENTION,
    Role.MIXER_K: _READS_ATTENTION,
    Role.MIXER_V: _CHANNELS,
    Role.MIXER_GATE: _CHANNELS,
    Role.MIXER_STATE: _READS_ATTENTION,
    Role.MIXER_O: _Duty(Axis.RESIDUAL, Axis.UNIT),
    Role.MIXER_CONV: _INSIDE,
    Role.MIXER_CONV_Q: _INSIDE,
    Role.MIXER_CONV_K: _INSIDE,
    Role.MIXER_CONV_V: _INSIDE,
    Role.MIXER_STEP_IN: _INSIDE,
    Role.MIXER_B: _INSIDE,
    Role.MIXER_C: _INSIDE,
    Role.MIXER_STEP: _READS_ATTENTION,
    Role.MIXER_BETA: _READS_ATTENTION,
    Role.MIXER_DECAY: _INSIDE,
    Role.MIXER_SKIP: _INSIDE,
    Role.MIXER_NORM: _INSIDE,
    # Feed-forward
    Role.GATE: _UNITS,
    Role.UP: _UNITS,
    Role.DOWN: _Duty(Axis.RESIDUAL, Axis.UNIT),
    Role.SHARED_GATE: _UNITS,
    Role.SHARED_UP: _UNITS,
    Role.SHARED_DOWN: _Duty(Axis.RESIDUAL, Axis.UNIT),
    Role.ROUTER: _Duty(Axis.EXPERT, Axis.RESIDUAL, Role.FFN_NORM),
    Role.SHARED_ROUTER: _Duty(Axis.OTHER, Axis.RESIDUAL, Role.FFN_NORM),
    # Gains of the stream's norms
    Role.EMBED_NORM: _ON_ROWS,
    Role.ATTN_NORM: _ON_ROWS,
    Role.POST_ATTN_NORM: _ON_ROWS,
    Role.CROSS_NORM: _ON_ROWS,
    Role.POST_CROSS_NORM: _ON_ROWS,
    Role.FFN_NORM: _ON_ROWS,
    Role.POST_FFN_NORM: _ON_ROWS,
    Role.FINAL_NORM: _ON_ROWS,
}
"""Role -> what it does."""

NORMED_BY: Mapping[Role, Role] = {role: duty.normed_by for role, duty in DUTIES.items() if duty.normed_by is not None}
"""Roles that read the residual stream through a norm -> the norm."""

READERS: frozenset[Role] = frozenset(
    role
    for role, duty in DUTIES.items()
    if duty.columns is Axis.RESIDUAL and (duty.normed_by is not None or duty.rows is Axis.TOKEN)
)
"""Roles whose columns are residual channels; tables of positions, which may be fixed, left out."""

WRITERS: frozenset[Role] = frozenset(
    role for role, duty in DUTIES.items() if duty.rows is Axis.RESIDUAL and role not in NORM_ROLES
)
"""Roles whose rows are residual channels, norm gains left out."""

LAYER_WRITERS: frozenset[Role] = frozenset({Role.O, Role.DOWN})
"""The two of them that every transformer's layer has: what ends its attention, and its FFN."""
