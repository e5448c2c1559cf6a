"""The merge of several parents: together they leave nothing of the subject's change, which siblings always do."""

from __future__ import annotations

import pytest

from lineage_audit.comparison.joint_change import JointChange, joint_change
from lineage_audit.comparison.siblings import NotMeasured
from tests.comparison.test_siblings import BASE, SIZE, added, change, drift
from tests.models import Weights, llama_config, model

TUNED = [added(change(seed, 0.05)) for seed in (5, 6, 7, 8)]


def blended(*parts: tuple[float, Weights], by_depth: float = 0.0) -> Weights:
    """A merge; with ``by_depth`` the second half of the layers takes so much more of the first parent."""
    rest = 1 - sum(weight for weight, _ in parts)
    found = {}
    for name, base in BASE.items():
        more = by_depth if "layers.2" in name else 0.0
        weights = [weight + (more if number == 0 else 0) for number, (weight, _) in enumerate(parts)]
        found[name] = sum(
            (weight * one[name] for weight, (_, one) in zip(weights, parts, strict=True)),
            start=(rest - more) * base,
        ).astype(base.dtype)
    return found


def joint(subject: Weights, *references: Weights) -> JointChange:
    opened = [model(weights, llama_config(SIZE)) for weights in (subject, *references, BASE)]
    found = joint_change(opened[0], opened[1:-1], opened[-1])
    assert isinstance(found, JointChange)
    return found


@pytest.mark.parametrize("weights", [(0.6, 0.4), (0.5, 0.5), (0.3, 0.3), (0.8, 0.1)])
def test_a_merge_is_told_with_the_weight_of_every_parent(weights: tuple[float, float]) -> None:
    found = joint(blended((weights[0], TUNED[0]), (weights[1], TUNED[1])), *TUNED[:3])
    assert found.weights == pytest.approx((*weights, 0.0), abs=0.02)
    assert found.parents == (0, 1)
    assert found.left < 0.01
    assert found.sentence(["a", "b", "c"]).startswith(f"the subject's change is {weights[0]:.2f} of a's and ")


def test_weights_may_change_with_depth() -> None:
    found = joint(blended((0.3, TUNED[0]), (0.3, TUNED[1]), by_depth=0.3), *TUNED[:2])
    assert found.parents == (0, 1)


def test_siblings_are_no_merge_of_each_other_however_many_there_are() -> None:
    found = joint(*TUNED)
    assert (found.parents, found.left > 0.9) == ((), True)


def test_siblings_that_drift_alike_are_no_merge() -> None:
    """A drift that all share is a sum of what the others changed; what each drew for itself is not."""
    runs = [added(drift(0.05), change(seed, 0.05)) for seed in (5, 6, 7, 8)]
    assert joint(*runs).parents == ()


def test_light_tunes_of_one_fine_tune_are_no_merge_of_each_other() -> None:
    cousins = [added(change(4, 0.2), change(seed, 0.02)) for seed in (5, 6, 7)]
    found = joint(*cousins)
    assert found.left < 0.05
    assert found.parents == ()


def test_a_merge_that_was_trained_on_is_none_of_them_alone() -> None:
    merged = blended((0.5, TUNED[0]), (0.5, TUNED[1]))
    trained = {name: values + change(11, 0.05)[name] for name, values in merged.items()}
    assert joint(trained, *TUNED[:2]).parents == ()


def test_a_model_is_no_merge_of_those_that_were_merged_from_it() -> None:
    later = blended((0.5, TUNED[0]), (0.5, TUNED[1]))
    found = joint(TUNED[0], later, TUNED[1])
    assert found.left < 0.01
    assert found.parents == ()


def test_the_base_itself_cannot_be_taken_apart() -> None:
    opened = [model(weights, llama_config(SIZE)) for weights in (BASE, TUNED[0], TUNED[1], BASE)]
    assert isinstance(joint_change(opened[0], opened[1:3], opened[3]), NotMeasured)
