"""The tests, one file each; a new one is a file with ``measure`` and a line in ``TESTS``.

docs/methods.md says what each may claim. Exact tests hold for every pair of independent trainings; calibrated ones
are shown beside them and carry a verdict only with a wide margin.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from lineage_audit.checkpoint.roles import MIXER_ROLES, Role
from lineage_audit.comparison.evidence import (
    assignment_spearman,
    channel_fixed_points,
    channel_signs,
    ffn_fixed_points,
    ffn_signs,
    head_fixed_points,
    mixer_fixed_points,
    mixer_signs,
    norm_gains,
    part_rows,
    parts,
    query_key_signs,
    row_fixed_points,
    slopes,
    value_output_signs,
)
from lineage_audit.comparison.evidence.base import WeightComparison
from lineage_audit.comparison.symmetries.ffn_blocks import FFN_ROLES
from lineage_audit.results import Evidence

TESTS: tuple[Callable[[WeightComparison], Evidence], ...] = (
    ffn_signs.measure,
    value_output_signs.measure,
    query_key_signs.measure,
    channel_signs.measure,
    ffn_fixed_points.measure,
    head_fixed_points.measure,
    mixer_signs.measure,
    mixer_fixed_points.measure,
    channel_fixed_points.measure,
    row_fixed_points.measure,
    norm_gains.measure,
    slopes.measure,
)

_FFN = frozenset(role for roles in FFN_ROLES for role in roles)

ROLES: Mapping[str, frozenset[Role]] = {
    "ffn-signs": _FFN,
    "ffn-fixed-points": _FFN,
    "value-output-signs": frozenset({Role.V, Role.V_B, Role.O}),
    "query-key-signs": frozenset({Role.Q, Role.K}),
    "head-fixed-points": frozenset({Role.Q, Role.K, Role.V, Role.O}),
    "mixer-signs": MIXER_ROLES,
    "mixer-fixed-points": MIXER_ROLES,
    "channel-signs": frozenset({Role.EMBED}),
    "channel-fixed-points": frozenset({Role.EMBED}),
}
"""The roles that each exact test stands on; channel signs leave out every other matrix whose role is a guess."""

_CROSS_CHECKS: tuple[Callable[[WeightComparison], Evidence], ...] = (assignment_spearman.measure,)
"""Published statistics that no verdict stands on; they cost more than the tests that carry it."""


def gather_evidence(comparison: WeightComparison) -> tuple[Evidence, ...]:
    """Run every test that a verdict can stand on or that describes the delta."""
    evidence = (
        *(test(comparison) for test in TESTS),
        *parts.measure_inside_parts(comparison),
        *part_rows.measure_parts(comparison),
    )
    return calibrated_where_guessed(evidence, comparison)


def calibrated_where_guessed(evidence: tuple[Evidence, ...], comparison: WeightComparison) -> tuple[Evidence, ...]:
    """Grade an exact test as calibrated where a role that it stands on was guessed: its symmetry itself is a guess."""
    return tuple(
        replace(item, grade="calibrated") if _stands_on(item.test_id) & comparison.guessed else item
        for item in evidence
    )


def _stands_on(test_id: str) -> frozenset[Role]:
    """The roles whose symmetry a test needs; all of them where the table does not know it."""
    return ROLES.get(parts.test_asked(test_id).removeprefix("aligned-"), frozenset(Role))


def gather_cross_checks(comparison: WeightComparison) -> tuple[Evidence, ...]:
    """Run the published statistics beside them."""
    return tuple(test(comparison) for test in _CROSS_CHECKS)
