"""The initialisers of an ONNX model as a container of stored tensors, external data included."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from pathlib import PurePosixPath

from lineage_audit.checkpoint.dtypes import BITS
from lineage_audit.checkpoint.formats.container import Container
from lineage_audit.checkpoint.formats.onnx.graph import TYPES, Initialiser, read_graph
from lineage_audit.checkpoint.formats.onnx.naming import Naming, name_initialisers
from lineage_audit.checkpoint.formats.onnx.wire import WireFile
from lineage_audit.checkpoint.formats.pointer import refuse_pointer
from lineage_audit.checkpoint.source.base import Source, read_range
from lineage_audit.checkpoint.tensors import StoredTensor
from lineage_audit.errors import UnreadableFileError

_FLOATS = frozenset({"F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2"})


def read_onnx(source: Source, file: str) -> Container:
    """Find the weights of an ONNX model; none is read.

    Constants that are no weights (shapes, single numbers) are passed over, and types without plain values are said.

    Raises:
        UnreadableFileError: the file is damaged, or names data that is not there or lies outside the repository.
    """
    refuse_pointer(file, read_range(source, file, 0, min(512, source.files[file].size)))
    graph = read_graph(WireFile(source, file))
    names = name_initialisers(graph)
    tensors: dict[str, StoredTensor] = {}
    left_out: Counter[str] = Counter()
    for one in graph.initialisers:
        if not one.shape or math.prod(one.shape) < 2:
            continue
        dtype = TYPES.get(one.type)
        if dtype is None or (one.place is None and not one.external):
            left_out["of a type without plain values" if dtype is None else "whose values are not in one piece"] += 1
        elif dtype in _FLOATS:
            stored = _stored(source, file, one, dtype, names[one.name])
            tensors.setdefault(stored.name, stored)
        elif len(one.shape) > 1:
            left_out[f"of type {dtype}"] += 1
    caveats = tuple(f"{count:,} constants {why} were passed over." for why, count in left_out.items())
    used = dict.fromkeys((file, *(stored.file for stored in tensors.values())))
    return Container("onnx", tuple(tensors.values()), tuple(used), caveats=caveats)


def _stored(source: Source, file: str, one: Initialiser, dtype: str, naming: Naming) -> StoredTensor:
    """Check where an initialiser's bytes are, and turn a matrix that is stored ``[in, out]``."""
    length = math.prod(one.shape) * BITS[dtype] // 8
    held, start, stop = _external(source, file, one, length) if one.external else (file, *(one.place or (0, 0)))
    if stop - start != length or stop > source.files[held].size:
        raise UnreadableFileError(f"{held}: {one.name!r} does not fit its bytes, or the file is cut short")
    stored = StoredTensor(naming.name, dtype, one.shape, held, start, stop)
    if not naming.is_turned:
        return stored
    rows, columns = one.shape
    return replace(stored, shape=(columns, rows), strides=(1, columns))


def _external(source: Source, file: str, one: Initialiser, length: int) -> tuple[str, int, int]:
    """Follow an initialiser to the file beside the model that holds it, and never out of the repository."""
    location = one.external.get("location", "")
    path = PurePosixPath(location)
    if not location or path.is_absolute() or ".." in path.parts or "\\" in location or ":" in location:
        raise UnreadableFileError(f"{file}: names the data file {location!r}, a path outside the repository")
    held = str(PurePosixPath(file).parent / path)
    if held not in source.files:
        raise UnreadableFileError(f"{file}: names the data file {held!r}, which is not there; fetch it too")
    start, size = _number(one.external.get("offset", "0")), _number(one.external.get("length", str(length)))
    if start is None or size is None:
        raise UnreadableFileError(f"{file}: {one.name!r} has an impossible place in {held}")
    return held, start, start + size


def _number(text: str) -> int | None:
    """A count in digits, or None."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
