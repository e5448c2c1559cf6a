"""Put an adapter or a delta checkpoint on a base: two checkpoints become one, composed as rows are read."""

from __future__ import annotations

import hashlib

from lineage_audit.checkpoint.checkpoint import Checkpoint
from lineage_audit.checkpoint.claims import Claims
from lineage_audit.checkpoint.composed.adapter_on_base import apply_adapter
from lineage_audit.checkpoint.composed.delta_on_base import apply_delta
from lineage_audit.checkpoint.composed.source import ComposedSource, mark_of
from lineage_audit.checkpoint.config import complete_from_shapes
from lineage_audit.checkpoint.formats.container import Container
from lineage_audit.checkpoint.names import map_names
from lineage_audit.errors import UnsupportedFormatError


def compose(base: Checkpoint, added: Checkpoint) -> Checkpoint:
    """Put an adapter, or a delta checkpoint, on a base (which may itself be composed).

    Raises:
        UnsupportedFormatError: the base is an adapter, or what is added cannot be put on it.
    """
    if base.container.adapter is not None:
        raise UnsupportedFormatError(f"{base.ref}: is an adapter, not a base; give BASE+ADAPTER in this order")
    mark = mark_of(max(1, len(base.composed_of)))
    source = ComposedSource(base.source, added.source, mark)
    applied = (apply_adapter if added.container.adapter is not None else apply_delta)(base, added, source, mark)
    container = Container(
        format=f"{base.container.format} + {_kind_of(added)}",
        tensors=applied.tensors,
        files=base.container.files + tuple(mark + file for file in added.container.files),
        metadata=base.container.metadata,
        values=base.container.values,
    )
    tensors = map_names(container.tensors, base.config)
    return Checkpoint(
        source=source,
        container=container,
        config=complete_from_shapes(base.config, tensors),
        vocabulary=added.vocabulary or base.vocabulary,
        claims=_claims(added.claims, base.claims),
        tensors=tensors,
        caveats=base.caveats + added.caveats + applied.caveats,
        digest=_digest(base, added),
        left_out=(*base.left_out, *added.left_out),
        composed_of=(*(base.composed_of or (base.ref,)), added.ref),
    )


def _claims(added: Claims, base: Claims) -> Claims:
    return Claims(added.stated + base.stated, prose=lambda kinds: added.prose(kinds) + base.prose(kinds))


def _kind_of(added: Checkpoint) -> str:
    return added.container.format if added.container.adapter is not None else "delta"


def _digest(base: Checkpoint, added: Checkpoint) -> str:
    """Pins both, in order; only as far as the weaker of the two digests does."""
    digests = [one.digest for one in (base, added)]
    kind = "sha256:" if all(digest.startswith("sha256:") for digest in digests) else "headers-sha256:"
    return kind + hashlib.sha256("+".join(digests).encode()).hexdigest()
