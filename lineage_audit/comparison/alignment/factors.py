"""Signs and scales of units, fitted from one tensor of a unit and applied to its others.

A unit's sign and scale are read from its up row (v row, k row) and carried over reciprocally to its down column
(o columns, q rows), so that a reconstruction checks on tensors that did not propose them.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from msgspec import Struct, field
from msgspec.structs import replace

from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import TensorKey
from lineage_audit.comparison.alignment.aligned_tensor import AlignedTensor
from lineage_audit.comparison.evidence.base import WeightComparison
from lineage_audit.comparison.evidence.query_key_signs import units_of_dims
from lineage_audit.comparison.evidence.value_output_signs import value_rows_of_columns
from lineage_audit.comparison.pairing.tensors import TensorPair
from lineage_audit.comparison.reading.finite import ratio
from lineage_audit.comparison.reading.measurement import Measurement, Place
from lineage_audit.comparison.symmetries.ffn_blocks import FFN_ROLES, FfnRoles
from lineage_audit.comparison.verdict.thresholds import MATCHED_UNITS

FloatArray = npt.NDArray[np.float32]


class Factors(Struct, frozen=True, eq=False):
    """What A's rows and columns are multiplied by, by B's place.

    Attributes:
        rows: factors of rows.
        columns: factors of columns.
        flipped: units whose sign was flipped, by kind of unit.
        rescaled: FFN units in layers where units were rescaled.
    """

    rows: Mapping[Place, FloatArray] = field(default_factory=dict)
    columns: Mapping[Place, FloatArray] = field(default_factory=dict)
    flipped: Mapping[str, int] = field(default_factory=dict)
    rescaled: int = 0

    @property
    def is_trivial(self) -> bool:
        """Whether there is nothing to apply."""
        return not self.rows and not self.columns


def fit_factors(comparison: WeightComparison) -> Factors:
    """Fit the factors of FFN units, value dimensions and query-key units."""
    rows: dict[Place, FloatArray] = {}
    columns: dict[Place, FloatArray] = {}
    flipped = {"FFN units": 0, "value dimensions": 0, "query-key units": 0}
    rescaled = 0
    for roles in FFN_ROLES:
        for layer, expert in comparison.places(roles.up):
            signs, scales = _unit_factors(comparison, roles, layer, expert)
            flipped["FFN units"] += int((signs < 0).sum())
            rescaled += len(scales) if _is_spread(scales) else 0
            if (signs < 0).any() or _is_spread(scales):
                rows[_place(roles.up, layer, expert)] = signs * scales
                columns[_place(roles.down, layer, expert)] = signs / scales
    for layer, _ in comparison.places(Role.V):
        flipped["value dimensions"] += _flip_values(comparison, layer, rows, columns)
        flipped["query-key units"] += _flip_keys(comparison, layer, rows)
    return Factors(rows, columns, {kind: count for kind, count in flipped.items() if count}, rescaled)


def with_factors(pairs: list[TensorPair], factors: Factors, comparison: WeightComparison) -> list[TensorPair]:
    """The same pairs with the factors in aligned A."""
    return [_with_factors(pair, factors) for pair in pairs if pair.b.key in comparison.measurements]


def _with_factors(pair: TensorPair, factors: Factors) -> TensorPair:
    rows, columns = factors.rows.get(pair.b.key), factors.columns.get(pair.b.key)
    aligned_a = pair.aligned_a or AlignedTensor()
    if rows is not None:
        aligned_a = replace(aligned_a, row_factor=rows if aligned_a.row_factor is None else aligned_a.row_factor * rows)
    if columns is not None:
        aligned_a = replace(
            aligned_a, column_factor=columns if aligned_a.column_factor is None else aligned_a.column_factor * columns
        )
    return replace(pair, aligned_a=aligned_a)


def _unit_factors(
    comparison: WeightComparison, roles: FfnRoles, layer: int, expert: int | None
) -> tuple[FloatArray, FloatArray]:
    """Signs and scales of the units of one FFN; none where it is not gated."""
    gate, up, down = (comparison.find(role, layer, expert) for role in roles)
    if gate is None or up is None or down is None:
        nothing = np.ones(0, dtype=np.float32)
        return nothing, nothing
    return _signs(up), _scales(up, down)


def _flip_values(
    comparison: WeightComparison, layer: int, rows: dict[Place, FloatArray], columns: dict[Place, FloatArray]
) -> int:
    """Signs of value dimensions, from v, applied to v and o."""
    value, output = comparison.find(Role.V, layer), comparison.find(Role.O, layer)
    if value is None or output is None:
        return 0
    signs = _signs(value)
    readers = value_rows_of_columns(output.pair.b.shape[1], len(signs), comparison.heads_at(layer))
    if readers is None or not (signs < 0).any():
        return 0
    rows[_place(Role.V, layer)] = signs
    columns[_place(Role.O, layer)] = signs[readers]
    return int((signs < 0).sum())


def _flip_keys(comparison: WeightComparison, layer: int, rows: dict[Place, FloatArray]) -> int:
    """Signs of query-key units (rotary pairs), from k, applied to k and q."""
    key, query, heads = comparison.find(Role.K, layer), comparison.find(Role.Q, layer), comparison.heads_at(layer)
    if key is None or query is None or heads is None:
        return 0
    unit_of_dim = units_of_dims(heads, comparison.rotary_at(layer))
    per_head = int(unit_of_dim.max()) + 1
    units = (np.arange(heads.kv_heads)[:, None] * per_head + unit_of_dim).ravel()
    if len(units) != len(key.rows.dot) or len(query.rows.dot) != len(units) * heads.per_group:
        return 0
    totals = np.bincount(units, weights=np.nan_to_num(key.rows.cosine), minlength=heads.kv_heads * per_head)
    counts = np.bincount(units, minlength=len(totals))
    signs = _sign_of(totals / np.maximum(counts, 1))
    if not (signs < 0).any():
        return 0
    rows[_place(Role.K, layer)] = signs[units]
    grouped = signs[units].reshape(heads.kv_heads, 1, heads.head_dim)
    rows[_place(Role.Q, layer)] = np.repeat(grouped, heads.per_group, axis=1).ravel()
    return int((signs < 0).sum())


def _signs(measured: Measurement) -> FloatArray:
    """Sign of each row's cosine; all positive unless some are clearly negative."""
    return _sign_of(np.nan_to_num(measured.rows.cosine))


def _sign_of(cosines: npt.NDArray[np.float64]) -> FloatArray:
    if float(np.mean(cosines < MATCHED_UNITS.clearly_negative)) < MATCHED_UNITS.fewest_flipped:
        return np.ones(len(cosines), dtype=np.float32)
    return np.where(cosines < 0, -1.0, 1.0).astype(np.float32)


def _scales(up: Measurement, down: Measurement) -> FloatArray:
    """Scale of each unit in up, where down shows the reciprocal; ones otherwise, and where a unit has no source."""
    scales = np.ones(len(up.rows.aa), dtype=np.float32)
    if len(down.columns.aa) != len(scales):
        return scales
    known = (up.rows.aa > 0) & (down.columns.aa > 0)
    ratios = [np.sqrt(ratio(part.bb[known], part.aa[known])) for part in (up.rows, down.columns)]
    logs = [np.log(np.clip(ratio, 1e-6, 1e6)) for ratio in ratios]
    if known.sum() < 2 or min(log.std() for log in logs) < MATCHED_UNITS.scale_spread:
        return scales
    if float(np.corrcoef(logs[0], logs[1])[0, 1]) <= -0.8:
        scales[known] = np.exp((logs[0] - logs[1]) / 2)
    return scales


def _is_spread(scales: FloatArray) -> bool:
    return bool((scales != 1.0).any())


def _place(role: Role, layer: int, expert: int | None = None) -> TensorKey:
    return TensorKey(role, "weight", layer, expert)
