"""What a tensor is in a transformer: its role and place, and what its rows and columns run over.

Every change of labels (an order, signs, a subset) is written against this one table. Matrices stand ``[out, in]``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class Axis(Enum):
    """What a dimension runs over. Some axes share their order with another and are scaled otherwise."""

    TOKEN = auto()
    CHANNEL = auto()
    """Residual channels."""
    GAIN = auto()
    """Gains of residual channels: in the channels' order; a sign would change what they do."""
    UNIT = auto()
    """FFN units in up and down."""
    GATED = auto()
    """FFN units in the gate: in the units' order; a factor would change what they do."""
    QUERY = auto()
    KEY = auto()
    VALUE = auto()
    ATTENDED = auto()
    """What each query head has read of its values: columns of o."""
    EXPERT = auto()
    QUERY_LATENT = auto()
    QUERY_LATENT_GAIN = auto()
    KEY_LATENT = auto()
    """The compressed keys and values, and after them the shared rotary key."""
    COMPRESSED = auto()
    """The compressed keys and values alone."""
    COMPRESSED_GAIN = auto()
    KEY_VALUE = auto()
    """Per head: keys without position, then values."""


class Role(Enum):
    """What a tensor does."""

    EMBED = auto()
    HEAD = auto()
    ATTENTION_NORM = auto()
    FFN_NORM = auto()
    FINAL_NORM = auto()
    Q = auto()
    K = auto()
    V = auto()
    O = auto()  # noqa: E741
    Q_BIAS = auto()
    K_BIAS = auto()
    V_BIAS = auto()
    GATE = auto()
    UP = auto()
    DOWN = auto()
    ROUTER = auto()
    ROUTER_BIAS = auto()
    Q_COMPRESS = auto()
    Q_LATENT_NORM = auto()
    Q_EXPAND = auto()
    KV_COMPRESS = auto()
    KV_LATENT_NORM = auto()
    KV_EXPAND = auto()
    SCALES = auto()


AXES: dict[Role, tuple[Axis | None, Axis]] = {
    Role.EMBED: (Axis.TOKEN, Axis.CHANNEL),
    Role.HEAD: (Axis.TOKEN, Axis.CHANNEL),
    Role.ATTENTION_NORM: (None, Axis.GAIN),
    Role.FFN_NORM: (None, Axis.GAIN),
    Role.FINAL_NORM: (None, Axis.GAIN),
    Role.Q: (Axis.QUERY, Axis.CHANNEL),
    Role.K: (Axis.KEY, Axis.CHANNEL),
    Role.V: (Axis.VALUE, Axis.CHANNEL),
    Role.O: (Axis.CHANNEL, Axis.ATTENDED),
    Role.Q_BIAS: (None, Axis.QUERY),
    Role.K_BIAS: (None, Axis.KEY),
    Role.V_BIAS: (None, Axis.VALUE),
    Role.GATE: (Axis.GATED, Axis.CHANNEL),
    Role.UP: (Axis.UNIT, Axis.CHANNEL),
    Role.DOWN: (Axis.CHANNEL, Axis.UNIT),
    Role.ROUTER: (Axis.EXPERT, Axis.CHANNEL),
    Role.ROUTER_BIAS: (None, Axis.EXPERT),
    Role.Q_COMPRESS: (Axis.QUERY_LATENT, Axis.CHANNEL),
    Role.Q_LATENT_NORM: (None, Axis.QUERY_LATENT_GAIN),
    Role.Q_EXPAND: (Axis.QUERY, Axis.QUERY_LATENT),
    Role.KV_COMPRESS: (Axis.KEY_LATENT, Axis.CHANNEL),
    Role.KV_LATENT_NORM: (None, Axis.COMPRESSED_GAIN),
    Role.KV_EXPAND: (Axis.KEY_VALUE, Axis.COMPRESSED),
}
"""Role -> what rows run over (None for a vector) and what columns run over."""

GAINS = frozenset({Role.ATTENTION_NORM, Role.FFN_NORM, Role.FINAL_NORM, Role.Q_LATENT_NORM, Role.KV_LATENT_NORM})
BIASES = frozenset({Role.Q_BIAS, Role.K_BIAS, Role.V_BIAS, Role.ROUTER_BIAS})

NORM_BEFORE: dict[Role, Role] = {
    **dict.fromkeys((Role.Q, Role.K, Role.V, Role.Q_COMPRESS, Role.KV_COMPRESS), Role.ATTENTION_NORM),
    **dict.fromkeys((Role.GATE, Role.UP, Role.ROUTER), Role.FFN_NORM),
    Role.HEAD: Role.FINAL_NORM,
}
"""What reads the residual stream -> the norm that it reads through."""

STREAM_WRITERS = frozenset({Role.O, Role.DOWN})
"""Roles whose rows are residual channels."""

ATTENTION = frozenset(
    {Role.Q, Role.K, Role.V, Role.O, Role.Q_BIAS, Role.K_BIAS, Role.V_BIAS, Role.ATTENTION_NORM}
    | {Role.Q_COMPRESS, Role.Q_LATENT_NORM, Role.Q_EXPAND, Role.KV_COMPRESS, Role.KV_LATENT_NORM, Role.KV_EXPAND}
)
FFN = frozenset({Role.GATE, Role.UP, Role.DOWN, Role.FFN_NORM, Role.ROUTER, Role.ROUTER_BIAS})
VOCABULARY = frozenset({Role.EMBED, Role.HEAD})


@dataclass(frozen=True, slots=True)
class Slot:
    """A tensor's role and place.

    Attributes:
        role: what it does.
        layer: its layer, or -1.
        expert: its expert, or -1; the shared expert is number `SHARED`.
    """

    role: Role
    layer: int = -1
    expert: int = -1

    @property
    def number(self) -> int:
        """A number of its own, from which its values are drawn."""
        return (self.role.value << 40) | (self.layer + 1 << 20) | (self.expert + 1)


SHARED = 1_000
"""The number under which a shared expert stands."""
