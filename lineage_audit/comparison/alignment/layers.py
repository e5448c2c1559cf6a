"""Which layer of A each layer of B comes from, many to one: duplicated, dropped and reordered layers come out.

A pair of layers is scored by how clearly a few FFN units of B find a match among A's, by gate rows alone. Scores are
match margins of the best match over the second best, so they need no calibration by width.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import numpy.typing as npt

from lineage_audit.comparison.alignment.assignment import clear_match_margin, mean_match_margin
from lineage_audit.comparison.alignment.basis import Basis, SharedBasis
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.alignment.maps import FloatArray, ResidualMap
from lineage_audit.comparison.alignment.spreading import spread_numbers
from lineage_audit.comparison.reading.kernels import active_kernel
from lineage_audit.comparison.verdict.thresholds import MATCHED_UNITS

_PROBED_UNITS = 64


def find_layer_map(
    a: CanonicalWeights,
    b: CanonicalWeights,
    basis: SharedBasis,
    likely: Mapping[int, int],
    known: Mapping[int, int],
) -> dict[int, int]:
    """For each layer of B its layer of A, where one stands out.

    Args:
        a: model A.
        b: model B.
        basis: what the rows of both are held against each other in.
        likely: layer of B -> layer of A, by what is cheaper to ask; each is confirmed by its gate rows, and only
            layers without one are held against all of A's, which costs as many products as there are pairs.
        known: the same of layers that need no asking.
    """
    found = dict(known) | {
        layer_b: layer_a
        for layer_b, layer_a in likely.items()
        if layer_b not in known and _belong_together(a, b, basis, layer_a, layer_b)
    }
    for one, least in _bases(basis):
        layers_b = [layer for layer in b.layers() if layer not in found]
        if not layers_b:
            break
        found |= _clear_sources(found, a.layers(), layers_b, layer_scores(a, b, one, a.layers(), layers_b), least)
    return dict(sorted(found.items()))


def _bases(basis: SharedBasis) -> Iterator[tuple[Basis, float]]:
    """What layers are looked for in, the cheaper first, each with the score at which one counts as found."""
    if basis.coarse is not None:
        yield basis.coarse, MATCHED_UNITS.coarse_margin
    yield basis, clear_match_margin(MATCHED_UNITS.layer_margin, basis.width)


def _clear_sources(
    known: Mapping[int, int],
    layers_a: list[int],
    layers_b: list[int],
    scores: npt.NDArray[np.float64],
    least: float,
) -> dict[int, int]:
    """For each layer of B the layer of A with the best score, if that is large enough."""
    found: dict[int, int] = {}
    for row, layer in enumerate(layers_b):
        best = float(scores[row].max(initial=0.0))
        if best < least:
            continue
        close = [layers_a[column] for column in np.flatnonzero(scores[row] >= best - MATCHED_UNITS.tie)]
        following = found.get(layer - 1, known.get(layer - 1, -2)) + 1
        found[layer] = following if following in close else layers_a[int(scores[row].argmax())]
    return found


def _belong_together(a: CanonicalWeights, b: CanonicalWeights, basis: SharedBasis, layer_a: int, layer_b: int) -> bool:
    score = layer_scores(a, b, basis, [layer_a], [layer_b])[0, 0]
    return bool(score >= clear_match_margin(MATCHED_UNITS.layer_margin, basis.width))


def have_copies(weights: CanonicalWeights, layers: Iterable[int]) -> bool:
    """Tell whether some of a model's layers stand out as copies of other layers of the same model."""
    numbers, asked = weights.layers(), sorted(layers)
    if not asked:
        return False
    basis = SharedBasis(weights, weights, ResidualMap("same"))
    scores = layer_scores(weights, weights, basis, numbers, asked)
    own = np.array(numbers) == np.array(asked)[:, None]
    return bool((np.where(own, 0.0, scores) >= clear_match_margin(MATCHED_UNITS.layer_margin, basis.width)).any())


def layer_scores(
    a: CanonicalWeights, b: CanonicalWeights, basis: Basis, layers_a: list[int], layers_b: list[int]
) -> npt.NDArray[np.float64]:
    """Mean match margin of B's probed units among A's, ``[layers of B, layers of A]``; 0 where none can be compared."""
    kernel = active_kernel()
    probes = {layer: _probes(b, layer, basis) for layer in layers_b}
    scores = np.zeros((len(layers_b), len(layers_a)))
    for column, layer_a in enumerate(layers_a):
        aligned_tensors = [
            rows for block in a.ffns(layer_a) if (rows := a.units_carried(block, basis.aligned_a)) is not None
        ]
        for row, layer_b in enumerate(layers_b):
            fitting = (
                (probe, aligned_a)
                for probe in probes[layer_b]
                for aligned_a in aligned_tensors
                if aligned_a.shape[1] == probe.shape[1]
            )
            match_margins = (
                mean_match_margin(kernel.product_sizes(probe, aligned_a), aligned_a) for probe, aligned_a in fitting
            )
            scores[row, column] = max(match_margins, default=0.0)
    return scores


def _probes(weights: CanonicalWeights, layer: int, basis: Basis) -> list[FloatArray]:
    """A few rows of each matrix that stands for a layer, spread evenly, in the shared basis."""
    found = []
    for tensor in weights.proposing(layer):
        units = np.arange(tensor.shape[0])[weights.proposers]
        chosen = spread_numbers(len(units), _PROBED_UNITS)
        probed = weights.some_rows(tensor.role, layer, tensor.expert, units[chosen])
        if probed is not None:
            found.append(basis.own(probed))
    return found
