"""Which model is stored on grids, and are its codes the other's numbers, quantised?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from msgspec.structs import replace

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.source.held import RememberingSource
from lineage_audit.checkpoint.tensors import IntArray, TensorRef
from lineage_audit.comparison.pairing.tensors import TensorPair
from lineage_audit.comparison.reading.measurement import Measurement
from lineage_audit.comparison.reading.plan import SAMPLE_BYTES
from lineage_audit.comparison.requantized.counting import Way, count_matrix, ways_for
from lineage_audit.comparison.requantized.matrices import is_on_grid, matrices_on_grids
from lineage_audit.comparison.requantized.wording import summary_of
from lineage_audit.results import Requantization, RequantizedTensor

Side = Literal["a", "b"]
_Asked = tuple[TensorPair, IntArray]

_CASTS: Mapping[str, tuple[str, ...]] = {"BF16": ("F32", "F16"), "F16": ("F32", "BF16")}
_EVERY_CAST = ("F32", "BF16", "F16")
"""Types that numbers may have gone through on their way; what is stored in one of them loses nothing in it."""


_MOST_KEPT = 4 * SAMPLE_BYTES
"""Bytes that are kept of each model: a sample, norms and matrices that can only be read whole."""


def with_sample_kept(a: Checkpoint, b: Checkpoint) -> tuple[Checkpoint, Checkpoint]:
    """The same two models, keeping what a sample reads of them where their codes may be held against each other."""
    schemes = [{tensor.quantization for tensor in model.tensors} for model in (a, b)]
    if schemes[0] == schemes[1]:
        return a, b
    first, second = (replace(model, source=RememberingSource(model.source, _MOST_KEPT)) for model in (a, b))
    return first, second


def ask_requantization(
    a: Checkpoint, b: Checkpoint, measured: Iterable[Measurement], *, is_whole: bool, budget: int | None = None
) -> Requantization | None:
    """Quantise one model's numbers as the other is stored, and compare; None where neither is coarser on a grid.

    Args:
        a: model A.
        b: model B.
        measured: the pairs, and the rows of them that were read.
        is_whole: every row was read.
        budget: bytes that may be read of each model for it; as many as it takes where it is None.
    """
    before = _Spent(a, b)
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
    asked, unasked = _ask(on_grid, other, by_side[stored], stored, is_whole=is_whole, budget=budget)
    if not asked:
        return None
    of: Side = "a" if stored == "b" else "b"
    summary = summary_of(asked, of, stored, is_whole=is_whole)
    return Requantization(summary, of, stored, is_whole, asked, unasked, before.both)


def _ask(
    on_grid: Checkpoint, other: Checkpoint, pairs: Sequence[_Asked], stored: Side, *, is_whole: bool, budget: int | None
) -> tuple[tuple[RequantizedTensor, ...], tuple[str, ...]]:
    """Every stored matrix that can be asked, and why the others cannot."""
    asked: list[RequantizedTensor] = []
    unasked: list[str] = []
    last: dict[str | None, Way | None] = {}
    spent = _Spent(on_grid, other)
    for matrix in matrices_on_grids(pairs, stored):
        if matrix.obstacle is not None:
            unasked.append(f"{matrix.name}: {matrix.obstacle}")
            continue
        if budget is not None and spent.most + matrix.cost(is_whole=is_whole) > budget:
            unasked.append(f"{matrix.name}: beyond the budget")
            continue
        scheme = matrix.stored.quantization
        casts = _casts_of(matrix.origins[0].tensor)
        found = count_matrix(on_grid, other, matrix, ways_for(matrix, casts, last.get(scheme)), is_whole=is_whole)
        if found is not None:
            tensor, way = found
            last[scheme] = way if tensor.outcome == "remade" else last.get(scheme, way)
            asked.append(tensor)
    return tuple(asked), tuple(unasked)


class _Spent:
    """What is read of two models from now on."""

    def __init__(self, a: Checkpoint, b: Checkpoint) -> None:
        self._sources = a.source, b.source
        self._before = tuple(source.bytes_read for source in self._sources)

    @property
    def _now(self) -> tuple[int, ...]:
        return tuple(one.bytes_read - before for one, before in zip(self._sources, self._before, strict=True))

    @property
    def most(self) -> int:
        """Bytes read of the one of which more was."""
        return max(self._now)

    @property
    def both(self) -> int:
        """Bytes read of both together."""
        return sum(self._now)


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
