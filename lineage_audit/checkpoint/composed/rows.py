"""Rows of a stored tensor inside an encoding: what must be read for them, and what they then are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

import numpy as np
from msgspec import Struct, structs

from lineage_audit.checkpoint.dtypes import READABLE
from lineage_audit.checkpoint.encoding import Encoding, FloatArray, RawArray, Section, Undecoded, rows_of
from lineage_audit.checkpoint.source.base import Source
from lineage_audit.checkpoint.tensors import StoredTensor

_Anything = TypeVar("_Anything")


def is_row_readable(stored: StoredTensor) -> bool:
    """Tell whether rows of a tensor can be read inside an encoding: row-major, and of a known type."""
    if isinstance(stored.encoding, Undecoded):
        return False
    return stored.strides is None and (stored.encoding is not None or stored.dtype in READABLE)


def columns(stored: StoredTensor) -> int:
    """Columns of the tensor seen as rows; leading axes of a stack are flattened, a vector is one column."""
    return stored.shape[-1] if len(stored.shape) > 1 else 1


def row_count(stored: StoredTensor) -> int:
    """Rows of the tensor seen so."""
    return math.prod(stored.shape[:-1]) if len(stored.shape) > 1 else math.prod(stored.shape)


def sections_of(stored: StoredTensor, low: int, high: int) -> tuple[Section, ...]:
    """What must be read for rows ``low`` to ``high``."""
    if stored.encoding is not None:
        return stored.encoding.sections(low, high)
    return (rows_of(stored, columns(stored), low, high),)


def values_of(stored: StoredTensor, low: int, high: int, arrays: Sequence[RawArray]) -> FloatArray:
    """The rows as float32 ``[high - low, columns]``, from the arrays of ``sections_of``."""
    if stored.encoding is not None:
        return np.asarray(stored.encoding.decode(low, high, arrays), dtype=np.float32)
    return np.asarray(arrays[0], dtype=np.float32)


def moved(value: _Anything, mark: str) -> _Anything:
    """The same tensor, or anything made of tensors, with a mark before the names of its files."""
    if isinstance(value, StoredTensor):
        return structs.replace(value, file=mark + value.file, encoding=moved(value.encoding, mark))
    if isinstance(value, Struct):
        changed = _changed({name: getattr(value, name) for name in value.__struct_fields__}, mark)
        return structs.replace(value, **changed) if changed else value
    if is_dataclass(value) and not isinstance(value, type):
        changed = _changed({field.name: getattr(value, field.name) for field in fields(value) if field.init}, mark)
        return replace(value, **changed) if changed else value
    if isinstance(value, tuple) and any(isinstance(one, Struct) or is_dataclass(one) for one in value):
        return tuple(moved(one, mark) for one in value)  # type: ignore[return-value]
    return value


def _changed(held: dict[str, Any], mark: str) -> dict[str, Any]:
    """What of the fields of an encoding is made of tensors, moved."""
    after = {name: moved(one, mark) for name, one in held.items()}
    return {name: one for name, one in after.items() if one is not held[name]}


def read_block(source: Source, encoding: Encoding, low: int, high: int) -> list[RawArray]:
    """Read the arrays that an encoding needs for rows ``low`` to ``high``."""
    sections = encoding.sections(low, high)
    data = iter(source.read_ranges([span for section in sections for span in section.ranges()]))
    return [section.array([next(data) for _ in section.ranges()]) for section in sections]


def read_vector(source: Source, stored: StoredTensor) -> FloatArray:
    """Read a whole vector as float32."""
    sections = sections_of(stored, 0, row_count(stored))
    data = iter(source.read_ranges([span for section in sections for span in section.ranges()]))
    arrays = [section.array([next(data) for _ in section.ranges()]) for section in sections]
    return values_of(stored, 0, row_count(stored), arrays)[:, 0]
