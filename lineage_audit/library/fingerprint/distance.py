"""How far two sets of sketches lie apart, read through the quantisation.

Levels hide small differences and exaggerate them in the mean: a difference of δ moves a level with probability
δ / step, by a whole step. The expected squared difference of levels is a function of δ, which is inverted here.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from lineage_audit.library.fingerprint.parameters import SketchScheme
from lineage_audit.library.fingerprint.values import Levels

DoubleArray = npt.NDArray[np.float64]


def relative_distance(a: Levels, b: Levels, scheme: SketchScheme) -> float | None:
    """‖b - a‖ / ‖a‖ of vectors scaled to one length; each of B's vectors is turned the way A's points.

    Args:
        a: levels ``[vectors, numbers]``.
        b: the same of the other model.
        scheme: the step between levels.
    """
    usable = a.any(axis=1) & b.any(axis=1)
    if not usable.any():
        return None
    left, right = a[usable].astype(np.int32), b[usable].astype(np.int32)
    signs = np.sign(np.einsum("ij,ij->i", left, right)).astype(np.int32)
    squared = float(np.mean(np.square(right * np.where(signs == 0, 1, signs)[:, None] - left)))
    distances, seen = _curve(scheme.step, scheme.largest)
    return float(np.interp(squared, seen, distances))


@lru_cache(maxsize=2)
def _curve(step: float, largest: int) -> tuple[DoubleArray, DoubleArray]:
    """Distances from 0 to √2, and the mean squared difference of levels that each gives for normal numbers."""
    distances = np.concatenate([[0.0], np.geomspace(1e-3, np.sqrt(2.0), 60)])
    nodes, weights = np.polynomial.hermite_e.hermegauss(160)
    weights = weights / weights.sum()
    offsets = (np.arange(400) + 0.5) / 400 * 12 - 6
    density = np.exp(-(offsets**2) / 2)
    density /= density.sum()
    own = np.clip(np.rint(offsets / step), -largest, largest)
    seen = []
    for distance in distances:
        cosine = 1 - distance**2 / 2
        other = offsets[:, None] * cosine + nodes * np.sqrt(max(0.0, 1 - cosine**2))
        levels = np.clip(np.rint(other / step), -largest, largest)
        seen.append(float(density @ (np.square(levels - own[:, None]) @ weights)))
    return distances, np.maximum.accumulate(np.array(seen))
