"""Edited: one matrix or a few were changed, and the rest is bit-equal, or changed by far less than they."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.operations.delta.difference import Difference, said_as_share
from lineage_audit.comparison.operations.delta.matrices import MatrixPair, is_untouched
from lineage_audit.comparison.operations.directed import DirectedOperation, directed
from lineage_audit.comparison.reading.measurement import Measurement
from lineage_audit.comparison.verdict.thresholds import EDITED

_SAID = 4


def find_edit(difference: Difference) -> DirectedOperation | None:
    """Name the matrices that were edited, and the rank of what was added to them."""
    parts = list(difference.comparison.measurements.values())
    matrices = [part for part in parts if part.is_matrix]
    most = min(EDITED.most, max(1, int(EDITED.largest_share * len(matrices))))
    touched = [part for part in parts if not is_untouched(part)]
    if _is_changed_elsewhere(touched, difference.changed):
        return None
    if len(matrices) > EDITED.fewest_others and 0 < len(touched) <= most and all(part.is_matrix for part in touched):
        evidence = f"{len(touched)} of {len(matrices)} matrices differ; all other tensors that were read are equal"
        return directed("edited", _said(touched, difference), evidence)
    outliers = _outliers(matrices)
    if not outliers or len(outliers) > most:
        return None
    evidence = (
        f"{len(outliers)} of {len(matrices)} matrices moved {EDITED.stands_out:g} times as far as any other of theirs"
    )
    return directed("edited", _said(outliers, difference), evidence, leaves_more=True)


def _is_changed_elsewhere(touched: Sequence[Measurement], changed: Sequence[MatrixPair]) -> bool:
    """Tell whether a matrix that was not measured, of which some rows were looked at, was changed as well."""
    places = {(part.pair.b.role, part.pair.b.layer) for part in touched}
    return any((pair.role, pair.layer) not in places for pair in changed)


def _outliers(matrices: Sequence[Measurement]) -> list[Measurement]:
    """Matrices that moved much further than any other of their role."""
    by_role: dict[Role, list[Measurement]] = defaultdict(list)
    for part in matrices:
        if part.pair.b.core_layer is not None:
            by_role[part.pair.b.role].append(part)
    found = []
    for parts in by_role.values():
        furthest = max(parts, key=_moved)
        others = [_moved(part) for part in parts if part is not furthest]
        if len(others) >= EDITED.fewest_others and 0 < max(others) * EDITED.stands_out < _moved(furthest):
            found.append(furthest)
    return found


def _moved(part: Measurement) -> float:
    """Size of what a matrix was changed by, relative to it."""
    size = float(part.rows.aa.sum())
    return (part.delta_squared / size) ** 0.5 if size > 0 else 0.0


def _said(parts: Sequence[Measurement], difference: Difference) -> str:
    """Which matrices, how far, and of what rank where one direction or few are all."""
    named = [
        _place(part) + f" by {said_as_share(_moved(part))} of its size" + _rank(part, difference.changed)
        for part in parts[:_SAID]
    ]
    return ", ".join(named) + (f" and {len(parts) - _SAID} more" if len(parts) > _SAID else "")


def _place(part: Measurement) -> str:
    tensor = part.pair.b
    return str(tensor.role) if tensor.layer is None else f"{tensor.role} of layer {tensor.layer}"


def _rank(part: Measurement, pairs: Sequence[MatrixPair]) -> str:
    """The rank of a matrix's delta, where it was looked at and is small."""
    tensor = part.pair.b
    seen = next((pair for pair in pairs if (pair.role, pair.layer) == (tensor.role, tensor.layer)), None)
    rank = seen.spectrum.rank if seen is not None else 0
    return f" (rank {rank})" if seen is not None and 0 < rank <= min(seen.shape) // 4 else ""
