"""Tensors as a file holds them, and as an architecture means them.

A *stored* tensor is what the file holds: a name, a dtype, a shape and a byte range. A *tensor reference* is what
the architecture means by it: one role of one layer (and one expert), always oriented ``[out, in]``. One stored
tensor may hold several roles (fused q/k/v), and one role may lie in several stored tensors (tensor-parallel
shards), so a reference is made of parts, each an affine map of rows. No reference ever holds values.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from lineage_audit.checkpoint.dtypes import BITS
from lineage_audit.checkpoint.model_parts import CORE, ModelPart
from lineage_audit.checkpoint.roles import Role

if TYPE_CHECKING:
    from lineage_audit.checkpoint.encoding import Encoding

Slot = Literal["weight", "bias"]
IntArray = npt.NDArray[np.int64]


class StoredTensor(Struct, frozen=True, eq=False):
    """One tensor as its file holds it.

    Attributes:
        name: the tensor's name in the file.
        dtype: safetensors' spelling: ``F32``, ``BF16``, ``F16``, ``F8_E4M3``, ``I8``, ...
        shape: dimensions as stored.
        file: the file's name inside the repository.
        start: first byte of the data in the file.
        stop: one past the last byte.
        strides: in elements, when the data is not in row-major order (PyTorch views); otherwise None.
        encoding: how rows become floats where the bytes are not plain numbers; otherwise None. ``shape`` is then
            that of the floats, ``dtype`` the encoding's name for its elements, and the bytes are the main tensor's.
        companions: bytes of the stored tensors that belong to it: scales, zero points, and what else it is read with.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    file: str
    start: int
    stop: int
    strides: tuple[int, ...] | None = None
    encoding: Encoding | None = None
    companions: int = 0

    def __eq__(self, other: object) -> bool:
        """Whether it is the same tensor of the same file, however its bytes are decoded."""
        return isinstance(other, StoredTensor) and self._place == other._place

    def __hash__(self) -> int:
        return hash(self._place)

    @property
    def _place(self) -> tuple[object, ...]:
        return self.name, self.dtype, self.shape, self.file, self.start, self.stop, self.strides

    @property
    def stored_bytes(self) -> int:
        """Bytes that hold it: its own, and those of what belongs to it."""
        return self.stop - self.start + self.companions

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def element_bits(self) -> float:
        """Bits that one element takes, its share of scales included."""
        return self.encoding.bits if self.encoding is not None else BITS.get(self.dtype, 8)

    @property
    def quantization(self) -> str | None:
        """The scheme's name, or None for plain floats."""
        return self.encoding.scheme if self.encoding is not None else None


class RowLayout(Struct, frozen=True):
    """Where the rows of a role stand among the rows of a stored matrix.

    Row ``r`` is written in the mixed radix ``sizes`` (last digit fastest) and stands at
    ``offset + sum(digit * stride)``. This covers contiguous slices, per-head and per-group interleaving of fused
    q/k/v, and the two rotary orders.
    """

    offset: int
    sizes: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def count(self) -> int:
        """Number of rows."""
        return math.prod(self.sizes)

    def stored_rows(self, rows: IntArray) -> IntArray:
        """Map row numbers of the role to row numbers of the stored matrix (both int64, same shape)."""
        stored = np.full_like(rows, self.offset)
        remaining = rows
        for size, stride in zip(reversed(self.sizes), reversed(self.strides), strict=True):
            remaining, digit = np.divmod(remaining, size)
            stored += digit * stride
        return stored


def contiguous(count: int, offset: int = 0) -> RowLayout:
    """Rows ``offset`` to ``offset + count`` in order."""
    return RowLayout(offset, (count,), (1,))


class Part(Struct, frozen=True):
    """A stored tensor's share of one role.

    Attributes:
        stored: where the values are.
        rows: which rows of the stored matrix, after ``index`` and ``transposed`` were applied.
        index: position along the leading dimension of a stack (one expert of ``[experts, out, in]``), or None.
        transposed: the stored matrix is ``[in, out]`` (GPT-2's Conv1D, stacked experts).
        columns: where the columns stand, counted as rows are, where that is not in their order; otherwise None.
    """

    stored: StoredTensor
    rows: RowLayout
    index: int | None = None
    transposed: bool = False
    columns: RowLayout | None = None


class TensorRef(Struct, frozen=True):
    """One role of one layer, oriented ``[out, in]`` (or ``[n]`` for vectors), readable by rows.

    Attributes:
        name: the stored name (of the first part).
        role: what the tensor is for.
        slot: weight or bias.
        layer: layer number counted from 0 within the model's part, or None outside the layers.
        expert: expert number counted from 0, or None outside the experts.
        shape: logical shape.
        dtype: stored dtype of the first part.
        quantization: the scheme's name, or None for plain floats.
        file: file of the first part.
        parts: stored tensors that make up this one, in order.
        axis: the logical axis along which the parts are joined.
        inferred: the role was guessed from words and shapes, not read from a table.
        part: the part of the model that it belongs to.
    """

    name: str
    role: Role
    slot: Slot
    layer: int | None
    expert: int | None
    shape: tuple[int, ...]
    dtype: str
    quantization: str | None
    file: str
    parts: tuple[Part, ...]
    axis: Literal[0, 1] = 0
    inferred: bool = False
    part: ModelPart = ModelPart.LANGUAGE_MODEL

    def __hash__(self) -> int:
        """Hash what tells tensors of one model apart; hashing the parts too would take seconds for 90,000 tensors."""
        return hash((self.name, self.role, self.layer, self.expert))

    @property
    def size(self) -> int:
        """Number of parameters."""
        return math.prod(self.shape)

    @property
    def key(self) -> TensorKey:
        """What identifies the tensor's place in the architecture, whatever its name."""
        return TensorKey(self.role, self.slot, self.layer, self.expert, None if self.in_core else self.part)

    @property
    def in_core(self) -> bool:
        """Whether the tensor belongs to the part whose units, heads and channels are searched and tested."""
        return self.part in CORE

    @property
    def core_layer(self) -> int | None:
        """The layer's number in the core; None outside the layers and in every other part."""
        return self.layer if self.in_core else None


class TensorKey(Struct, frozen=True):
    """A place in the architecture: role, slot, layer and expert, in the core unless a part beside it is named."""

    role: Role
    slot: Slot
    layer: int | None
    expert: int | None
    beside: ModelPart | None = None
