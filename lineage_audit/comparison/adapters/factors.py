"""The factors of two adapters, module by module, and what corresponds in them.

The update of a module is ``scaling * B @ A``. Its units are the ranks: row i of A with column i of B. Negating both, or
numbering the units in another order, leaves the update as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.adapter import LowRankPair, read_parts
from lineage_audit.checkpoint.composed.base_modules import canonical
from lineage_audit.checkpoint.names.patterns import numbered
from lineage_audit.checkpoint.reading import RowRequest, is_readable
from lineage_audit.checkpoint.tensors import TensorRef
from lineage_audit.comparison.alignment.assignment import assign
from lineage_audit.comparison.reading.finite import zero_where_unusable

FloatArray = npt.NDArray[np.float32]
DoubleArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_LARGEST = 2**27
"""Elements of the largest module that is read."""

_MOST_RANKS = 4096

_BLOCK = 4 * 2**20
"""Elements of a tensor beside the factors that are held at once."""


class SharedModules(Struct, frozen=True):
    """Modules that both adapters have, with the same shapes, and what is left over on each side."""

    pairs: tuple[tuple[LowRankPair, LowRankPair], ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    mismatched: tuple[str, ...]


class ModuleAgreement(Struct, frozen=True, eq=False):
    """What one module of two adapters has in common.

    Attributes:
        module: its name in B.
        layer: its layer, or None.
        width: elements of a row of A, and of a column of B.
        started: cosines of the half that starts at random (A; for embeddings B), ``[B's units, A's units]``.
        trained: those of the half that starts at zero.
        update: cosine of the two updates, or NaN where one is zero.
        elements: elements of B's factors.
        equal: how many of them are bit-identical to A's; 0 where the ranks differ.
        nonzero: whether the half that starts at zero has moved in both.
    """

    module: str
    layer: int | None
    width: tuple[int, int]
    started: DoubleArray
    trained: DoubleArray
    update: float
    elements: int
    equal: int
    nonzero: bool

    @property
    def is_copied(self) -> bool:
        """Whether both factors are bit-identical, the one that started at zero moved."""
        return self.nonzero and self.equal == self.elements

    def matching(self) -> IntArray:
        """For each unit of B the unit of A that is nearest by the sizes of the cosines alone, or -1.

        Sizes do not change when a unit is negated, so the signs are still free to be tested.
        """
        sizes = np.abs(np.nan_to_num(self.started)) + np.abs(np.nan_to_num(self.trained))
        if sizes.shape[0] <= sizes.shape[1]:
            return np.asarray(assign(sizes.astype(np.float32)), dtype=np.int64)
        found = np.full(sizes.shape[0], -1, dtype=np.int64)
        found[assign(sizes.T.astype(np.float32))] = np.arange(sizes.shape[1])
        return found


def share_modules(a: Checkpoint, b: Checkpoint) -> SharedModules:
    """Pair the modules of two adapters by name."""
    parts_a = {canonical(pair.module): pair for pair in read_parts(a.container.tensors).pairs}
    parts_b = {canonical(pair.module): pair for pair in read_parts(b.container.tensors).pairs}
    both = [name for name in parts_b if name in parts_a]
    fitting = [name for name in both if _fit(parts_a[name], parts_b[name])]
    return SharedModules(
        pairs=tuple((parts_a[name], parts_b[name]) for name in fitting),
        only_a=tuple(pair.module for name, pair in parts_a.items() if name not in parts_b),
        only_b=tuple(pair.module for name, pair in parts_b.items() if name not in parts_a),
        mismatched=tuple(parts_b[name].module for name in both if name not in set(fitting)),
    )


def _fit(a: LowRankPair, b: LowRankPair) -> bool:
    small = all(pair.a.size + pair.b.size <= _LARGEST and pair.rank <= _MOST_RANKS for pair in (a, b))
    return a.shape == b.shape and a.is_embedding == b.is_embedding and small


def measure_modules(
    a: Checkpoint, b: Checkpoint, pairs: Sequence[tuple[LowRankPair, LowRankPair]]
) -> Iterator[ModuleAgreement]:
    """Read the factors of both adapters, a module at a time, and hold them against each other."""
    refs_a, refs_b = ({ref.name: ref for ref in one.tensors} for one in (a, b))
    for pair_a, pair_b in pairs:
        wanted_a = [refs_a[stored.name] for stored in (pair_a.a, pair_a.b)]
        wanted_b = [refs_b[stored.name] for stored in (pair_b.a, pair_b.b)]
        if all(map(is_readable, (*wanted_a, *wanted_b))):
            yield _measured(pair_b, _factors(a, wanted_a), _factors(b, wanted_b))


def _factors(checkpoint: Checkpoint, refs: Sequence[TensorRef]) -> tuple[FloatArray, FloatArray]:
    """A as ``[rank, in]`` and B as ``[rank, out]``."""
    first, second = checkpoint.read([RowRequest(ref, np.arange(ref.shape[0])) for ref in refs])
    return zero_where_unusable(first), np.ascontiguousarray(zero_where_unusable(second).T)


def _measured(
    pair: LowRankPair, ours: tuple[FloatArray, FloatArray], theirs: tuple[FloatArray, FloatArray]
) -> ModuleAgreement:
    (down_a, up_a), (down_b, up_b) = ours, theirs
    of_down, of_up = _cosines(down_b, down_a), _cosines(up_b, up_a)
    started, trained = (of_up, of_down) if pair.is_embedding else (of_down, of_up)
    zero_half = (down_a, down_b) if pair.is_embedding else (up_a, up_b)
    same = down_a.shape == down_b.shape
    return ModuleAgreement(
        module=pair.module,
        layer=numbered(pair.module).layer,
        width=(down_b.shape[1], up_b.shape[1]),
        started=started,
        trained=trained,
        update=_update_cosine(ours, theirs),
        elements=down_b.size + up_b.size,
        equal=int(np.count_nonzero(down_a == down_b) + np.count_nonzero(up_a == up_b)) if same else 0,
        nonzero=bool(zero_half[0].any() and zero_half[1].any()),
    )


def same_beside_factors(a: Checkpoint, b: Checkpoint) -> bool:
    """Tell whether two adapters hold the same beside their factors: DoRA's lengths, biases, tensors trained whole."""
    others_a, others_b = ({canonical(ref.name): ref for ref in _beside_factors(one)} for one in (a, b))
    if others_a.keys() != others_b.keys():
        return False
    return all(_are_equal(a, others_a[name], b, others_b[name]) for name in others_a)


def _beside_factors(checkpoint: Checkpoint) -> list[TensorRef]:
    factors = {stored.name for pair in read_parts(checkpoint.container.tensors).pairs for stored in (pair.a, pair.b)}
    return [ref for ref in checkpoint.tensors if ref.name not in factors]


def _are_equal(a: Checkpoint, ref_a: TensorRef, b: Checkpoint, ref_b: TensorRef) -> bool:
    if ref_a.shape != ref_b.shape or not ref_a.shape or not (is_readable(ref_a) and is_readable(ref_b)):
        return False
    rows = ref_a.shape[0]
    step = max(1, _BLOCK * rows // max(1, ref_a.size))
    blocks = ((low, min(low + step, rows)) for low in range(0, rows, step))
    return all(np.array_equal(a.rows(ref_a, *block), b.rows(ref_b, *block)) for block in blocks)


def _cosines(b: FloatArray, a: FloatArray) -> DoubleArray:
    """Cosines of every row of ``b`` with every row of ``a``; NaN where a row is zero."""
    double_a, double_b = a.astype(np.float64), b.astype(np.float64)
    lengths = np.linalg.norm(double_b, axis=1)[:, None] * np.linalg.norm(double_a, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        cosines: DoubleArray = np.where(lengths > 0, double_b @ double_a.T / lengths, np.nan)
    return cosines


def _update_cosine(ours: tuple[FloatArray, FloatArray], theirs: tuple[FloatArray, FloatArray]) -> float:
    """Cosine of the two products as long vectors, through their small Gram matrices."""
    (down_a, up_a), (down_b, up_b) = (tuple(factor.astype(np.float64) for factor in side) for side in (ours, theirs))
    dot = float(((up_a @ up_b.T) * (down_a @ down_b.T)).sum())
    squares = [float(((up @ up.T) * (down @ down.T)).sum()) for down, up in ((down_a, up_a), (down_b, up_b))]
    return dot / (squares[0] * squares[1]) ** 0.5 if min(squares) > 0 else float("nan")
