"""Where what was read stands in the files, for whoever reads them without this program.

A place is one pattern of names for all layers and one affine map of rows. Where a model stores its units otherwise
(shards, codes) there is none, and only this program can verify the certificate.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from lineage_audit.certificate.sources import Sources
from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.tensors import TensorRef
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.invariants.anchor_tokens import embedding_of

LAYER = "{layer}"
"""Stands in a pattern for the layer's number."""


class _StoredRows(Struct, frozen=True):
    """Rows of one stored tensor a layer.

    Attributes:
        name: the tensor's name, with ``{layer}`` for the layer's number.
        offset: where row 0 stands.
        sizes: row numbers are written in this mixed radix, the last digit fastest.
        strides: what each digit is multiplied by.
        index: the position in a stack of matrices, or None.
        transposed: whether rows are stored as columns.
    """

    name: str
    offset: int
    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    index: int | None
    transposed: bool


def place_of(tensors: Iterable[tuple[int | None, TensorRef]]) -> _StoredRows | None:
    """The one place of a tensor of every layer; None where there is no such pattern.

    Args:
        tensors: layer and tensor; None for what stands outside the layers.
    """
    found = {_place(layer, tensor) for layer, tensor in tensors}
    return found.pop() if len(found) == 1 else None


def _place(layer: int | None, tensor: TensorRef) -> _StoredRows | None:
    if len(tensor.parts) != 1 or tensor.quantization is not None or tensor.parts[0].columns is not None:
        return None
    part = tensor.parts[0]
    name = part.stored.name
    if layer is not None:
        words = name.split(".")
        if str(layer) not in words:
            return None
        words[words.index(str(layer))] = LAYER
        name = ".".join(words)
    return _StoredRows(name, part.rows.offset, part.rows.sizes, part.rows.strides, part.index, part.transposed)


class Layout(Struct, frozen=True):
    """How a rule's units lie in one model.

    Attributes:
        units: the matrix whose rows they are.
        rows: the rows of the first unit, ``[frequencies][members]``.
        step: rows from one unit to the next.
        block: units of a head.
        embedding: the token embedding, where the rule reads it.
        gain: the norm gain in front of the units, where the rule folds one in.
        gain_plus: what is added to it as stored: 1 for gains that are stored as offsets from one.
    """

    units: _StoredRows | None
    rows: tuple[tuple[int, ...], ...]
    step: int
    block: int
    embedding: _StoredRows | None = None
    gain: _StoredRows | None = None
    gain_plus: int = 0


def layout_in_place(sources: Sources) -> Layout:
    """The layout for a rule that reads units alone."""
    first = next(iter(sources.values()))
    step = int(first.rows[1, 0, 0] - first.rows[0, 0, 0]) if first.units > 1 else 0
    rows = tuple(tuple(map(int, members)) for members in first.rows[0])
    return Layout(place_of((layer, source.tensor) for layer, source in sources.items()), rows, step, first.block)


def layout_over_tokens(model: Checkpoint, canonical: CanonicalWeights, sources: Sources) -> Layout:
    """The layout for a rule that reads units, gains and embeddings."""
    gains = {layer: canonical.gain_tensor(source.tensor.role, layer) for layer, source in sources.items()}
    stored = {layer: tensor for layer, tensor in gains.items() if tensor is not None}
    embedding = embedding_of(model)
    return replace(
        layout_in_place(sources),
        embedding=place_of([(None, embedding)]) if embedding is not None else None,
        gain=place_of(stored.items()) if len(stored) == len(gains) else None,
        gain_plus=int(canonical.gains_start_at_zero) if stored else 0,
    )
