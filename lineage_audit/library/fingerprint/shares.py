"""How much of B the matched sketches explain, and how far it has moved."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.reading.measurement import DoubleArray
from lineage_audit.comparison.shares.weights import Shares
from lineage_audit.comparison.verdict.thresholds import SHARES, SKETCHES
from lineage_audit.library.fingerprint.distance import relative_distance
from lineage_audit.library.fingerprint.parameters import SCHEME
from lineage_audit.library.fingerprint.values import Fingerprint
from lineage_audit.library.fingerprint.vectors import Correspondence, LayerPair, Part
from lineage_audit.results import LayerRow

SKETCHED: tuple[tuple[Part, Role], ...] = (
    ("units", Role.GATE),
    ("units", Role.UP),
    ("units", Role.DOWN),
    ("values", Role.V),
    ("values", Role.O),
    ("keys", Role.K),
    ("keys", Role.Q),
)
"""Every sketched role with the block that holds it."""


@dataclass(frozen=True, slots=True)
class RoleAgreement:
    """One role of one pair of layers.

    Attributes:
        b: layer of B.
        a: layer of A.
        role: the role.
        correlation: mean cosine; where units were searched for, ``alike``.
        alike: root mean square cosine, what noise adds taken off, whatever the signs.
        distance: relative distance of the two.
        matched: share of the sketched vectors that have a counterpart.
        derived: share of them that agree beyond chance.
        size_a: mean squared norm in A, 0 where it was not read.
        size_b: the same of B.
    """

    b: int
    a: int
    role: Role
    correlation: float
    alike: float
    distance: float
    matched: float
    derived: float
    size_a: float
    size_b: float


def agreements(found: Correspondence, *, searched: bool) -> list[RoleAgreement]:
    """Measure every role of every pair of layers."""
    return [
        agreement
        for pair in found.pairs
        for part, role in SKETCHED
        if (agreement := _agreement(found, pair, part, role, searched)) is not None
    ]


def _agreement(found: Correspondence, pair: LayerPair, part: Part, role: Role, searched: bool) -> RoleAgreement | None:
    cosines, match = found.cosines(pair, part, role), pair.match(part)
    if cosines is None or match is None or not np.isfinite(cosines).any():
        return None
    block_a, block_b = found.a.block(pair.a, part), found.b.block(pair.b, part)
    levels_a = found.a.levels(pair.a, part, role, found.basis)
    levels_b = found.b.levels(pair.b, part, role, found.basis)
    if block_a is None or block_b is None or levels_a is None or levels_b is None:
        return None
    usable = cosines[np.isfinite(cosines)]
    noise = 1.0 / SCHEME.numbers + 1.0 / max(1, found.b.fingerprint.width)
    squared = max(0.0, (float(np.mean(usable**2)) - noise) / (1.0 - noise))
    beyond = np.abs(usable) if searched else usable
    return RoleAgreement(
        b=pair.b,
        a=pair.a,
        role=role,
        correlation=squared**0.5 if searched else float(usable.mean()),
        alike=squared**0.5,
        distance=relative_distance(levels_a[match.a], levels_b[match.b], SCHEME) or 0.0,
        matched=len(match) / max(1, min(len(block_a.numbers), len(block_b.numbers))),
        derived=float(np.mean(beyond > min(0.5, SHARES.derived_row_sigmas * noise**0.5))),
        size_a=float(np.mean(np.square(block_a.roles[role].sizes[match.a], dtype=np.float64))),
        size_b=float(np.mean(np.square(block_b.roles[role].sizes[match.b], dtype=np.float64))),
    )


def measure_shares(measured: list[RoleAgreement], b: Fingerprint, compared: float) -> Shares:
    """Sum up over roles and layers, each with the parameters that it stands for."""
    if not measured:
        return Shares(None, None, None, None, compared, None)
    weights = _parameters(measured, b)
    squared = np.array([max(0.0, part.correlation) ** 2 for part in measured])
    by_role: dict[Role, list[int]] = defaultdict(list)
    for position, part in enumerate(measured):
        by_role[part.role].append(position)
    best = max(float(np.average(squared[at], weights=weights[at])) for at in map(np.array, by_role.values()))
    distances = [(part.distance, weight) for part, weight in zip(measured, weights, strict=True) if _is_related(part)]
    moved = None
    if distances:
        moved = float(np.sqrt(np.average([d**2 for d, _ in distances], weights=[weight for _, weight in distances])))
    return Shares(
        derived=float(np.average([part.derived * part.matched for part in measured], weights=weights)),
        explained=float(np.average(squared, weights=weights)),
        best_part=best,
        copied=None,
        compared=compared,
        relative_delta=moved,
    )


def _is_related(part: RoleAgreement) -> bool:
    return part.alike >= SKETCHES.related_cosine


def _parameters(measured: list[RoleAgreement], b: Fingerprint) -> DoubleArray:
    """Parameters of B that each measurement stands for."""
    sizes = _role_sizes(b)
    return np.array([max(1, sizes[part.b, part.role]) for part in measured], dtype=np.float64)


def _role_sizes(b: Fingerprint) -> dict[tuple[int | None, Role], int]:
    """Parameters by layer and role."""
    sizes: dict[tuple[int | None, Role], int] = defaultdict(int)
    for tensor in b.tensors:
        if tensor.in_core and tensor.slot == "weight":
            sizes[tensor.layer, tensor.role] += tensor.size
    return sizes


def residual_share(measured: list[RoleAgreement], b: Fingerprint) -> float | None:
    """Share of B's sketched weights that A leaves unexplained; what has no related counterpart counts whole."""
    sizes = _role_sizes(b)
    sketched = {
        (layer.layer, role)
        for layer in b.layers
        for part, role in SKETCHED
        if (block := getattr(layer, part)) is not None and role in block.roles
    }
    whole = sum(max(1, sizes[place]) for place in sketched)
    if not measured or not whole:
        return None
    left = dict.fromkeys(sketched, 1.0)
    left |= {(part.b, part.role): min(1.0, part.distance**2) for part in measured if _is_related(part)}
    return sum(share * max(1, sizes[place]) for place, share in left.items()) / whole


def slopes_of(measured: list[RoleAgreement]) -> tuple[float, float] | None:
    """Slopes of B on A and of A on B over related roles; None where norms were not read."""
    related = [part for part in measured if _is_related(part) and part.size_a > 0 and part.size_b > 0]
    if not related:
        return None
    dots = sum((1 - part.distance**2 / 2) * (part.size_a * part.size_b) ** 0.5 for part in related)
    return dots / sum(part.size_a for part in related), dots / sum(part.size_b for part in related)


def layer_rows(measured: list[RoleAgreement], b: Fingerprint) -> tuple[LayerRow, ...]:
    """The table by layer; layers of B without a counterpart stand there without one."""
    by_layer: dict[int, list[RoleAgreement]] = defaultdict(list)
    for part in measured:
        by_layer[part.b].append(part)
    rows, sizes = [], _role_sizes(b)
    for layer in b.layers:
        parts = by_layer.get(layer.layer, [])
        weights = [max(1, sizes[part.b, part.role]) for part in parts]
        rows.append(
            LayerRow(
                b=layer.layer,
                a=parts[0].a if parts else None,
                correlation=float(np.average([part.correlation for part in parts], weights=weights)) if parts else None,
                log10_p=None,
                relative_delta=float(np.average([part.distance for part in parts], weights=weights)) if parts else None,
                copied_share=None,
            )
        )
    return tuple(rows)
