"""Mixed layers: a layer of the shallower model is a mixture of two neighbours of the deeper one, number by number.

The reconstruction is carried out on some rows of every matrix: the two layers, in shares fitted to all of them
together, must give the layer far better than the nearer one alone.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.alignment.canonical import layer_numbers
from lineage_audit.comparison.alignment.maps import Alignment, MixedLayer
from lineage_audit.comparison.reading.role_rows import read_role_rows
from lineage_audit.comparison.verdict.thresholds import MIXED_LAYERS

_ROLES = (Role.Q, Role.K, Role.V, Role.O, Role.GATE, Role.UP, Role.DOWN)
_ROWS = 32
"""Rows of each matrix that are read."""


def find_mixed_layers(deeper: Checkpoint, shallower: Checkpoint, alignment: Alignment) -> tuple[MixedLayer, ...]:
    """The layers of the shallower model that mix a layer with a neighbour which has no counterpart of its own.

    Where a layer has no source either, the mixed ones may be any two between the sources of those around it.
    """
    if alignment.residual.kind != "same":
        return ()
    gone = set(layer_numbers(deeper)) - set(alignment.layers.values())
    found = []
    for layer in layer_numbers(shallower):
        for source, neighbour in _candidates(layer, alignment.layers):
            is_free = neighbour in gone and (source in gone or layer in alignment.layers)
            mixed = _mixture(deeper, shallower, layer, source, neighbour) if is_free else None
            if mixed is not None:
                found.append(mixed)
                gone -= {source, neighbour}
                break
    return tuple(found)


def _candidates(layer: int, sources: Mapping[int, int]) -> list[tuple[int, int]]:
    """Layers of the deeper model, a neighbour beside each, that a layer may be mixed of."""
    if layer in sources:
        return [(sources[layer], sources[layer] + step) for step in (-1, 1)]
    before = max((a for b, a in sources.items() if b < layer), default=-1)
    after = min((a for b, a in sources.items() if b > layer), default=before + 3)
    return [(source, source + 1) for source in range(before + 1, after - 1)]


def _mixture(deeper: Checkpoint, shallower: Checkpoint, layer: int, source: int, neighbour: int) -> MixedLayer | None:
    """Fit the shares of two layers, if both are needed."""
    gram = np.zeros((3, 3))
    roles = 0
    for role in _ROLES:
        rows = [_rows(shallower, role, layer), _rows(deeper, role, source), _rows(deeper, role, neighbour)]
        known = [one.astype(np.float64).ravel() for one in rows if one is not None]
        if len(known) == len(rows) and len({len(one) for one in known}) == 1:
            vectors = np.stack(known)
            gram += vectors @ vectors.T
            roles += 1
    if roles < MIXED_LAYERS.fewest_roles or gram[0, 0] <= 0 or gram[1, 1] <= 0 or np.linalg.det(gram[1:, 1:]) <= 0:
        return None
    shares = np.linalg.solve(gram[1:, 1:], gram[1:, 0])
    alone = gram[0, 0] - gram[0, 1] ** 2 / gram[1, 1]
    left = max(0.0, float(gram[0, 0] - shares @ gram[1:, 0]))
    if shares.min() < MIXED_LAYERS.least_share or left > MIXED_LAYERS.left * alone:
        return None
    order = sorted(zip((source, neighbour), shares.tolist(), strict=True))
    (first, share), (second, other) = order
    return MixedLayer(layer, (first, second), (share, other), float((left / gram[0, 0]) ** 0.5))


def _rows(checkpoint: Checkpoint, role: Role, layer: int) -> npt.NDArray[np.float32] | None:
    """The first rows of a matrix; None where there is none that can be read."""
    return read_role_rows(checkpoint, role, layer, lambda count: np.arange(min(_ROWS, count)))
