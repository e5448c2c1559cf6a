"""Norm gains that were given other values, made up for in the matrices that read the norm: a change of form alone.

Whoever multiplies a gain by a number and divides the columns that it feeds by it leaves the function as it is. The
ratio of the gains is then what the columns' sizes differ by. Only sizes choose, so that the tests on signs stay exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt
from msgspec import Struct, field
from msgspec.structs import replace

from lineage_audit.checkpoint.role_table import NORMED_BY
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import TensorKey
from lineage_audit.comparison.alignment.aligned_tensor import AlignedTensor
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.evidence.base import WeightComparison
from lineage_audit.comparison.pairing.tensors import TensorPair
from lineage_audit.comparison.reading.measurement import Measurement
from lineage_audit.comparison.verdict.thresholds import MATCHED_CHANNELS

FloatArray = npt.NDArray[np.float32]
DoubleArray = npt.NDArray[np.float64]


class MovedGains(Struct, frozen=True, eq=False):
    """What the columns of A's matrices are multiplied by because the gains before them differ.

    Attributes:
        columns: factors by B's place, ``[in]``; empty where no gain was moved.
        negative: channels of norms whose gain has the other sign.
    """

    columns: Mapping[TensorKey, FloatArray] = field(default_factory=dict)
    negative: int = 0

    @property
    def is_trivial(self) -> bool:
        """Whether no gain was moved."""
        return not self.columns

    def applied(self, pairs: list[TensorPair]) -> list[TensorPair]:
        """The same pairs with the factors in their alignment."""
        return [self._applied(pair) for pair in pairs]

    def _applied(self, pair: TensorPair) -> TensorPair:
        factor = self.columns.get(pair.b.key)
        if factor is None:
            return pair
        aligned = pair.aligned_a or AlignedTensor()
        so_far = aligned.column_factor
        return replace(pair, aligned_a=replace(aligned, column_factor=factor if so_far is None else so_far * factor))


def fit_gains(a: CanonicalWeights, b: CanonicalWeights, comparison: WeightComparison) -> MovedGains:
    """The ratio of the gains, where it makes up for how the columns of the matrices that read them differ."""
    readers = [(part, ratio) for part in comparison.matrices() if (ratio := _ratio(a, b, part)) is not None]
    signs = {part.pair.b.key: np.sign(ratio) for part, ratio in readers}
    moved = _are_made_up_for(readers)
    columns = {
        part.pair.b.key: (ratio if moved else signs[part.pair.b.key]).astype(np.float32)
        for part, ratio in readers
        if (moved and np.ptp(np.log(np.abs(ratio))) > MATCHED_CHANNELS.least_moved)
        or (signs[part.pair.b.key] < 0).any()
    }
    norms = {(part.pair.b.layer, NORMED_BY[part.pair.b.role]): int((ratio < 0).sum()) for part, ratio in readers}
    return MovedGains(columns, sum(norms.values()))


def _ratio(a: CanonicalWeights, b: CanonicalWeights, part: Measurement) -> DoubleArray | None:
    """A's gain over B's for each column of B, a sign only where both gains are clear; None where none is known."""
    pair, aligned = part.pair, part.pair.aligned_a or AlignedTensor()
    if pair.b.role not in NORMED_BY or aligned.rotation is not None or aligned.a_gain is not None:
        return None
    gain_a, gain_b = a.gain(pair.a.role, pair.a.layer), b.gain(pair.b.role, pair.b.layer)
    if gain_a is None or gain_b is None:
        return None
    if aligned.columns is not None and int(aligned.columns.max(initial=-1)) < len(gain_a):
        gain_a = gain_a[aligned.columns]
    if not len(gain_a) == len(gain_b) == len(part.columns.aa):
        return None
    sizes_a, sizes_b = np.abs(gain_a).astype(np.float64), np.abs(gain_b).astype(np.float64)
    known = (sizes_a > 0) & (sizes_b > 0)
    ratio = np.divide(sizes_a, sizes_b, out=np.ones_like(sizes_a), where=known)
    clear = (sizes_a >= MATCHED_CHANNELS.clear_gain * np.median(sizes_a)) & (
        sizes_b >= MATCHED_CHANNELS.clear_gain * np.median(sizes_b)
    )
    return np.where(clear & (gain_a * gain_b < 0), -ratio, ratio)


def _are_made_up_for(readers: list[tuple[Measurement, DoubleArray]]) -> bool:
    """Tell whether the columns' sizes differ by the gains' ratio, over all matrices together."""
    before = after = moved = 0.0
    for part, ratio in readers:
        known = (part.columns.aa > 0) & (part.columns.bb > 0)
        if known.sum() < 2:
            continue
        sizes = np.log(part.columns.bb[known] / part.columns.aa[known]) / 2
        gains = np.log(np.abs(ratio[known]))
        before += float(np.square(sizes - sizes.mean()).sum())
        after += float(np.square(sizes - gains - (sizes - gains).mean()).sum())
        moved = max(moved, float(gains.std()))
    return moved > MATCHED_CHANNELS.least_moved and after <= (1 - MATCHED_CHANNELS.gains_explain) * before


Side = Literal["a", "b"]

_READERS = (Role.Q, Role.UP)
"""Roles that read the residual stream through the two norms of a layer."""


def folded_side(a: CanonicalWeights, b: CanonicalWeights) -> Side | None:
    """The model all of whose gains are constant while the other's are not; None where they do not differ so."""
    constant_a, constant_b = _has_constant_gains(a), _has_constant_gains(b)
    if constant_a is None or constant_b is None or constant_a == constant_b:
        return None
    return "a" if constant_a else "b"


def _has_constant_gains(weights: CanonicalWeights) -> bool | None:
    """Whether every gain is constant; None where there is none in the layers."""
    gains = [gain for role in _READERS for layer in weights.layers() if (gain := weights.gain(role, layer)) is not None]
    spreads = [float(np.ptp(gain)) / max(abs(float(gain.mean())), 1e-12) for gain in gains]
    return all(spread <= MATCHED_CHANNELS.constant_gain for spread in spreads) if spreads else None
