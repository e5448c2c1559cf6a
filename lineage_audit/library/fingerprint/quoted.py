"""What people quote of two models, from fingerprints: gains by their moments, sizes of rows, cosines of sketches.

A fingerprint holds no weights, so there is no histogram of differences, and what stands for all weights is an estimate
from the rows that were sketched.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.controls import CURVE_ROLES, FEWEST_LAYERS, Curve, Norm, Quoted
from lineage_audit.comparison.reading.measurement import DoubleArray
from lineage_audit.library.fingerprint.shares import SKETCHED, RoleAgreement
from lineage_audit.library.fingerprint.values import Fingerprint, Gain
from lineage_audit.results import ArchitectureFinding, TokenizerFinding


def quoted_of_sketches(
    a: Fingerprint,
    b: Fingerprint,
    measured: Sequence[RoleAgreement],
    architecture: ArchitectureFinding,
    tokenizer: TokenizerFinding,
) -> Quoted:
    """What the numbers are made of.

    Args:
        a: model A.
        b: model B.
        measured: roles of layers under their own numbers.
        architecture: how the architectures compare.
        tokenizer: how the tokenizers compare.
    """
    sized = [part for part in measured if part.size_a > 0 and part.size_b > 0]
    dot = sum(part.correlation * (part.size_a * part.size_b) ** 0.5 for part in sized)
    square_a, square_b = sum(part.size_a for part in sized), sum(part.size_b for part in sized)
    return Quoted(
        norms=tuple(_norms(a, b)),
        curves=_curves(a, b),
        raw_cosine=dot / (square_a * square_b) ** 0.5 if sized else None,
        wrong_rows=(),
        relative_difference=max(0.0, 1 + (square_b - 2 * dot) / square_a) ** 0.5 if sized else None,
        architecture=architecture,
        tokenizer=tokenizer,
    )


def _norms(a: Fingerprint, b: Fingerprint) -> Iterator[Norm]:
    """The norms that both hold, put together again from levels, mean and deviation."""
    of_a = {(gain.role, gain.layer): gain for gain in a.gains}
    for gain in b.gains:
        other = of_a.get((gain.role, gain.layer))
        if other is None or len(other.levels) != len(gain.levels):
            continue
        values_a, values_b = _values(other), _values(gain)
        if values_a is not None and values_b is not None:
            yield Norm(gain.role, values_a, values_b)


def _values(gain: Gain) -> DoubleArray | None:
    """A norm's gains to within the steps of its levels; None of a fingerprint that states no moments."""
    levels = gain.levels.astype(np.float64)
    spread = float(levels.std())
    if gain.mean is None or gain.deviation is None or not spread:
        return None
    values: DoubleArray = gain.mean + gain.deviation * (levels - levels.mean()) / spread
    return values


def _curves(a: Fingerprint, b: Fingerprint) -> dict[Role, Curve]:
    """The deviations of the roles whose rows are sketched, in the layers that both hold."""
    of_a, of_b = _deviations(a), _deviations(b)
    found = {}
    for role in CURVE_ROLES:
        layers = tuple(layer for layer in sorted(of_b[role]) if layer in of_a[role])
        if len(layers) >= FEWEST_LAYERS:
            found[role] = Curve(layers, *(np.array([side[role][layer] for layer in layers]) for side in (of_a, of_b)))
    return found


def _deviations(fingerprint: Fingerprint) -> dict[Role, dict[int, float]]:
    """By role and layer the root mean square of the sketched rows' numbers, where the rows were read whole."""
    found: dict[Role, dict[int, float]] = defaultdict(dict)
    for layer in fingerprint.layers:
        for part, role in SKETCHED:
            block = getattr(layer, part)
            sizes = block.roles[role].sizes if block is not None and role in block.roles else np.zeros(0)
            if sizes.any():
                found[role][layer.layer] = float(np.sqrt(np.mean(np.square(sizes, dtype=np.float64))))
    return found
