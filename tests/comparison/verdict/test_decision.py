"""From evidence to a verdict: every threshold from both sides, and what a verdict must always say."""

from __future__ import annotations

import dataclasses
import importlib
import math
import pkgutil

import pytest
from msgspec.structs import replace

from lineage_audit import comparison
from lineage_audit.comparison.evidence import base
from lineage_audit.comparison.operations.finding import DirectedOperation
from lineage_audit.comparison.shares.weights import Shares
from lineage_audit.comparison.verdict.decision import decide
from lineage_audit.comparison.verdict.findings import Findings
from lineage_audit.comparison.verdict.registry import REGISTRY
from lineage_audit.comparison.verdict.standing import combined_log10_p
from lineage_audit.comparison.verdict.thresholds import INDEPENDENCE, RELATION, TRAINING
from lineage_audit.results import Evidence, LayerEvidence, Operation

NOTHING_SHARED = Shares(derived=0.0, explained=0.001, best_part=0.002, copied=0.0, compared=1.0, relative_delta=1.4)
A_TRACE = replace(NOTHING_SHARED, explained=0.0005, best_part=0.0005)
MUCH_SHARED = Shares(derived=1.0, explained=0.4, best_part=0.45, copied=0.0, compared=1.0, relative_delta=0.4)
MUCH_COPIED = replace(MUCH_SHARED, copied=0.1, copied_beside_tokens=0.1)


_MARGINS = {
    test_id: rights.margin
    for test_id, rights in REGISTRY.items()
    if rights.margin is not None and math.isfinite(rights.margin.effect)
}


def _exact(log10_p: float, limit: float | None = 0.01, test_id: str = "ffn-signs") -> Evidence:
    return Evidence(
        test_id=test_id, question="?", status="measured", reason=None, statistic=1.0, log10_p=log10_p, null="",
        grade="exact", effect=0.5, finding="units agree", count=1000, coverage=0.5, detection_limit=limit,
    )  # fmt: skip


def _trace(effect: float) -> Evidence:
    return dataclasses.replace(_exact(-40.0), effect=effect)


def _one_layer(effect: float) -> Evidence:
    return dataclasses.replace(_trace(0.01), per_layer=(LayerEvidence(3, 100, 90.0, effect, -30.0),))


def _gains(effect: float, count: int = 128) -> Evidence:
    return dataclasses.replace(_exact(-200.0, None, "norm-gains"), grade="calibrated", effect=effect, count=count)


def _rows(log10_p: float, effect: float) -> Evidence:
    return dataclasses.replace(_exact(log10_p, None, "row-fixed-points"), grade="calibrated", effect=effect)


def _held_out(test_id: str, share: float, count: int = 1000) -> Evidence:
    """What a held-out measurement gives at a share of the threshold from which on it carries a verdict."""
    return dataclasses.replace(
        _exact(0.0, None, test_id),
        grade="calibrated",
        log10_p=None,
        effect=share * _MARGINS[test_id].effect,
        count=count,
    )


def _findings(*evidence: Evidence, shares: Shares = NOTHING_SHARED, **changed: object) -> Findings:
    findings = Findings(
        evidence=evidence, shares=shares, operations=(), same_weights=False, left_in_a="nothing", left_in_b="nothing",
        architecture="same architecture", caveats=(), searched=True, moved=False, rotated=False, obstacle=None,
    )  # fmt: skip
    return replace(findings, **changed)


def _asked(findings: Findings) -> Findings:
    """The same, where other orders were asked of the invariants and not searched for."""
    units = dataclasses.replace(
        _exact(0.0, None, "unit-column-agreement"), log10_p=None, grade="calibrated", effect=0.0
    )
    asked = (_exact(0.0, 0.01, "rotary-signs"), units)
    return replace(findings, searched=False, evidence=(*findings.evidence, *asked))


NO_LIMIT = _exact(0.0, None)

TABLE = {
    "p at the level": (_findings(_exact(RELATION.related_log10_p), shares=MUCH_SHARED), "derived"),
    "p at the level, a trace of an effect": (_findings(_trace(0.029), shares=A_TRACE), "inconclusive"),
    "p at the level, the least effect": (_findings(_trace(0.03), shares=A_TRACE), "derived"),
    "p at the level, a trace in all and one layer kept": (_findings(_one_layer(0.9), shares=A_TRACE), "derived"),
    "p at the level, a trace beside what explains": (_findings(_trace(0.01), shares=MUCH_SHARED), "derived"),
    "p just above the level": (_findings(_exact(RELATION.related_log10_p + 0.01)), "inconclusive"),
    "p at the edge of the grey zone": (_findings(_exact(RELATION.unclear_log10_p)), "inconclusive"),
    "p just outside the grey zone": (_findings(_exact(RELATION.unclear_log10_p + 0.01)), "independent"),
    "nothing found, limit at the edge": (_findings(_exact(0.0, INDEPENDENCE.weakest_detection)), "independent"),
    "nothing found, too little power": (_findings(_exact(0.0, INDEPENDENCE.weakest_detection + 0.01)), "inconclusive"),
    "nothing found, more explained than strangers do": (
        _findings(_exact(0.0), shares=replace(NOTHING_SHARED, explained=0.011)), "inconclusive"
    ),
    "nothing found, as much explained as strangers do": (
        _findings(_exact(0.0), shares=replace(NOTHING_SHARED, explained=0.009)), "independent"
    ),
    "nothing found, as much explained after an alignment": (
        _findings(_exact(0.0), shares=replace(NOTHING_SHARED, explained=0.02), moved=True), "independent"
    ),
    "nothing found, no limit": (_findings(NO_LIMIT), "inconclusive"),
    "nothing measured": (_findings(), "inconclusive"),
    "little compared": (
        _findings(_exact(0.0), shares=replace(NOTHING_SHARED, compared=INDEPENDENCE.least_compared - 0.01)),
        "inconclusive",
    ),
    "little compared but related": (
        _findings(_exact(-100.0), shares=replace(MUCH_SHARED, compared=0.01)), "derived"
    ),
    "an obstacle": (_findings(_exact(0.0), obstacle="the shapes differ"), "inconclusive"),
    "gains related": (_findings(_exact(-100.0), _gains(0.8), shares=MUCH_SHARED), "derived"),
    "gains at the edge": (
        _findings(_exact(-100.0), _gains(TRAINING.clear_training_gains), shares=MUCH_SHARED),
        "derived",
    ),
    "gains related, both trained apart from one start": (
        _findings(_exact(-100.0), _gains(0.76), shares=MUCH_SHARED, layer_slopes=(0.93, 0.93)), "shared-origin"
    ),
    "gains related, one kept whole by the other": (
        _findings(_exact(-100.0), _gains(0.76), shares=MUCH_SHARED, layer_slopes=(1.0, 0.86)), "derived"
    ),
    "gains alike, both trained apart": (
        _findings(_exact(-100.0), _gains(0.97), shares=MUCH_SHARED, layer_slopes=(0.93, 0.93)), "derived"
    ),
    "no gains, both trained apart from one start": (
        _findings(_exact(-100.0), shares=replace(MUCH_SHARED, best_part=0.9), layer_slopes=(0.93, 0.93)),
        "shared-origin",
    ),
    "gains below the edge": (_findings(_exact(-100.0), _gains(0.69), shares=MUCH_SHARED), "shared-origin"),
    "gains unrelated, a part bit-identical": (
        _findings(_exact(-100.0), _gains(0.03), shares=replace(MUCH_SHARED, copied_beside_tokens=0.02)), "derived"
    ),
    "gains unrelated": (_findings(_exact(-100.0), _gains(0.03), shares=MUCH_SHARED), "shared-origin"),
    "gains unrelated on few channels": (_findings(_exact(-100.0), _gains(0.03, 32), shares=MUCH_SHARED), "derived"),
    "gains unrelated, weights nearly the same": (
        _findings(_exact(-100.0), _gains(0.03), shares=replace(MUCH_SHARED, explained=0.95)), "shared-origin"
    ),
    "gains alone": (_findings(_exact(0.0), _gains(0.99)), "independent"),
    "calibrated with a wide margin": (_findings(_rows(RELATION.calibrated_log10_p, 0.5)), "derived"),
    "calibrated, p too weak": (_findings(_rows(RELATION.calibrated_log10_p + 0.1, 0.9)), "inconclusive"),
    "calibrated, effect too weak": (_findings(_rows(-500.0, 0.49)), "inconclusive"),
    **{
        f"{test_id} at {share} of its threshold": (
            _findings(
                _exact(0.0),
                _held_out(test_id, share),
                shares=MUCH_SHARED if relation == "derived" else NOTHING_SHARED,
            ),
            relation,
        )
        for test_id in _MARGINS
        for share, relation in ((1.0, "derived"), (0.9, "inconclusive"), (0.5, "inconclusive"), (0.3, "independent"))
    },
    **{
        f"{test_id} alone, where nothing is explained": (
            _findings(_exact(0.0), _held_out(test_id, 2.0)), "shared-origin"
        )
        for test_id in ("rotary-agreement", "rotary-layer-agreement")
    },
    "few held-out rows": (_findings(_exact(0.0), _held_out("aligned-unit-matches", 3.0, 50)), "independent"),
    "gains lost in a rotation": (_findings(_exact(-100.0), _gains(0.03), shares=MUCH_SHARED, moved=True), "derived"),
    "gains lost in a rotation, little left": (
        _findings(_exact(-100.0), shares=MUCH_SHARED, moved=True, rotated=True), "shared-origin"
    ),
    "one role kept nearly whole": (
        _findings(_exact(-100.0), _gains(0.03), shares=replace(MUCH_SHARED, best_part=0.6)), "shared-origin"
    ),
    "a part is bit-identical, and no test sees it": (
        _findings(_exact(0.0), shares=replace(NOTHING_SHARED, copied=0.02)), "inconclusive"
    ),
    "a thousandth is bit-identical": (
        _findings(_exact(0.0), shares=replace(NOTHING_SHARED, copied=0.001)), "independent"
    ),
    "the same weights": (_findings(same_weights=True, shares=MUCH_SHARED), "identical"),
    "a subset": (_findings(same_weights=True, shares=MUCH_COPIED, left_in_a="tensors"), "derived"),
    "a superset": (_findings(same_weights=True, shares=MUCH_COPIED, left_in_b="tensors"), "derived"),
    "a subset of constants": (
        _findings(same_weights=True, shares=NOTHING_SHARED, left_in_a="tensors"), "inconclusive"
    ),
    "each holds more": (
        _findings(same_weights=True, shares=MUCH_COPIED, left_in_a="rows", left_in_b="tensors"), "inconclusive"
    ),
}  # fmt: skip


CAUSES = {
    "gains at chance": (_findings(_exact(-100.0), _gains(0.29), shares=MUCH_SHARED), "initialisation"),
    "gains between": (_findings(_exact(-100.0), _gains(TRAINING.shared_training_gains), shares=MUCH_SHARED), "untold"),
    "gains at chance, a role kept as training keeps it": (
        _findings(_exact(-100.0), _gains(0.03), shares=replace(MUCH_SHARED, best_part=0.6)), "untold"
    ),
    "no gains": (_findings(_exact(-100.0), shares=MUCH_SHARED, moved=True, rotated=True), "untold"),
    "channels alone": (
        _findings(_exact(-60.0, test_id="channel-signs"), _exact(0.0), _exact(-1.0, test_id="query-key-signs")),
        "untold",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CAUSES)
def test_a_shared_origin_says_what_is_told_of_its_cause(case: str) -> None:
    findings, cause = CAUSES[case]
    verdict = decide(findings)
    assert (verdict.relation, verdict.cause) == ("shared-origin", cause)
    assert ("common residual basis" in verdict.summary) == (case == "channels alone")


def test_channels_beside_a_layer_test_are_more_than_a_basis() -> None:
    channels = _exact(-60.0, test_id="channel-signs")
    assert decide(_findings(channels, _exact(-9.0), _exact(0.0, test_id="query-key-signs"))).cause is None
    assert decide(_findings(channels, _exact(0.0))).cause is None


@pytest.mark.parametrize("case", TABLE)
def test_the_relation(case: str) -> None:
    findings, relation = TABLE[case]
    assert decide(findings).relation == relation


@pytest.mark.parametrize("case", TABLE)
def test_what_every_verdict_says(case: str) -> None:
    verdict = decide(TABLE[case][0])
    assert verdict.summary.endswith(".")
    related = verdict.relation in ("identical", "derived", "shared-origin")
    assert related == any("permission" in text for text in verdict.caveats)
    assert (verdict.relation == "independent") == any("Distillation" in text for text in verdict.caveats)
    if verdict.relation == "independent":
        assert verdict.detection_limit is not None
        assert f"{verdict.detection_limit:.3f}" in verdict.summary
        assert verdict.derived_share == 0.0
        assert not any("FFN units under" in text for text in verdict.caveats)
        asked = decide(_asked(TABLE[case][0]))
        assert asked.relation == "independent"
        assert any("FFN units under" in text for text in asked.caveats)
        assert decide(replace(TABLE[case][0], searched=False)).relation == "inconclusive"
    if verdict.relation == "inconclusive":
        assert verdict.derived_share is None
        assert len(verdict.summary) > len("Inconclusive: .")
    if not related:
        assert verdict.operations == ()


def test_tests_are_combined_by_bonferroni_and_calibrated_ones_left_out() -> None:
    assert combined_log10_p([_exact(-10.0), _exact(-3.0), _rows(-99.0, 1.0)]) == pytest.approx(-10 + 0.30103, abs=1e-5)
    assert combined_log10_p([_exact(-0.1), _exact(0.0)]) == 0.0
    assert combined_log10_p([_rows(-99.0, 1.0)]) is None


def test_a_calibrated_verdict_says_its_grade() -> None:
    verdict = decide(_findings(_exact(0.0), _rows(-90.0, 0.9)))
    assert (verdict.relation, verdict.grade, verdict.log10_p) == ("derived", "calibrated", -90.0)
    assert decide(_findings(_exact(-90.0))).grade == "exact"


@pytest.mark.parametrize(
    ("shows", "expected"),
    [
        ((), "undetermined"),
        (("undetermined",), "undetermined"),
        (("a->b",), "a->b"),
        (("b->a", "undetermined"), "b->a"),
        (("a->b", "b->a"), "undetermined"),
    ],
)
def test_only_agreeing_strong_evidence_gives_a_direction(shows: tuple, expected: str) -> None:
    operations = tuple(DirectedOperation(Operation("cast", "", ""), side) for side in shows)
    verdict = decide(_findings(_exact(-50.0), shares=MUCH_SHARED, operations=operations))
    assert verdict.direction == expected
    openings = ("Which came first", "Neither was made from the other")
    assert any(text.startswith(openings) for text in verdict.caveats) == (expected == "undetermined")


@pytest.mark.parametrize("relation", ["identical", "independent", "shared-origin"])
def test_other_relations_have_no_direction(relation: str) -> None:
    operations = (DirectedOperation(Operation("cast", "", ""), "a->b"),)
    findings = {
        "identical": _findings(same_weights=True, shares=MUCH_SHARED, operations=operations),
        "independent": _findings(_exact(0.0), operations=operations),
        "shared-origin": _findings(_exact(-50.0), _gains(0.0), shares=MUCH_SHARED, operations=operations),
    }[relation]
    verdict = decide(findings)
    assert (verdict.relation, verdict.direction) == (relation, "undetermined")


@pytest.mark.parametrize(
    ("left_in_a", "left_in_b"),
    [("tensors", "nothing"), ("nothing", "tensors"), ("rows", "nothing")],
)
def test_a_subset_shows_no_direction(left_in_a: str, left_in_b: str) -> None:
    # A part may have been taken out, or a head (or frozen blocks) put on.
    findings = _findings(same_weights=True, shares=MUCH_COPIED, left_in_a=left_in_a, left_in_b=left_in_b)
    assert decide(findings).direction == "undetermined"


def test_without_gains_one_initialisation_is_not_excluded() -> None:
    without = decide(_findings(_exact(-50.0), shares=MUCH_SHARED)).caveats
    with_gains = decide(_findings(_exact(-50.0), _gains(0.9), shares=MUCH_SHARED)).caveats
    assert any("one initialisation trained twice" in text for text in without)
    assert not any("one initialisation trained twice" in text for text in with_gains)


def test_a_test_that_is_not_registered_carries_nothing() -> None:
    """Neither by an exact p-value nor by a calibrated one, an effect or a limit."""
    unknown = _exact(-500.0, 0.001, "brand-new-test")
    for item in (unknown, dataclasses.replace(unknown, grade="calibrated", effect=1.0, count=10_000)):
        assert decide(_findings(_exact(0.0), item)).relation == "independent"
        assert decide(_findings(item)).relation == "inconclusive"


def test_every_test_is_registered() -> None:
    """Whatever the package describes as a test stands in the one table."""
    described = {
        value.test_id
        for name in (module.name for module in pkgutil.walk_packages(comparison.__path__, "lineage_audit.comparison."))
        for value in vars(importlib.import_module(name)).values()
        if isinstance(value, base.TestDescription)
    }
    assert described <= REGISTRY.keys()


def test_where_other_orders_were_asked_in_vain_the_limit_is_said() -> None:
    asked = _asked(_findings(_exact(0.0)))
    weak = tuple(
        dataclasses.replace(one, detection_limit=0.94) if one.test_id == "rotary-signs" else one
        for one in asked.evidence
    )
    summary = decide(replace(asked, evidence=weak)).summary
    assert "no copy weaker than a cosine of 0.94" in summary
    assert "--effort search" in summary
    assert "no other order could be asked for" in decide(_findings(_exact(0.0), searched=False)).summary


def test_what_a_sample_leaves_open_names_the_command_that_reads_more() -> None:
    for found in (_held_out("aligned-unit-leads", 0.6), _exact(RELATION.unclear_log10_p)):
        open_one = _findings(_exact(0.0), found)
        assert "--effort search" not in decide(open_one).summary
        assert "--effort search" in decide(replace(open_one, searched=False)).summary
