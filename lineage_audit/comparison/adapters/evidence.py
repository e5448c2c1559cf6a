"""Tests on the factors of two adapters.

Training treats the ranks of an adapter alike, and both signs of a rank alike, since ``lora_A`` starts at random,
symmetric around zero, and ``lora_B`` at zero. So in adapters that were trained apart, from starts drawn apart, the sum
of the two cosines of a unit is as often negative as positive, whatever base and data they had; and a unit's number is
a label. A rejection means a common start or a common training.

Which of the two, no exact test tells: once the starts agree, ``lora_B`` agrees too as far as the data ask for the same
update, because its first step is a linear function of ``lora_A``. Its cosine is shown as calibrated evidence.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lineage_audit.comparison.adapters.factors import DoubleArray, IntArray, ModuleAgreement
from lineage_audit.comparison.evidence.base import TestDescription, WeightComparison, not_measured, test_result
from lineage_audit.comparison.evidence.matched_labels import MatchedBlock, fixed_point_evidence, match_block
from lineage_audit.comparison.evidence.sign_sums import SignTerms, sign_flip_evidence
from lineage_audit.results import Evidence

SIGN_NULL = (
    "adapters trained apart give each rank's sign as a fair coin, also on one base and one data set; "
    "Hoeffding: p ≤ exp(−T² / 2Σx²) for T = Σx > 0"
)
LABEL_NULL = (
    "adapters trained apart number their ranks at random; with F matches expected L: p ≤ L^F / F! over L modules"
)

SIGNS = TestDescription(
    "adapter-signs", "Do ranks with the same number point the same way in lora_A and lora_B?", SIGN_NULL
)
_MATCHED_SIGNS = TestDescription(
    "adapter-matched-signs", "Do ranks matched by the sizes of their cosines point the same way?", SIGN_NULL
)
_FIXED_POINTS = TestDescription(
    "adapter-fixed-points", "Do ranks best match the rank with the same number in the other adapter?", LABEL_NULL
)
TRAINED_HALF = TestDescription(
    "adapter-trained-half",
    "Does the half that starts at zero agree, where training alone moves it?",
    "none: once the starts agree, this half agrees as far as the data do",
    grade="calibrated",
)
UPDATES = TestDescription(
    "adapter-updates",
    "Do the two updates of the weights point the same way?",
    "none: trainings on like data give like updates",
    grade="calibrated",
)


def gather(modules: Sequence[ModuleAgreement], parameters: int, broken: str | None) -> tuple[Evidence, ...]:
    """Run every test on the modules that both adapters have.

    Args:
        modules: what was measured.
        parameters: B's parameters.
        broken: why signs and numbers of ranks are not free in either adapter, or None.
    """
    setting = WeightComparison({}, None, None, None, parameters, sum(module.elements for module in modules))
    exact = (
        tuple(not_measured(test, "not-applicable", broken) for test in (SIGNS, _MATCHED_SIGNS, _FIXED_POINTS))
        if broken
        else _exact(modules, setting)
    )
    return (*exact, _trained_half(modules, setting), _updates(modules, setting))


def _exact(modules: Sequence[ModuleAgreement], setting: WeightComparison) -> tuple[Evidence, ...]:
    same = [_signs(module, np.arange(module.started.shape[0])) for module in modules]
    matched = [_signs(module, module.matching()) for module in modules]
    blocks = [_block(module) for module in modules if min(module.started.shape) > 1]
    return (
        sign_flip_evidence(SIGNS, "ranks", same, setting, setting.paired),
        sign_flip_evidence(_MATCHED_SIGNS, "matched ranks", matched, setting, setting.paired),
        fixed_point_evidence(_FIXED_POINTS, "ranks", blocks, setting, setting.paired),
    )


def _signs(module: ModuleAgreement, partner: IntArray) -> SignTerms:
    """The sum of both cosines for every unit of B that has a partner in A."""
    units = np.flatnonzero((partner >= 0) & (partner < module.started.shape[1]))
    terms = [half[units, partner[units]] for half in (module.started, module.trained)]
    known = [np.isfinite(term) for term in terms]
    values = np.where(known[0] | known[1], sum(np.nan_to_num(term) for term in terms), np.nan)
    noise = sum(here / width for here, width in zip(known, module.width, strict=True))
    return SignTerms(module.layer, values, known[0].astype(np.int64) + known[1], np.asarray(noise, dtype=np.float64))


def _block(module: ModuleAgreement) -> MatchedBlock:
    """The units of one module matched among themselves; of different ranks, the first of each."""
    ranks = min(module.started.shape)
    sizes = np.abs(np.nan_to_num(module.started)) + np.abs(np.nan_to_num(module.trained))
    return match_block(module.layer, sizes[:ranks, :ranks].astype(np.float32), 2)


def _mean_of_matched(modules: Sequence[ModuleAgreement]) -> tuple[float, float, int]:
    """Mean cosines of matched units in the half that starts at random and in the other one, and their number."""
    found: list[tuple[DoubleArray, DoubleArray]] = []
    for module in modules:
        partner = module.matching()
        units = np.flatnonzero(partner >= 0)
        found.append((module.started[units, partner[units]], module.trained[units, partner[units]]))
    started, trained = (np.concatenate([np.empty(0), *(pair[side] for pair in found)]) for side in (0, 1))
    moved = trained[np.isfinite(trained)]
    begun = started[np.isfinite(started)]
    return (
        float(begun.mean()) if len(begun) else 0.0,
        float(moved.mean()) if len(moved) else 0.0,
        len(moved),
    )


def _trained_half(modules: Sequence[ModuleAgreement], setting: WeightComparison) -> Evidence:
    started, trained, count = _mean_of_matched(modules)
    if not count:
        return not_measured(TRAINED_HALF, "skipped", "no module of both adapters was read that has moved off its start")
    finding = (
        f"{count:,} matched ranks agree at a mean cosine of {trained:.2f} in the half that starts at zero, "
        f"and of {started:.2f} in the other"
    )
    return _described(TRAINED_HALF, trained, count, finding, setting)


def _updates(modules: Sequence[ModuleAgreement], setting: WeightComparison) -> Evidence:
    cosines = [module.update for module in modules if np.isfinite(module.update)]
    if not cosines:
        return not_measured(UPDATES, "skipped", "no module of both adapters was read that changes anything")
    effect = float(np.mean(cosines))
    finding = f"the updates of {len(cosines):,} modules agree at a mean cosine of {effect:.2f}"
    return _described(UPDATES, effect, len(cosines), finding, setting)


def _described(test: TestDescription, effect: float, count: int, finding: str, setting: WeightComparison) -> Evidence:
    """Evidence without a p-value."""
    return test_result(
        test,
        statistic=effect,
        effect=effect,
        finding=finding,
        count=count,
        coverage=setting.paired / max(1, setting.parameters),
    )
