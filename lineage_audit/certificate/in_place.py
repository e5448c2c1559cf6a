"""The rule of units with the same numbers: rows of the same layers, held against each other as they stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from lineage_audit.certificate.derivation import NOT_THERE, Derivation, OneSide, ReadValues
from lineage_audit.certificate.identity import draw, some_of
from lineage_audit.certificate.places import layout_in_place
from lineage_audit.certificate.sources import Kind, Sources, UnitSource, unit_sources
from lineage_audit.certificate.vectors import DoubleArray, copied_blocks, lean, trained, unit
from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.reading import RowRequest
from lineage_audit.checkpoint.tensors import IntArray

_MOST_LAYERS = 16
_MOST_ROWS = 64
"""Layers that are drawn at most, and rows of each: neighbours in one head, or in several where heads are small."""


def derive_in_place(a: Checkpoint, b: Checkpoint, kind: Kind, seed: str) -> Derivation | None:
    """Draw layers and rows by the seed and hold them against each other; None where the rule does not apply."""
    of_a, of_b = unit_sources(a, b, kind)
    common = [layer for layer in of_b if layer in of_a and of_a[layer].tensor.shape == of_b[layer].tensor.shape]
    rows = {layer: _drawn_rows(of_b[layer], seed) for layer in some_of(seed, "layers", common, _MOST_LAYERS)}
    if not rows:
        return None
    read = ReadValues(), ReadValues()
    blocks_a, blocks_b = _blocks(a, of_a, rows, read[0]), _blocks(b, of_b, rows, read[1])
    origins = copied_blocks(blocks_a, blocks_b)
    firsts = np.flatnonzero(origins == np.arange(len(origins)))
    if all(lean(blocks[first] for first in firsts) for blocks in (blocks_a, blocks_b)):
        return None
    places = np.array([(layer, row) for layer, own in rows.items() for row in own.ravel()], dtype=np.int64)
    cosines = np.concatenate([(one * other).sum(axis=1) for one, other in zip(blocks_a, blocks_b, strict=True)])
    return Derivation(
        tokens=np.empty((0, 2), dtype=np.int64),
        frequencies=1,
        units=np.concatenate([places, places], axis=1),
        random_signs=np.concatenate(
            [origin * _MOST_ROWS + np.arange(len(own)) for origin, own in zip(origins, blocks_a, strict=True)]
        ),
        cosines=cosines[None],
        match_margins=np.zeros(len(cosines)),
        read=(read[0].digest, read[1].digest),
        weights=(read[0].count, read[1].count),
        layouts=(layout_in_place(of_a), layout_in_place(of_b)),
    )


def read_again_in_place(model: Checkpoint, kind: Kind, said: OneSide) -> Iterator[str]:
    """The hash over the rows that are said to have been read of one model; none where it has no such units."""
    sources, _ = unit_sources(model, model, kind)
    if not sources:
        return
    rows = {int(layer): said.units[said.units[:, 0] == layer, 1] for layer in np.unique(said.units[:, 0])}
    if not all(layer in sources and _are_rows(own, sources[layer]) for layer, own in rows.items()):
        yield NOT_THERE
        return
    read = ReadValues()
    for values in model.read([RowRequest(sources[layer].tensor, own) for layer, own in rows.items()]):
        read.add(values)
    yield read.digest


def _are_rows(rows: IntArray, source: UnitSource) -> bool:
    return bool(rows.min() >= 0 and rows.max() < source.units and len(rows) <= source.units)


def _drawn_rows(source: UnitSource, seed: str) -> IntArray:
    """The same neighbouring rows of one or more heads, ``[heads, rows]``; the same of every layer of one shape."""
    most = min(_MOST_ROWS, source.block)
    start = draw(seed, f"rows/{source.block}", source.block - most + 1)
    heads = source.units // source.block
    drawn = some_of(seed, f"heads/{heads}", range(heads), _MOST_ROWS // most)
    return np.array(drawn)[:, None] * source.block + np.arange(start, start + most)


def _blocks(model: Checkpoint, sources: Sources, rows: Mapping[int, IntArray], read: ReadValues) -> list[DoubleArray]:
    """The drawn rows of each head of each layer as unit rows."""
    values = model.read([RowRequest(sources[layer].tensor, own.ravel()) for layer, own in rows.items()])
    whole = [unit(trained(read.add(part))) for part in values]
    return [block for part, own in zip(whole, rows.values(), strict=True) for block in np.split(part, len(own))]
