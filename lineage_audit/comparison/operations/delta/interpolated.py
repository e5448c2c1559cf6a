"""Interpolated: every matrix is the same share of the other side's, and the rest shares nothing with it.

A training keeps its parent whole; two trainings of one start keep unequal shares of each other in every matrix. One
share for all of them was chosen by hand: a blend toward a model that is not at hand, so that it cannot be made again.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lineage_audit.comparison.operations.delta.difference import Difference
from lineage_audit.comparison.operations.delta.matrices import MatrixPair
from lineage_audit.comparison.operations.directed import DirectedOperation, directed
from lineage_audit.comparison.pairing.tensors import TOKEN_ROLES
from lineage_audit.comparison.reading.finite import ratio
from lineage_audit.comparison.verdict.thresholds import INTERPOLATED, SLOPES
from lineage_audit.results import Direction


def find_interpolation(difference: Difference) -> DirectedOperation | None:
    """Name the share of the one side in the other, and the side that was blended."""
    return _blended(difference, "aa") or _blended(difference, "bb")


def _dependence(changed: Sequence[MatrixPair], share: float, whole: str) -> float:
    """Correlation of the rest's squares with those of the blended side, in the median: another model's have none."""
    found = []
    for pair in changed:
        own, blend = (pair.rows_a, pair.rows_b) if whole == "aa" else (pair.rows_b, pair.rows_a)
        rest = np.square(blend - np.float32(share) * own).ravel()
        found.append(abs(float(np.corrcoef(rest, np.square(own).ravel())[0, 1])))
    return float(np.median(found)) if found else 1.0


def _is_kept_whole(dots: npt.NDArray[np.float64], others: npt.NDArray[np.float64]) -> bool:
    """Tell whether the whole side is the other one and something new: then it was trained on from that."""
    return SLOPES.kept_whole[0] <= float(np.median(ratio(dots, others))) <= SLOPES.kept_whole[1]


def _blended(difference: Difference, whole: str) -> DirectedOperation | None:
    """The operation where the side whose sizes are ``whole`` was blended into the other."""
    parts = [part for part in difference.comparison.matrices() if part.pair.b.role not in TOKEN_ROLES]
    if len(parts) < INTERPOLATED.fewest:
        return None
    dots = np.array([float(part.rows.dot.sum()) for part in parts])
    sizes = np.array([float(getattr(part.rows, whole).sum()) for part in parts])
    others = np.array([float(getattr(part.rows, "bb" if whole == "aa" else "aa").sum()) for part in parts])
    known = sizes > 0
    shares = dots[known] / sizes[known]
    share, spread = float(np.median(shares)), float(shares.std())
    if not SLOPES.related_matrix <= share <= INTERPOLATED.largest_share or spread > INTERPOLATED.one_share:
        return None
    if _is_kept_whole(dots[known], others[known]) and abs(share - 0.5) > INTERPOLATED.near_half:
        return None
    rest = np.sqrt(np.maximum(others[known] - share**2 * sizes[known], 0.0) / sizes[known]) / (1 - share)
    if not INTERPOLATED.others_size[0] <= float(np.median(rest)) <= INTERPOLATED.others_size[1]:
        return None
    if _dependence(difference.changed, share, whole) > INTERPOLATED.dependent:
        return None
    name, other = ("B", "A") if whole == "aa" else ("A", "B")
    shows: Direction = "a->b" if whole == "aa" else "b->a"
    detail = f"{name} is {share:.2f} of {other} and {1 - share:.2f} of what shares nothing with it"
    evidence = (
        f"slopes of {len(shares)} matrices lie within {spread:.3f} of each other; what was blended in is not known"
    )
    return directed("interpolated", detail, evidence, shows)
