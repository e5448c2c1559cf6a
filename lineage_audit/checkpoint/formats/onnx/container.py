"""The initialisers of an ONNX model as a container of stored tensors, external data included."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from pathlib import PurePosixPath

from msgspec.structs import replace

from lineage_audit.checkpoint.dtypes import BITS, decode_raw
from lineage_audit.checkpoint.formats.container import Container
from lineage_audit.checkpoint.formats.onnx.graph import TYPES, Initialiser, read_graph
from lineage_audit.checkpoint.formats.onnx.integers import INTEGERS, SUFFIX, scaled_integers
from lineage_audit.checkpoint.formats.onnx.naming import Naming, name_initialisers
from lineage_audit.checkpoint.formats.onnx.wire import WireFile
from lineage_audit.checkpoint.formats.pointer import refuse_pointer
from lineage_audit.checkpoint.left_out import LeftOut
from lineage_audit.checkpoint.source.base import Source, read_range
from lineage_audit.checkpoint.tensors import StoredTensor
from lineage_audit.errors import UnreadableFileError

_FLOATS = frozenset({"F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2"})
_FEW_ELEMENTS = 4096
"""Elements of a type below which what is passed over is shapes, axes and masks."""

_MOST_ZEROS = 2**20
"""Zero points of one matrix that are read at once."""


def read_onnx(source: Source, file: str) -> Container:
    """Find the weights of an ONNX model; none is read.

    Constants that are no weights (shapes, single numbers) are passed over, and types without plain values are said.

    Raises:
        UnreadableFileError: the file is damaged, or names data that is not there or lies outside the repository.
    """
    refuse_pointer(file, read_range(source, file, 0, min(512, source.files[file].size)))
    graph = read_graph(WireFile(source, file))
    names, held = name_initialisers(graph), {one.name: one for one in graph.initialisers}
    tensors: dict[str, StoredTensor] = {}
    left_out, elements = Counter[str](), Counter[str]()
    for one in graph.initialisers:
        if not one.shape or math.prod(one.shape) < 2:
            continue
        dtype = TYPES.get(one.type)
        stored = None
        if dtype in _FLOATS and (one.place is not None or one.external):
            stored = _transposed(_stored(source, file, one, dtype), names[one.name])
        elif dtype in INTEGERS and one.name.endswith(SUFFIX):
            stored = _dequantised(source, file, one, held, names[one.name])
        if stored is not None:
            tensors.setdefault(stored.name, stored)
        elif len(one.shape) > 1:
            left_out[dtype or "unknown"] += 1
            elements[dtype or "unknown"] += math.prod(one.shape)
    passed_over = tuple(
        LeftOut(f"{count:,} constants of type {dtype} were passed over.", settles=elements[dtype] < _FEW_ELEMENTS)
        for dtype, count in left_out.items()
    )
    used = dict.fromkeys((file, *(stored.file for stored in tensors.values())))
    return Container("onnx", tuple(tensors.values()), tuple(used), left_out=passed_over)


def _stored(source: Source, file: str, one: Initialiser, dtype: str) -> StoredTensor:
    """Check where an initialiser's bytes are."""
    length = math.prod(one.shape) * BITS[dtype] // 8
    held, start, stop = _external(source, file, one, length) if one.external else (file, *(one.place or (0, 0)))
    if stop - start != length or stop > source.files[held].size:
        raise UnreadableFileError(f"{held}: {one.name!r} does not fit its bytes, or the file is cut short")
    return StoredTensor(one.name, dtype, one.shape, held, start, stop)


def _transposed(stored: StoredTensor, naming: Naming) -> StoredTensor:
    """Give a matrix its name, and transpose one that is stored ``[in, out]``."""
    named = replace(stored, name=naming.name)
    if not naming.is_transposed:
        return named
    rows, columns = stored.shape
    return replace(named, shape=(columns, rows), strides=(1, columns))


def _dequantised(
    source: Source, file: str, one: Initialiser, held: Mapping[str, Initialiser], naming: Naming
) -> StoredTensor | None:
    """The floats that a matrix of integers stands for; None where its scales are missing or of another kind."""
    stem, dtype = one.name.removesuffix(SUFFIX), TYPES[one.type]
    scales, zeros = held.get(f"{stem}_scale"), held.get(f"{stem}_zero_point")
    if scales is None or TYPES.get(scales.type) != "F32" or not _has_bytes(scales) or not _has_bytes(one):
        return None
    values: tuple[int, ...] = ()
    if zeros is not None:
        if zeros.type != one.type or math.prod(zeros.shape) > _MOST_ZEROS:
            return None
        values = zeros.integers or _integers(source, _stored(source, file, zeros, dtype))
    signed = tuple(value - 2**64 if value >= 2**63 else value for value in values)
    if any(not -128 <= value <= 255 for value in signed):
        return None
    return scaled_integers(_stored(source, file, one, dtype), _stored(source, file, scales, "F32"), signed, naming)


def _has_bytes(one: Initialiser) -> bool:
    return one.place is not None or bool(one.external)


def _integers(source: Source, stored: StoredTensor) -> tuple[int, ...]:
    """Read a few whole numbers."""
    data = read_range(source, stored.file, stored.start, stored.stop)
    return tuple(map(int, decode_raw(data, stored.dtype)))


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
