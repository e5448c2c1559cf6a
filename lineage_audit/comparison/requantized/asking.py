"""Which model is stored on grids, and are its codes the other's numbers, quantised?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.tensors import IntArray, TensorRef
from lineage_audit.comparison.pairing.tensors import TensorPair
from lineage_audit.comparison.reading.measurement import Measurement
from lineage_audit.comparison.requantized.counting import Way, count_matrix, ways_for
from lineage_audit.comparison.requantized.matrices import is_on_grid, matrices_on_grids
from lineage_audit.comparison.requantized.wording import summary_of
from lineage_audit.results import Requantization, RequantizedTensor

Side = Literal["a", "b"]
_Asked = tuple[TensorPair, IntArray]

_CASTS: Mapping[str, tuple[str, ...]] = {"BF16": ("F32", "F16"), "F16": ("F32", "BF16")}
_EVERY_CAST = ("F32", "BF16", "F16")
"""Types that numbers may have gone through on their way; what is stored in one of them loses nothing in it."""


def ask_requantization(
    a: Checkpoint, b: Checkpoint, measured: Iterable[Measurement], *, is_whole: bool
) -> Requantization | None:
    """Quantise one model's numbers as the other is stored, and compare; None where neither is coarser on a grid.

    Args:
        a: model A.
        b: model B.
        measured: the pairs, and the rows of them that were read.
        is_whole: every row was read.
    """
    pairs = [(one.pair, one.positions) for one in measured if one.is_matrix and one.pair.aligned_a is None]
    by_side: dict[Side, list[_Asked]] = {"b": [], "a": []}
    for pair, positions in pairs:
        side = _stored_side(pair)
        if side is not None:
            by_side[side].append((pair, positions))
    stored: Side = max(by_side, key=lambda side: sum(pair.b.size for pair, _ in by_side[side]))
    if not by_side[stored]:
        return None
    on_grid, other = (b, a) if stored == "b" else (a, b)
    asked, unasked = _ask(on_grid, other, by_side[stored], stored, is_whole=is_whole)
    if not asked:
        return None
    of: Side = "a" if stored == "b" else "b"
    return Requantization(summary_of(asked, of, stored, is_whole=is_whole), of, stored, is_whole, asked, unasked)


def _ask(
    on_grid: Checkpoint, other: Checkpoint, pairs: Sequence[_Asked], stored: Side, *, is_whole: bool
) -> tuple[tuple[RequantizedTensor, ...], tuple[str, ...]]:
    """Every stored matrix that can be asked, and why the others cannot."""
    asked: list[RequantizedTensor] = []
    unasked: list[str] = []
    last: dict[str | None, Way | None] = {}
    for matrix in matrices_on_grids(pairs, stored):
        if matrix.obstacle is not None:
            unasked.append(f"{matrix.name}: {matrix.obstacle}")
            continue
        scheme = matrix.stored.quantization
        casts = _casts_of(matrix.origins[0].tensor)
        found = count_matrix(on_grid, other, matrix, ways_for(matrix, casts, last.get(scheme)), is_whole=is_whole)
        if found is not None:
            tensor, way = found
            last[scheme] = way if tensor.outcome == "remade" else last.get(scheme, way)
            asked.append(tensor)
    return tuple(asked), tuple(unasked)


def _stored_side(pair: TensorPair) -> Side | None:
    """The side on a grid, of two the one of fewer bits; None where neither is, or both are stored alike."""
    if pair.a.quantization == pair.b.quantization:
        return None
    on_grid = {"a": _is_on_grid(pair.a), "b": _is_on_grid(pair.b)}
    if all(on_grid.values()):
        return "b" if _bits(pair.b) <= _bits(pair.a) else "a"
    return "b" if on_grid["b"] else "a" if on_grid["a"] else None


def _is_on_grid(tensor: TensorRef) -> bool:
    return all(is_on_grid(part.stored) for part in tensor.parts)


def _bits(tensor: TensorRef) -> float:
    return tensor.parts[0].stored.element_bits


def _casts_of(tensor: TensorRef) -> tuple[str, ...]:
    return _EVERY_CAST if tensor.quantization is not None else _CASTS.get(tensor.dtype, _EVERY_CAST)
