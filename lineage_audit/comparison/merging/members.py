"""Who takes part in a merge, and which of their tensors stand in the same place with the same shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.reading import is_readable
from lineage_audit.checkpoint.roles import NORM_ROLES, WITHOUT_PLACE, Role
from lineage_audit.checkpoint.tensors import TensorKey, TensorRef
from lineage_audit.results import TensorGroup

_ATTENTION = frozenset(
    {
        *(Role.Q, Role.K, Role.V, Role.O, Role.QKV, Role.ATTN_SINK),
        *(Role.Q_A, Role.Q_B, Role.KV_A, Role.K_B, Role.V_B, Role.K_ROPE, Role.O_A, Role.O_B, Role.ATTN_GATE),
        *(Role.CROSS_Q, Role.CROSS_K, Role.CROSS_V, Role.CROSS_O),
        *(Role.MIXER_IN, Role.MIXER_QKV, Role.MIXER_Q, Role.MIXER_K, Role.MIXER_V, Role.MIXER_GATE, Role.MIXER_O),
    }
)
_FFN = frozenset(
    {
        *(Role.GATE, Role.UP, Role.DOWN, Role.GATE_UP, Role.ROUTER),
        *(Role.SHARED_GATE, Role.SHARED_UP, Role.SHARED_DOWN, Role.SHARED_ROUTER),
    }
)

GROUPS: tuple[TensorGroup, ...] = ("attention", "ffn", "norms", "embeddings")
"""Every group of tensors, in the order of a report."""


class Members(Struct, frozen=True):
    """The models of one merge.

    Attributes:
        child: what was merged.
        parents: what it may have been merged from.
        base: what the parents were made from, or None where nobody named it.
    """

    child: Checkpoint
    parents: tuple[Checkpoint, ...]
    base: Checkpoint | None = None

    @property
    def sources(self) -> tuple[Checkpoint, ...]:
        """Every model but the child: the parents, then the base."""
        return self.parents if self.base is None else (*self.parents, self.base)


class CommonPlace(Struct, frozen=True):
    """One place of the architecture in which all models hold a tensor of one shape.

    Attributes:
        group: the tensor group that it belongs to.
        layer: the child's layer, or None outside the layers.
        child: the child's tensor.
        sources: the tensors of ``Members.sources``, in their order.
    """

    group: TensorGroup
    layer: int | None
    child: TensorRef
    sources: tuple[TensorRef, ...]


def group_of(role: Role) -> TensorGroup:
    """The tensor group of a role; what is neither attention, FFN nor norm counts with the embeddings."""
    if role in NORM_ROLES:
        return "norms"
    if role in _ATTENTION:
        return "attention"
    return "ffn" if role in _FFN else "embeddings"


def shared_places(members: Members, source_layers: Mapping[int, int] | None = None) -> tuple[CommonPlace, ...]:
    """List the places that all models share.

    Args:
        members: the models.
        source_layers: the child's layers -> the layers of the sources that they are held against; by default the
            same.
    """
    places = []
    for tensor in members.child.tensors:
        if tensor.role in WITHOUT_PLACE or tensor.role == Role.BUFFER or not is_readable(tensor) or not tensor.size:
            continue
        key = _source_key(tensor.key, source_layers)
        found = [source.by_key.get(key) for source in members.sources] if key else []
        usable = [one for one in found if one is not None and one.shape == tensor.shape and is_readable(one)]
        if usable and len(usable) == len(members.sources):
            places.append(CommonPlace(group_of(tensor.role), tensor.layer, tensor, tuple(usable)))
    return tuple(places)


def covered_share(members: Members, places: Sequence[CommonPlace]) -> float:
    """Share of the child's parameters that lie in the places."""
    return sum(place.child.size for place in places) / max(1, members.child.parameters)


def _source_key(key: TensorKey, source_layers: Mapping[int, int] | None) -> TensorKey | None:
    if key.layer is None or key.beside is not None or source_layers is None:
        return key
    layer = source_layers.get(key.layer)
    return replace(key, layer=layer) if layer is not None else None
