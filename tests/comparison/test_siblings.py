"""What is shared beyond a common base: children hold a change whole, merges in part, siblings little."""

from __future__ import annotations

import numpy as np
import pytest

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.comparison import compare_checkpoints
from lineage_audit.comparison.siblings import NotMeasured, SharedChange, shared_change
from lineage_audit.results import Evidence, Verdict
from tests.models import Size, Weights, llama, llama_config, model, noisy

SIZE = Size(layers=3, hidden=48, heads=4, kv_heads=2, ffn=96, vocab=64)
BASE = llama(1, SIZE)


def added(*deltas: Weights) -> Weights:
    return {name: sum((delta[name] for delta in deltas), start=values.copy()) for name, values in BASE.items()}


def change(seed: int, size: float) -> Weights:
    """What one training drew for itself: noise in every matrix."""
    moved = noisy(BASE, seed, size)
    return {name: moved[name] - values for name, values in BASE.items()}


def drift(size: float) -> Weights:
    """What all runs on one corpus do: a few strong directions, the same for each."""
    rng = np.random.default_rng(99)
    return {
        name: _low_rank(rng, values, size) if values.ndim == 2 else np.zeros_like(values)
        for name, values in BASE.items()
    }


def _low_rank(rng: np.random.Generator, values: np.ndarray, size: float) -> np.ndarray:
    product = rng.standard_normal((values.shape[0], 4)) @ rng.standard_normal((4, values.shape[1]))
    return (size * values.std() * product / product.std()).astype(np.float32)


def scaled(delta: Weights, factor: float) -> Weights:
    return {name: factor * values for name, values in delta.items()}


def opened(weights: Weights, dtype: str = "F32") -> Checkpoint:
    return model(weights, llama_config(SIZE), dtype)


def measured(subject: Weights, reference: Weights, dtype: str = "F32") -> SharedChange:
    found = shared_change(opened(subject, dtype), opened(reference, dtype), opened(BASE))
    assert isinstance(found, SharedChange)
    return found


def test_a_child_holds_the_change_whole():
    reference = change(2, 0.1)
    found = measured(added(reference, change(3, 0.2)), added(reference))
    assert found.extent == "whole"
    assert found.slope == pytest.approx(1.0, abs=4 * found.error)


def test_a_sibling_holds_little():
    found = measured(added(change(3, 0.1)), added(change(2, 0.1)))
    assert found.extent == "little"
    assert abs(found.slope) < 4 * found.error


@pytest.mark.parametrize("length", [1.0, 1.5, 4.0])
def test_drift_that_siblings_share_is_no_inheritance(length):
    """However long the run: the plain slope passes one, the slope in weak directions stays near zero."""
    found = measured(added(scaled(drift(0.3), length), change(3, 0.1)), added(drift(0.3), change(2, 0.1)))
    assert found.whole > 0.8
    assert found.extent == "little"


def test_a_merge_holds_its_weight():
    one, other = change(2, 0.1), change(3, 0.1)
    found = measured(added(scaled(one, 0.65), scaled(other, 0.35)), added(one))
    assert found.extent == "part"
    assert found.slope == pytest.approx(0.65, abs=4 * found.error)


@pytest.mark.parametrize("weight", [-0.5, 0.1, 0.5, 0.65, 0.8, 1.5])
@pytest.mark.parametrize("dtype", ["F32", "BF16"])
def test_a_merge_with_the_base_is_a_multiple_and_nothing_else(weight, dtype):
    reference = change(2, 0.1)
    found = measured(added(scaled(reference, weight)), added(reference), dtype)
    assert found.extent == "multiple"
    assert found.slope == pytest.approx(weight, abs=0.01)


def test_less_of_the_same_drift_is_no_multiple():
    """A shorter run on the same corpus: it drifted as far as half of the way, and drew a little for itself."""
    shorter, longer = added(scaled(drift(0.3), 0.5), change(3, 0.05)), added(drift(0.3), change(2, 0.1))
    assert measured(shorter, longer).extent == "little"


def test_an_earlier_step_of_a_run_is_no_multiple():
    """Strong directions are learned first."""
    run = {"strong": drift(0.3), "weak": change(2, 0.1)}
    earlier = added(scaled(run["strong"], 0.8), scaled(run["weak"], 0.5))
    assert measured(earlier, added(*run.values())).extent == "part"


def test_a_child_of_a_low_rank_change_holds_it_whole():
    found = measured(added(drift(0.3), change(3, 0.02)), added(drift(0.3)))
    assert found.extent == "whole"


def test_the_base_in_a_coarser_type_is_the_base():
    found = shared_change(opened(added(change(3, 0.1)), "BF16"), opened(BASE, "BF16"), opened(BASE))
    assert isinstance(found, NotMeasured)
    assert found.same_as_base


def test_siblings_of_a_finer_base_do_not_share_its_rounding():
    """Half of the tensors are untouched in both: their rounding errors are equal, and no change."""
    frozen = [name for number, name in enumerate(BASE) if number % 2]
    one, other = ({**change(seed, 0.01), **{n: np.zeros_like(BASE[n]) for n in frozen}} for seed in (2, 3))
    assert measured(added(one), added(other), "BF16").extent == "little"


def test_a_model_in_another_order_is_not_measured():
    found = shared_change(opened(llama(5, SIZE)), opened(added(change(2, 0.1))), opened(BASE))
    assert isinstance(found, NotMeasured)
    assert "order" in found.reason
    assert not found.same_as_base


def test_what_is_held_whole_in_most_matrices_shows_though_others_were_moved():
    reference = change(2, 0.1)
    child = added(reference, change(3, 0.05))
    moved = {name: values[::-1] if "gate_proj" in name else values for name, values in child.items()}
    assert measured(moved, added(reference)).extent == "whole"


def test_a_slope_that_tells_no_child_from_a_sibling_is_none():
    reference = change(2, 0.01)
    found = shared_change(opened(added(reference, change(3, 3.0))), opened(added(reference)), opened(BASE))
    assert isinstance(found, NotMeasured)
    assert "tells no child from a sibling" in found.reason


def beyond(a: Weights, b: Weights) -> tuple[Evidence, Verdict]:
    report = compare_checkpoints(opened(a), opened(b), base=opened(BASE))
    (found,) = (item for item in report.evidence if item.test_id == "beyond-base")
    return found, report.verdict


def test_a_comparison_beside_a_base_says_what_is_shared_beyond_it():
    reference = added(change(2, 0.1))
    sibling, verdict = beyond(reference, added(change(3, 0.1)))
    assert verdict.relation == "derived"
    assert "B holds little of A's change" in verdict.caveats[0]
    child, verdict = beyond(reference, added(change(2, 0.1), change(3, 0.1)))
    assert "B holds the whole of A's change" in verdict.caveats[0]
    assert child.statistic == pytest.approx(1.0, abs=0.1)
    assert sibling.log10_p is None
    assert child.log10_p is None


def test_nothing_is_said_beyond_a_base_of_models_that_are_not_related():
    found, verdict = beyond(llama(7, SIZE), llama(8, SIZE))
    assert found.status == "skipped"
    assert not [caveat for caveat in verdict.caveats if "eyond" in caveat]
