"""Norm gains times the size of the columns that they feed: what moving or folding a gain leaves as it is.

A gain that was moved into the matrices, folded into them, or planted from another model says nothing of training any
more. The product of the two does: it is what the matrices read of a channel, and it deviates from its start as the
gains themselves do (fine-tunes .94 beside .96; one initialisation on another corpus .17 beside .07).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lineage_audit.checkpoint.role_table import NORMED_BY
from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.alignment.aligned_tensor import AlignedTensor
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.evidence.base import (
    TestDescription,
    WeightComparison,
    not_measured,
    standardised,
    test_result,
)
from lineage_audit.comparison.evidence.norm_gains import normal_log10_tail, permutation_z
from lineage_audit.comparison.reading.finite import NOTHING, ratio
from lineage_audit.comparison.reading.measurement import Measurement
from lineage_audit.results import Evidence

DoubleArray = npt.NDArray[np.float64]

TEST = TestDescription(
    "aligned-fed-gains",
    "After alignment: do norm gains times the columns that they feed deviate in the same channels?",
    "independent trainings number channels at random; normal approximation to the permutation distribution",
    grade="calibrated",
)

_Norm = tuple[int | None, Role]


def measure_fed_gains(a: CanonicalWeights, b: CanonicalWeights, comparison: WeightComparison) -> Evidence:
    """Correlate the logarithms over channels, centred in each norm, against permutations of channels."""
    squares: dict[_Norm, list[tuple[DoubleArray, DoubleArray]]] = defaultdict(list)
    elements = 0
    for part in comparison.matrices():
        read = _read_of_channels(a, b, part)
        if read is not None:
            squares[part.pair.b.layer, NORMED_BY[part.pair.b.role]].append(read)
            elements += part.elements
    channels = {len(one) for norms in squares.values() for one, _ in norms}
    if len(channels) != 1:
        return not_measured(TEST, "skipped", "no columns behind a norm were compared")
    of_a, of_b = (np.stack([standardised(_logarithms(norms, side)) for norms in squares.values()]) for side in (0, 1))
    correlation, z = permutation_z(of_a, of_b)
    count = channels.pop()
    return test_result(
        TEST,
        statistic=z,
        log10_p=normal_log10_tail(z),
        effect=correlation,
        finding=f"gains times the columns that they feed correlate at {correlation:.2f} over {count:,} channels of "
        f"{len(squares):,} norms; chance gives 0",
        count=count,
        coverage=elements / max(1, comparison.parameters),
    )


def _read_of_channels(
    a: CanonicalWeights, b: CanonicalWeights, part: Measurement
) -> tuple[DoubleArray, DoubleArray] | None:
    """Squared size of what a matrix reads of each channel of aligned A and of B, gains included; None if unknown."""
    pair, aligned_a = part.pair, part.pair.aligned_a or AlignedTensor()
    if pair.b.role not in NORMED_BY or aligned_a.rotation is not None:
        return None
    gain_a, gain_b = a.gain(pair.a.role, pair.a.layer), b.gain(pair.b.role, pair.b.layer)
    squares_a, squares_b = part.columns.aa, part.columns.bb
    if aligned_a.column_factor is not None:  # what moved gains were made up for by is no part of A
        squares_a = ratio(squares_a, np.square(aligned_a.column_factor, dtype=np.float64))
    if aligned_a.a_gain is None and gain_a is not None:
        squares_a = _times(squares_a, gain_a if aligned_a.columns is None else gain_a[aligned_a.columns])
    if aligned_a.b_gain is None and gain_b is not None:
        squares_b = _times(squares_b, gain_b)
    known = len(squares_a) == len(squares_b) and (squares_a > 0).any() and (squares_b > 0).any()
    return (squares_a, squares_b) if known else None


def _logarithms(norms: Sequence[tuple[DoubleArray, DoubleArray]], side: int) -> DoubleArray:
    sums: DoubleArray = np.sum([norm[side] for norm in norms], axis=0)
    return np.log(np.maximum(sums, NOTHING))


def _times(squares: DoubleArray, gain: npt.NDArray[np.float32]) -> DoubleArray:
    return squares * np.square(gain, dtype=np.float64) if len(gain) == len(squares) else np.empty(0)
