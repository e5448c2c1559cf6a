"""Weight files beside those that are read: copies of them, or weights of their own that nobody has looked at.

The same model is often published in several formats and roundings. Its copies need no reading of their own, but a file
may only look like one. So tensors of the same places and shapes are taken, a few rows of each are read, and they must
be equal to within what storing them rounds away. A head that is stored although it is tied is one more copy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from lineage_audit.checkpoint.config.fields import ArchConfig
from lineage_audit.checkpoint.config.of_container import config_of
from lineage_audit.checkpoint.dtypes import EXACT_BITS
from lineage_audit.checkpoint.formats import Container, read_files
from lineage_audit.checkpoint.left_out import LeftOut
from lineage_audit.checkpoint.names import map_names
from lineage_audit.checkpoint.quantization import gather
from lineage_audit.checkpoint.reading import RowRequest, is_readable, read_rows
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.source.base import Source
from lineage_audit.checkpoint.source.place_checks import with_place_checks
from lineage_audit.checkpoint.tensors import TensorKey, TensorRef
from lineage_audit.errors import LineageAuditError

_MOST_OPENED = 4
"""Most models beside the one that is read whose headers are read too."""

_TENSORS, _ROWS = 12, 4
"""How many tensors are held against each other, and rows of each."""

_SLACK = 2.0
_PLAIN_BITS = 7
"""Bits of a type whose own are not known: those of bfloat16."""

_MAY_LACK = frozenset({Role.BUFFER, Role.LM_HEAD})
"""Roles that one copy may hold and another leave out: buffers, and a head that is the embedding."""

_READ_WHOLE = 16 * 2**20
"""Elements up to which all rows are compared; of larger heads some are."""
_HEAD_ROWS = 64


def weights_beside(source: Source, container: Container, tensors: Sequence[TensorRef]) -> tuple[LeftOut, ...]:
    """Say of every other model in the repository whether it is a copy of the one that is read.

    Args:
        source: the repository.
        container: what is read.
        tensors: its tensors by role.
    """
    return tuple(_said(source, files, tensors, place) for place, files in enumerate(container.others))


def _said(source: Source, files: Sequence[str], tensors: Sequence[TensorRef], place: int) -> LeftOut:
    size = sum(source.files[file].size for file in files)
    more = f" and {len(files) - 1:,} more" if len(files) > 1 else ""
    if place < _MOST_OPENED and _is_copy(source, files, tensors):
        sentence = f"{files[0]}{more} holds the same weights, as far as sampled rows tell, and was not read further."
        return LeftOut(sentence, settles=True, bytes=size)
    return LeftOut(f"Not read: other weight files beside those that were, {files[0]}{more}.", bytes=size)


def _is_copy(source: Source, files: Sequence[str], tensors: Sequence[TensorRef]) -> bool:
    """Tell whether a model is the one that is read; what cannot be read is not."""
    try:
        container = read_files(source, files)
        source = with_place_checks(source, container.place_checks)
        config, _ = config_of(source, container)
        return not container.left_out and _hold_the_same(
            source, tensors, map_names(gather(source, container.tensors), config)
        )
    except LineageAuditError:
        return False


def _hold_the_same(source: Source, read: Sequence[TensorRef], others: Sequence[TensorRef]) -> bool:
    """Tell whether other tensors are copies of those that are read."""
    by_place, other_by_place = _by_place(read), _by_place(others)
    shared = by_place.keys() & other_by_place.keys()
    unlike = {**by_place, **other_by_place}
    alone = [place for place in by_place.keys() ^ other_by_place.keys() if unlike[place].role not in _MAY_LACK]
    if not shared or alone or any(by_place[place].shape != other_by_place[place].shape for place in shared):
        return False
    largest = sorted(shared, key=lambda place: (-by_place[place].size, str(place)))
    chosen = largest[:: max(1, len(largest) // _TENSORS)]
    return all(_rows_agree(source, by_place[place], other_by_place[place]) for place in chosen)


def _by_place(tensors: Sequence[TensorRef]) -> Mapping[TensorKey | str, TensorRef]:
    return {tensor.name if tensor.role == Role.OTHER else tensor.key: tensor for tensor in tensors}


def _rows_agree(source: Source, one: TensorRef, other: TensorRef) -> bool:
    if not (is_readable(one) and is_readable(other)):
        return False
    count = one.shape[0] if one.shape else 1
    if not one.size:
        return True
    rows = np.unique(np.linspace(0, count - 1, min(count, _ROWS)).astype(np.int64))
    first, second = read_rows(source, [RowRequest(one, rows), RowRequest(other, rows)])
    with np.errstate(all="ignore"):
        distance, size = (float(np.linalg.norm(np.nan_to_num(values))) for values in (first - second, first))
    return distance <= _SLACK * max(*_roundings(one), *_roundings(other)) * size


def _roundings(tensor: TensorRef) -> Iterator[float]:
    """The relative errors that storing a tensor so commonly makes."""
    for part in tensor.parts:
        encoding = part.stored.encoding
        yield (
            encoding.rounding if encoding is not None else 2.0 ** -(EXACT_BITS.get(part.stored.dtype, _PLAIN_BITS) + 1)
        )


def restated_head(source: Source, config: ArchConfig, tensors: Sequence[TensorRef]) -> tuple[TensorRef, ...]:
    """The stored head of a model that ties it, where its rows are the embedding's; nothing where it has its own."""
    if config.flag("tie_embeddings") is not True:
        return ()
    weights = [one for one in tensors if one.slot == "weight" and is_readable(one)]
    head = next((one for one in weights if one.role == Role.LM_HEAD), None)
    embedding = next((one for one in weights if one.role == Role.EMBED), None)
    if head is None or embedding is None or head.shape != embedding.shape or not head.size:
        return ()
    count = head.shape[0]
    rows = np.arange(count) if head.size <= _READ_WHOLE else np.linspace(0, count - 1, _HEAD_ROWS).astype(np.int64)
    first, second = read_rows(source, [RowRequest(head, rows), RowRequest(embedding, rows)])
    return (head,) if np.array_equal(first, second, equal_nan=True) else ()
