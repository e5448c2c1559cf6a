"""What every test is given, and the two bounds that turn counts and cosines into p-values.

A test is a function from a ``WeightComparison`` to one ``Evidence``. It never sets a threshold: the verdict does.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import TensorKey
from lineage_audit.comparison.geometry import Heads, Rotary
from lineage_audit.comparison.measurement import DoubleArray, Measurement, Place
from lineage_audit.results import Evidence, Grade, LayerEvidence, NullSpread, Status

LN10 = math.log(10.0)
DETECTION_LOG10_P = -6.0
"""Detection limits are stated for this level (log10), the one at which the verdict calls two models related."""

SIGN_NULL = "independent trainings give each unit's sign as a fair coin; Hoeffding: p ≤ exp(−T² / 2Σx²) for T = Σx > 0"
LABEL_NULL = "independent trainings number their units at random; with F matches expected L: p ≤ L^F / F! over L blocks"


@dataclass(frozen=True, slots=True, eq=False)
class WeightComparison:
    """Everything that was measured on the weights of two models.

    Attributes:
        measurements: by B's place in the architecture (or by name).
        heads: head layout where both models share one, else None.
        rotary: rotary layout where both models share one, else None.
        rms_norm: both models normalise by root mean square alone; None where a configuration does not say.
        parameters: B's parameters.
        paired: those of them that have a counterpart in A, read or not.
        broken: tests whose symmetry neither model has: test id -> reason.
        guessed: the roles of layer tensors were guessed from words and shapes in both models, so that no symmetry is
            sure; where one model's names are known, a wrong guess in the other only costs power.
    """

    measurements: Mapping[Place, Measurement]
    heads: Heads | None
    rotary: Rotary | None
    rms_norm: bool | None
    parameters: int
    paired: int
    broken: Mapping[str, str] = field(default_factory=dict)
    guessed: bool = False

    def find(self, role: Role, layer: int | None, expert: int | None = None) -> Measurement | None:
        """The measurement of a weight matrix, or None."""
        return self.measurements.get(TensorKey(role, "weight", layer, expert))

    def places(self, *roles: Role) -> list[tuple[int, int | None]]:
        """Layers and experts in which any of the roles was measured, in order."""
        found = {
            (key.layer, key.expert)
            for key in self.measurements
            if isinstance(key, TensorKey) and key.role in roles and key.slot == "weight" and key.layer is not None
        }
        return sorted(found, key=lambda place: (place[0], -1 if place[1] is None else place[1]))

    def matrices(self) -> list[Measurement]:
        """All measurements of matrices."""
        return [measured for measured in self.measurements.values() if measured.is_matrix]


@dataclass(frozen=True, slots=True)
class TestDescription:
    """What a test is called and asks."""

    test_id: str
    question: str
    null: str
    grade: Grade = "exact"


@dataclass(frozen=True, slots=True, eq=False)
class SignTerms:
    """The sums x of cosines of one layer's units, float64, each of which a sign flip would negate.

    Attributes:
        layer: layer of B, or None for units of the whole model.
        values: one sum a unit; NaN where nothing was measured.
        cosines: how many cosines each sum holds.
        noise: variance that each sum has when its cosines are of random directions, the sum of 1 / width.
        sharing: how many of the sums one coin may decide: the experts of a layer may have started as copies, and so
            may the layers of B that come from one layer of A.
    """

    layer: int | None
    values: DoubleArray
    cosines: npt.NDArray[np.int64]
    noise: DoubleArray
    sharing: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class CosineTerm:
    """Cosines to add to units: unit numbers, the cosines, and how many elements each was taken over."""

    units: npt.NDArray[np.int64]
    cosines: DoubleArray
    width: int


def row_term(measured: Measurement, units: npt.NDArray[np.int64] | None = None) -> CosineTerm:
    """The cosines of a measurement's rows; the unit is the row's number unless given."""
    numbers = measured.pair.b_rows[measured.positions] if units is None else units
    cosines = np.where(measured.varying, measured.rows.cosine, np.nan)
    return CosineTerm(numbers, cosines, len(measured.columns.dot))


def column_term(measured: Measurement, units: npt.NDArray[np.int64] | None = None) -> CosineTerm:
    """The cosines of a measurement's columns; the unit is the column's number unless given."""
    columns = measured.columns.cosine if measured.varying.any() else np.full(len(measured.columns.dot), np.nan)
    return CosineTerm(np.arange(len(columns)) if units is None else units, columns, len(measured.positions))


def sum_cosines(layer: int | None, count: int, terms: Sequence[CosineTerm]) -> SignTerms:
    """Sum the terms' cosines into ``count`` units; NaNs are left out."""
    values, noise, cosines = np.zeros(count), np.zeros(count), np.zeros(count, dtype=np.int64)
    for term in terms:
        usable = np.isfinite(term.cosines)
        np.add.at(values, term.units[usable], term.cosines[usable])
        np.add.at(cosines, term.units[usable], 1)
        np.add.at(noise, term.units[usable], 1.0 / term.width)
    values[cosines == 0] = np.nan
    return SignTerms(layer, values, cosines, noise)


def with_common_sources(layers: Sequence[SignTerms], sources: Sequence[int | None]) -> list[SignTerms]:
    """The same sums, where those of layers of B that come from one layer of A may be decided by the same coins.

    Args:
        layers: the sums by layer of B.
        sources: the layer of A that each was held against.
    """
    together: Counter[int | None] = Counter()
    for part, source in zip(layers, sources, strict=True):
        together[source] += part.sharing
    return [replace(part, sharing=together[source]) for part, source in zip(layers, sources, strict=True)]


def sign_flip_evidence(
    test: TestDescription, units: str, layers: Sequence[SignTerms], comparison: WeightComparison, elements: int
) -> Evidence:
    """Hoeffding's bound on the pooled sums of cosines, with the effect as a mean cosine.

    Args:
        test: what is asked.
        units: what the units are called in a sentence.
        layers: the sums by layer.
        comparison: for coverage.
        elements: elements of B that were looked at.
    """
    kept = [(part, usable) for part in layers if (usable := np.isfinite(part.values)).any()]
    if not kept:
        return not_measured(test, "skipped", f"no {units} could be compared")
    values = np.concatenate([part.values[usable] for part, usable in kept])
    cosines = np.concatenate([part.cosines[usable] for part, usable in kept])
    noise = np.concatenate([part.noise[usable] for part, usable in kept])
    sharing = np.concatenate([np.full(int(usable.sum()), part.sharing) for part, usable in kept])
    effect = float(values.sum() / cosines.sum())
    return Evidence(
        test_id=test.test_id,
        question=test.question,
        status="measured",
        reason=None,
        statistic=float(values.sum()),
        log10_p=hoeffding_log10_p(values, sharing),
        null=test.null,
        grade=test.grade,
        effect=effect,
        finding=f"{len(values):,} {units} agree at a mean cosine of {effect:.3f}; chance gives 0",
        count=len(values),
        coverage=elements / max(1, comparison.parameters),
        detection_limit=sign_detection_limit(values, cosines, float(noise.mean()), float(sharing.mean())),
        per_layer=tuple(_sign_layer(part, usable) for part, usable in kept if part.layer is not None),
        spread=NullSpread("sign-sum", float((sharing * np.square(values)).sum()) ** 0.5),
    )


def _sign_layer(part: SignTerms, usable: npt.NDArray[np.bool_]) -> LayerEvidence:
    """One layer's share of a sign test."""
    values = part.values[usable]
    return LayerEvidence(
        layer=part.layer or 0,
        count=len(values),
        statistic=float(values.sum()),
        effect=float(values.sum() / max(1, part.cosines[usable].sum())),
        log10_p=hoeffding_log10_p(values, part.sharing),
    )


def hoeffding_log10_p(values: DoubleArray, sharing: npt.NDArray[np.int64] | int = 1) -> float:
    """Upper bound of log10 p for a sum of symmetric terms, given their sizes (Hoeffding 1963).

    Args:
        values: the terms.
        sharing: for each term into how many sets of independent terms the terms of its kind fall (Janson 2004).
    """
    total, squares = float(values.sum()), float((sharing * np.square(values)).sum())
    if total <= 0.0 or squares == 0.0:
        return 0.0
    return -(total**2) / (2.0 * squares) / LN10


def sign_detection_limit(
    values: DoubleArray, cosines: npt.NDArray[np.int64], noise: float, sharing: float = 1.0
) -> float | None:
    """Smallest true cosine that the sums would have shown at ``DETECTION_LOG10_P``; None when no cosine would do.

    A true cosine c in every term adds m c to a sum of m cosines whose own spread is s: the bound reaches level L
    (natural) at (m c)² = 2 L s² / (N − 2 L). The spread is the one seen, and at least that of random directions; of
    terms that may share their coins only as many count as there are coins.
    """
    level, count = -DETECTION_LOG10_P * LN10, len(values) / sharing
    if count <= 2 * level:
        return None
    mean_terms = float(np.mean(cosines))
    spread = max(noise, float(np.mean(np.square(values - values.mean()))))
    limit = math.sqrt(2 * level * spread / (count - 2 * level)) / mean_terms
    return min(1.0, limit)


def fixed_points_log10_p(fixed: int, blocks: int) -> float:
    """Upper bound of log10 P(at least ``fixed`` fixed points) when labels are exchangeable in each of ``blocks``.

    The number of ways to choose f fixed points has expectation at most 1/f! in one block, and L^f/f! in L blocks.
    """
    if fixed <= blocks or blocks == 0:
        return 0.0
    return min(0.0, (fixed * math.log(blocks) - math.lgamma(fixed + 1)) / LN10)


@dataclass(frozen=True, slots=True, eq=False)
class MatchedBlock:
    """Units of one layer matched among themselves.

    Attributes:
        layer: layer of B, or None for units of the whole model.
        own: for each unit of B whether its single best match in A has the same number.
        noise: root mean square cosine of units with different numbers, zero ones left out.
        live: units that are not zero in either model, nor mostly copies of one another.
        kin: the number of the block among those of its layer that may have started as copies of one another.
    """

    layer: int | None
    own: npt.NDArray[np.bool_]
    noise: float
    live: int
    kin: int = 0


def match_block(layer: int | None, similarity: npt.NDArray[np.float32], cosines: int, kin: int = 0) -> MatchedBlock:
    """Match units that are each other's best in ``[B's units, A's units]``, a sum of ``cosines`` cosines.

    A match has to be mutual, so that it does not matter which model is given first. A tie counts against: equal rows
    (dead units) must not look like matches.
    """
    diagonal = np.diagonal(similarity)
    own = ((similarity >= diagonal[:, None]).sum(axis=1) == 1) & ((similarity >= diagonal).sum(axis=0) == 1)
    others = similarity[~np.eye(len(similarity), dtype=bool) & (similarity != 0)]
    noise = float(np.sqrt(np.mean(np.square(others, dtype=np.float64)))) / cosines if len(others) else 0.0
    return MatchedBlock(layer, own, noise, min(_live(similarity), _live(similarity.T)), kin)


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
    count = sum(len(block.own) for block in blocks)
    return Evidence(
        test_id=test.test_id,
        question=test.question,
        status="measured",
        reason=None,
        statistic=float(fixed),
        log10_p=_kin_log10_p(blocks),
        null=test.null,
        grade=test.grade,
        effect=fixed / count,
        finding=f"{fixed:,} of {count:,} {units} best match the one with the same number; chance gives {len(blocks):,}",
        count=count,
        coverage=elements / max(1, comparison.parameters),
        detection_limit=match_detection_limit(blocks),
        per_layer=tuple(_matched_layer(block) for block in blocks if block.layer is not None),
        spread=NullSpread("fixed-points", float(len(blocks))),
    )


def _kin_log10_p(blocks: Sequence[MatchedBlock]) -> float:
    """The bound over all blocks: over those that are no copies of one another, corrected for how often that is done."""
    bounds = [
        fixed_points_log10_p(sum(int(block.own.sum()) for block in group), len(group)) for group in _kin_groups(blocks)
    ]
    return min(0.0, min(bounds) + math.log10(len(bounds)))


def _kin_groups(blocks: Sequence[MatchedBlock]) -> list[list[MatchedBlock]]:
    """Blocks that hold at most one of those that may be copies of one another."""
    return [[block for block in blocks if block.kin == kin] for kin in sorted({block.kin for block in blocks})]


def _matched_layer(block: MatchedBlock) -> LayerEvidence:
    """One layer's share of a fixed-point test."""
    fixed = int(block.own.sum())
    return LayerEvidence(
        layer=block.layer or 0,
        count=len(block.own),
        statistic=float(fixed),
        effect=fixed / len(block.own),
        log10_p=fixed_points_log10_p(fixed, 1),
    )


def match_detection_limit(blocks: Sequence[MatchedBlock]) -> float | None:
    """Smallest true cosine at which enough units would win against their competitors; None if none would do.

    The expected maximum of n noise cosines is taken as s √(2 ln n); a unit with true cosine c wins with the normal
    probability of exceeding it. The limit is where the expected number of wins reaches what the level needs.
    """
    groups = _kin_groups(blocks)
    level = DETECTION_LOG10_P - math.log10(max(1, len(groups)))
    blocks = max(groups, key=lambda group: sum(block.live for block in group), default=[])
    count = sum(block.live for block in blocks)
    needed = len(blocks) + 1
    while fixed_points_log10_p(needed, len(blocks)) > level and needed < count:
        needed += 1
    if needed >= count or not all(block.noise > 0 for block in blocks if block.live):
        return None
    competitors = max(2.0, count / len(blocks))
    noise = float(np.mean([block.noise for block in blocks]))
    limit = noise * (math.sqrt(2 * math.log(competitors)) - NormalDist().inv_cdf(1 - needed / count))
    return min(1.0, max(0.0, limit))


def unit_rows(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Scale rows to length one; zero rows stay zero."""
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    scaled: npt.NDArray[np.float32] = np.divide(values, lengths, out=np.zeros_like(values), where=lengths > 0)
    return scaled


def not_measured(test: TestDescription, status: Status, reason: str) -> Evidence:
    """Evidence of a test that could not be run, with the reason."""
    return Evidence(
        test_id=test.test_id,
        question=test.question,
        status=status,
        reason=reason,
        statistic=None,
        log10_p=None,
        null=test.null,
        grade=test.grade,
        effect=None,
        finding=reason,
        count=0,
        coverage=0.0,
        detection_limit=None,
    )
