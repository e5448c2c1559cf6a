"""Units matched among themselves, and the exact bound on how many keep their number: what fixed points are made of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import replace

from lineage_audit.comparison.evidence.base import (
    CORRECTED_LOG10_P,
    LN10,
    TestDescription,
    WeightComparison,
    not_measured,
    test_result,
    unit_rows,
)
from lineage_audit.comparison.reading.measurement import FloatArray
from lineage_audit.results import Evidence, LayerEvidence, NullSpread

_LATE = NormalDist().inv_cdf(0.9)
"""Standard deviations by which a count exceeds what it reaches nine times of ten."""

LABEL_NULL = "independent trainings number their units at random; with F matches where chance gives L: p ≤ L^F / F!"


def fixed_points_log10_p(fixed: int, by_chance: float) -> float:
    """Upper bound of log10 P(at least ``fixed`` fixed points) where chance gives so many: one a block of labels.

    The number of ways to choose f fixed points has expectation at most 1/f! in one block, and L^f/f! in L blocks.
    """
    if fixed <= by_chance or by_chance == 0:
        return 0.0
    return min(0.0, (fixed * math.log(by_chance) - math.lgamma(fixed + 1)) / LN10)


def opposed_log10_p(alike: int, opposed: int) -> float:
    """Chernoff's bound of log10 P(at least ``alike`` of both point the same way) where each does so by a fair coin."""
    count = alike + opposed
    if alike <= opposed:
        return 0.0
    bits = 1.0 + sum(share * math.log2(share) for side in (alike, opposed) if (share := side / count) > 0)
    return -count * bits * math.log10(2)


class MatchedBlock(Struct, frozen=True, eq=False):
    """Units of one layer matched among themselves.

    Attributes:
        layer: layer of B, or None for units of the whole model.
        own: for each unit of B whether its single best match in A has the same number.
        noise: root mean square cosine of units with different numbers, zero ones left out.
        live: units that are not zero in either model, nor mostly copies of one another.
        copy_group: the number of the block among those of its layer that may have started as copies of one another.
        has_signs: whether the signs of similarities are random in independent models.
        alike: units whose similarity with their own number is the largest in size on both sides, and above zero.
        opposed: the same below zero. Each of both kinds is as likely where anything but signs tells the numbers.
    """

    layer: int | None
    own: npt.NDArray[np.bool_]
    noise: float
    live: int
    copy_group: int = 0
    has_signs: bool = False
    alike: int = 0
    opposed: int = 0


def match_block(layer: int | None, sizes: npt.NDArray[np.float32], cosines: int) -> MatchedBlock:
    """Match units that are each other's best by sizes without a sign ``[B's units, A's units]``, sums of ``cosines``.

    A match has to be mutual, so that it does not matter which model is given first. A tie counts against: equal rows
    (dead units) must not look like matches.
    """
    others = sizes[~np.eye(len(sizes), dtype=bool) & (sizes != 0)]
    noise = float(np.sqrt(np.mean(np.square(others, dtype=np.float64)))) / cosines if len(others) else 0.0
    return MatchedBlock(layer, _are_alone_at_the_top(sizes), noise, min(_live(sizes), _live(sizes.T)))


def match_rows(
    layer: int | None, parts: Sequence[tuple[FloatArray, FloatArray]], *, copy_group: int = 0
) -> MatchedBlock:
    """Match units by the sum of the cosines of their rows in each part, A's and B's ``[units, numbers]``."""
    cosines = [unit_rows(b) @ unit_rows(a).T for a, b in parts]
    similarity: FloatArray = np.sum(cosines, axis=0)
    largest, is_above = _are_alone_at_the_top(np.abs(similarity)), np.diagonal(similarity) > 0
    return replace(
        match_block(layer, similarity, len(parts)),
        copy_group=copy_group,
        has_signs=True,
        alike=int((largest & is_above).sum()),
        opposed=int((largest & ~is_above).sum()),
    )


def _are_alone_at_the_top(similarity: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Whether each unit and the one with its number are each other's single best."""
    own = np.diagonal(similarity)
    found: npt.NDArray[np.bool_] = ((similarity >= own[:, None]).sum(axis=1) == 1) & (
        (similarity >= own).sum(axis=0) == 1
    )
    return found


def _live(similarity: npt.NDArray[np.float32]) -> int:
    """Units (rows) that are not zero; where most of them are copies of one another, only as many as differ."""
    live = int(np.count_nonzero(similarity.any(axis=1)))
    mixed = similarity @ np.random.default_rng(0).standard_normal(similarity.shape[1], dtype=np.float32)
    distinct = len(np.unique(np.round(mixed.astype(np.float64), 6)))
    return distinct if 2 * distinct < live else live


def fixed_point_evidence(
    test: TestDescription, units: str, blocks: Sequence[MatchedBlock], comparison: WeightComparison, elements: int
) -> Evidence:
    """Count the units whose best match has their own number."""
    if not blocks:
        return not_measured(test, "skipped", f"no {units} could be compared")
    fixed = sum(int(block.own.sum()) for block in blocks)
    count, chance = sum(len(block.own) for block in blocks), _by_chance(blocks)
    return test_result(
        test,
        statistic=float(fixed),
        log10_p=_kin_log10_p(blocks),
        effect=fixed / count,
        finding=f"{fixed:,} of {count:,} {units} best match the one with the same number; chance gives {chance:,.0f}",
        count=count,
        coverage=elements / max(1, comparison.parameters),
        detection_limit=_match_detection_limit(blocks),
        per_layer=tuple(_matched_layer(block) for block in blocks if block.layer is not None),
        spread=NullSpread("fixed-points", chance),
    )


def _kin_log10_p(blocks: Sequence[MatchedBlock]) -> float:
    """The bound over all blocks: over those that are no copies of one another, corrected for how often that is done."""
    bounds = [_group_log10_p(group) for group in _kin_groups(blocks)]
    return min(0.0, min(bounds) + math.log10(len(bounds)))


def _group_log10_p(blocks: Sequence[MatchedBlock]) -> float:
    """The bound for labels at random, and at least that for signs at random: what tells labels tells no signs."""
    fixed = sum(int(block.own.sum()) for block in blocks)
    return max(fixed_points_log10_p(fixed, len(blocks)), _signs_log10_p(blocks, sum(block.alike for block in blocks)))


def _signs_log10_p(blocks: Sequence[MatchedBlock], alike: int) -> float:
    """The bound for so many units that are alike beside those that are opposed; none where there are no signs."""
    has_signs = all(block.has_signs for block in blocks)
    return opposed_log10_p(alike, sum(block.opposed for block in blocks)) if has_signs else -math.inf


def _by_chance(blocks: Sequence[MatchedBlock]) -> float:
    """Units of strangers that match their own number: one a block, or as many as are opposed to it."""
    return float(max(len(blocks), sum(block.opposed for block in blocks)))


def _kin_groups(blocks: Sequence[MatchedBlock]) -> list[list[MatchedBlock]]:
    """Blocks that hold at most one of those that may be copies of one another."""
    return [
        [block for block in blocks if block.copy_group == copy_group]
        for copy_group in sorted({block.copy_group for block in blocks})
    ]


def _matched_layer(block: MatchedBlock) -> LayerEvidence:
    """One layer's share of a fixed-point test."""
    fixed = int(block.own.sum())
    return LayerEvidence(
        layer=block.layer or 0,
        count=len(block.own),
        statistic=float(fixed),
        effect=fixed / len(block.own),
        log10_p=_group_log10_p([block]),
    )


def _match_detection_limit(blocks: Sequence[MatchedBlock]) -> float | None:
    """Smallest true cosine at which enough units would win against their competitors; None if none would do.

    The expected maximum of n noise cosines is taken as s √(2 ln n); a unit with true cosine c wins with the normal
    probability of exceeding it. The limit is where the number of wins reaches what the level needs nine times of ten.
    """
    groups = _kin_groups(blocks)
    level = CORRECTED_LOG10_P - math.log10(max(1, len(groups)))
    blocks = max(groups, key=lambda group: sum(block.live for block in group), default=[])
    count = sum(block.live for block in blocks)
    needed = math.ceil(_by_chance(blocks)) + 1
    while needed < count and max(fixed_points_log10_p(needed, len(blocks)), _signs_log10_p(blocks, needed)) > level:
        needed += 1
    wanted = needed + _LATE * math.sqrt(needed)
    if wanted >= count or not all(block.noise > 0 for block in blocks if block.live):
        return None
    competitors = max(2.0, count / _by_chance(blocks))
    noise = float(np.mean([block.noise for block in blocks]))
    limit = noise * (math.sqrt(2 * math.log(competitors)) - NormalDist().inv_cdf(1 - wanted / count))
    return min(1.0, max(0.0, limit))
