"""Which axis of which role runs over what: the table that carries an alignment to every tensor."""

from __future__ import annotations

from enum import Enum

from lineage_audit.checkpoint.roles import Role


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


AXES: dict[Role, tuple[Axis, Axis]] = {
    Role.EMBED: (Axis.TOKEN, Axis.RESIDUAL),
    Role.LM_HEAD: (Axis.TOKEN, Axis.RESIDUAL),
    Role.POSITION_EMBED: (Axis.OTHER, Axis.RESIDUAL),
    Role.TOKEN_TYPE_EMBED: (Axis.OTHER, Axis.RESIDUAL),
    Role.Q: (Axis.QUERY, Axis.RESIDUAL),
    Role.K: (Axis.KEY, Axis.RESIDUAL),
    Role.V: (Axis.KEY, Axis.RESIDUAL),
    Role.O: (Axis.RESIDUAL, Axis.VALUE_OF_QUERY),
    Role.Q_A: (Axis.OTHER, Axis.RESIDUAL),
    Role.Q_B: (Axis.OTHER, Axis.OTHER),
    Role.KV_A: (Axis.OTHER, Axis.RESIDUAL),
    Role.K_B: (Axis.OTHER, Axis.OTHER),
    Role.V_B: (Axis.OTHER, Axis.OTHER),
    Role.K_ROPE: (Axis.OTHER, Axis.RESIDUAL),
    Role.GATE: (Axis.UNIT, Axis.RESIDUAL),
    Role.UP: (Axis.UNIT, Axis.RESIDUAL),
    Role.DOWN: (Axis.RESIDUAL, Axis.UNIT),
    Role.ROUTER: (Axis.EXPERT, Axis.RESIDUAL),
    Role.SHARED_GATE: (Axis.UNIT, Axis.RESIDUAL),
    Role.SHARED_UP: (Axis.UNIT, Axis.RESIDUAL),
    Role.SHARED_DOWN: (Axis.RESIDUAL, Axis.UNIT),
    Role.SHARED_ROUTER: (Axis.OTHER, Axis.RESIDUAL),
    Role.EMBED_NORM: (Axis.RESIDUAL, Axis.OTHER),
    Role.ATTN_NORM: (Axis.RESIDUAL, Axis.OTHER),
    Role.POST_ATTN_NORM: (Axis.RESIDUAL, Axis.OTHER),
    Role.FFN_NORM: (Axis.RESIDUAL, Axis.OTHER),
    Role.POST_FFN_NORM: (Axis.RESIDUAL, Axis.OTHER),
    Role.FINAL_NORM: (Axis.RESIDUAL, Axis.OTHER),
}
"""Role -> (rows, columns) of its weight; a bias runs over the rows."""
