"""Whether a model is whole as it stands: all layers that its configuration speaks of, and no adapter left unmerged."""

from __future__ import annotations

from collections.abc import Sequence

from lineage_audit.checkpoint.adapter import read_parts
from lineage_audit.checkpoint.config.fields import ArchConfig
from lineage_audit.checkpoint.formats.container import Container
from lineage_audit.checkpoint.left_out import LeftOut
from lineage_audit.checkpoint.tensors import TensorRef


def layers_missing(config: ArchConfig, tensors: Sequence[TensorRef]) -> tuple[LeftOut, ...]:
    """Say how many layers are stated and how many have weights, where these are fewer."""
    stated = config.integer("num_layers")
    here = {tensor.layer for tensor in tensors if tensor.layer is not None and tensor.size}
    if stated is None or config.origins.get("num_layers") != "stated" or not 0 < len(here) < stated:
        return ()
    return (
        LeftOut(
            f"{config.file} speaks of {stated:,} layers, and {len(here):,} have weights here: the others are missing, "
            "and every share is of what is here."
        ),
    )


def unmerged_adapter(container: Container) -> tuple[LeftOut, ...]:
    """Say where a whole model holds a low-rank adapter beside the layers that it would change."""
    if container.adapter is not None:
        return ()
    pairs = read_parts(container.tensors).pairs
    if not pairs:
        return ()
    ranks = sorted({pair.rank for pair in pairs})
    modules = sorted({pair.module.rpartition(".")[2] for pair in pairs})
    sentence = (
        f"A low-rank adapter of rank {listed(ranks)} on {listed(modules)} is stored in the model and not merged "
        f"(the first tensor is {pairs[0].a.name[:100]}): what is compared is the layers without it."
    )
    return (LeftOut(sentence, bytes=sum(pair.a.stored_bytes + pair.b.stored_bytes for pair in pairs)),)


def listed(values: Sequence[object], most: int = 8) -> str:
    """A few values, and how many more there are."""
    more = f" and {len(values) - most:,} more" if len(values) > most else ""
    return ", ".join(map(str, values[:most])) + more
