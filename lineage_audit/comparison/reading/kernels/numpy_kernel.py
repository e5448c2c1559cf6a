"""Sums with numpy, a few rows at a time, so that every intermediate result stays in the processor's cache."""

from __future__ import annotations

import threading

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from lineage_audit.checkpoint.dtypes import round_to
from lineage_audit.comparison.reading.finite import are_usable
from lineage_audit.comparison.reading.kernels.block import BlockSums, DoubleArray, FloatArray, Rounding
from lineage_audit.comparison.reading.threads import usable_processors

BoolArray = npt.NDArray[np.bool_]

_PIECE_ELEMENTS = 2**17
"""Elements that are worked on at once: four such arrays of float32 fit in two mebibytes."""

_PLAIN = 1e30
"""Squared norm of a row below which every element is a number of believable size."""

_MOST_WORKERS = 8


class NumpyKernel:
    """The processor, with as many threads as it may use: NumPy computes outside of the interpreter."""

    chunk_elements = 2**20

    def __init__(self) -> None:
        self._scratch = threading.local()

    @property
    def workers(self) -> int:
        """Threads worth starting."""
        return min(_MOST_WORKERS, usable_processors())

    def sums(self, a: FloatArray, b: FloatArray, rounding: Rounding) -> BlockSums:
        """Take all sums over two blocks, piece by piece."""
        rows, width = a.shape
        step = max(1, min(rows, _PIECE_ELEMENTS // max(1, width)))
        scratch = self._scratch_for((step, width))
        with np.errstate(invalid="ignore", over="ignore"):
            pieces = [
                _piece(a[start : start + step], b[start : start + step], rounding, scratch)
                for start in range(0, rows, step)
            ]
        return join_rows(pieces)

    def product_sizes(self, b: FloatArray, a: FloatArray) -> FloatArray:
        """Absolute inner products of all rows of B with all rows of A."""
        sizes: FloatArray = b @ a.T
        np.abs(sizes, out=sizes)
        return sizes

    def _scratch_for(self, shape: tuple[int, int]) -> _Scratch:
        held: _Scratch | None = getattr(self._scratch, "held", None)
        if held is None or held.delta.shape != shape:
            held = self._scratch.held = _Scratch.of(shape)
        return held


def join_rows(pieces: list[BlockSums]) -> BlockSums:
    """Join the sums of blocks that follow each other."""
    if len(pieces) == 1:
        return pieces[0]
    return BlockSums(
        rows=np.concatenate([piece.rows for piece in pieces], axis=1),
        columns=np.sum([piece.columns for piece in pieces], axis=0),
        delta_squared=sum(piece.delta_squared for piece in pieces),
        equal=sum(piece.equal for piece in pieces),
        comparable=sum(piece.comparable for piece in pieces),
        copied=sum(piece.copied for piece in pieces),
        rounded=sum(piece.rounded for piece in pieces),
        not_finite=sum(piece.not_finite for piece in pieces),
        not_finite_apart=sum(piece.not_finite_apart for piece in pieces),
        varying=np.concatenate([piece.varying for piece in pieces]),
    )


class _Scratch(Struct, frozen=True, eq=False):
    """Arrays that every piece of one shape uses again."""

    delta: FloatArray
    same: BoolArray
    nonzero: BoolArray

    @classmethod
    def of(cls, shape: tuple[int, int]) -> _Scratch:
        return cls(np.empty(shape, np.float32), np.empty(shape, bool), np.empty(shape, bool))


def _piece(a: FloatArray, b: FloatArray, rounding: Rounding, scratch: _Scratch) -> BlockSums:
    """All sums over a few rows."""
    rows, columns = _products(a, b)
    not_finite = apart = 0
    if not (rows[1:].max() < _PLAIN):  # also where it is NaN
        a, b, not_finite, apart = without_unusable(a, b)
        rows, columns = _products(a, b)
    delta = np.subtract(b, a, out=scratch.delta[: len(a)]).reshape(-1)
    same = np.equal(a, b, out=scratch.same[: len(a)])
    nonzero = np.not_equal(a, 0, out=scratch.nonzero[: len(a)])
    varying = _varying(a)
    if not varying.all():
        nonzero &= varying[:, None]
    equal, comparable = int(np.count_nonzero(same)), int(np.count_nonzero(nonzero))
    copied = int(np.count_nonzero(np.logical_and(same, nonzero, out=nonzero))) if equal else 0
    return BlockSums(
        rows=rows,
        columns=columns,
        delta_squared=float(delta @ delta),
        equal=equal,
        comparable=comparable,
        copied=copied,
        rounded=_equal_after_rounding(a, b, rounding),
        not_finite=not_finite,
        not_finite_apart=apart,
        varying=varying & _varying(b),
    )


def _products(a: FloatArray, b: FloatArray) -> tuple[DoubleArray, DoubleArray]:
    """Row and column sums of a·b, a² and b²."""
    rows, columns = np.empty((3, len(a))), np.empty((3, a.shape[1]))
    for number, (x, y) in enumerate(((a, b), (a, a), (b, b))):
        rows[number] = np.vecdot(x, y)
        columns[number] = np.einsum("ij,ij->j", x, y)
    return rows, columns


def without_unusable(a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray, int, int]:
    """Set elements to zero on both sides where either is no number; count them, and those that differ."""
    usable = are_usable(a) & are_usable(b)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    left_out, apart = int(np.count_nonzero(~usable)), int(np.count_nonzero(~usable & ~same))
    return np.where(usable, a, np.float32(0)), np.where(usable, b, np.float32(0)), left_out, apart


def _varying(values: FloatArray) -> BoolArray:
    """Tell which rows are not one constant, ``[n]``; for most of them two elements tell."""
    varying: BoolArray = values[:, 0] != values[:, -1]
    rest = np.flatnonzero(~varying)
    if len(rest):
        varying[rest] = values[rest].max(axis=1) != values[rest].min(axis=1)
    return varying


def _equal_after_rounding(a: FloatArray, b: FloatArray, rounding: Rounding) -> int:
    if rounding.a:
        return int(np.count_nonzero(round_to(a, rounding.a) == b))
    return int(np.count_nonzero(round_to(b, rounding.b) == a)) if rounding.b else 0
