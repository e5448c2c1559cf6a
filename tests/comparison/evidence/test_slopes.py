"""Slopes say what a model was not made from by training, and are silent where something else moved it."""

from __future__ import annotations

import numpy as np
import pytest

from lineage_audit.comparison import compare_checkpoints
from lineage_audit.results import Verdict
from tests.models import SMALL, Weights, bfloat16, llama, llama_config, model, noisy

PARENT = llama(1)
CHILD = noisy(PARENT, 2, 0.2)


def said(a: Weights, b: Weights) -> str:
    first, second = (model(weights, llama_config(SMALL)) for weights in (a, b))
    (slopes,) = (item for item in compare_checkpoints(first, second).evidence if item.test_id == "slopes")
    return slopes.finding


def pruned(weights: Weights) -> Weights:
    return {
        name: np.where(np.abs(values) < np.quantile(np.abs(values), 0.3), np.float32(0), values)
        if values.ndim > 1
        else values
        for name, values in weights.items()
    }


def merged(one: Weights, other: Weights) -> Weights:
    return {name: (values + other[name]) / 2 for name, values in one.items()}


def test_what_training_added_shows_whom_the_parent_was_not_made_from():
    assert "A was not made from B by training, if neither file was made to fit" in said(PARENT, CHILD)
    assert "B was not made from A by training" in said(CHILD, PARENT)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (PARENT, {name: bfloat16(values) for name, values in PARENT.items()}),
        (PARENT, pruned(PARENT)),
        (noisy(PARENT, 3, 0.2), noisy(PARENT, 4, 0.2)),
        (llama(7), llama(8)),
        (merged(PARENT, CHILD), CHILD),
    ],
    ids=["a conversion", "pruned", "siblings that moved as far", "strangers", "a merge and its parent"],
)
def test_where_something_else_moved_a_model_they_are_silent(a, b):
    assert "was not made" not in said(a, b)
    assert "was not made" not in said(b, a)


def caveats(a: Weights, b: Weights, *types: str) -> Verdict:
    first, second = (model(weights, llama_config(SMALL), dtype) for weights, dtype in zip((a, b), types, strict=True))
    return compare_checkpoints(first, second).verdict


def test_a_direction_is_what_the_files_fit_with_the_cost_of_planting_it():
    verdict = caveats(PARENT, PARENT, "F32", "BF16")
    assert verdict.direction == "a->b"
    (fits,) = (caveat for caveat in verdict.caveats if caveat.startswith("The marks fit A → B"))
    assert "if neither file was made to fit" in fits
    assert "to plant it: noise below the coarser type's rounding" in fits


def test_an_accuser_who_holds_the_innocent_model_can_plant_a_direction():
    """Noise below the rounding of B, stored in a finer type: all marks fit A → B, and B was there first."""
    innocent = {name: bfloat16(values) for name, values in PARENT.items()}
    rng = np.random.default_rng(5)
    made = {
        name: (values * (1 + 2.0**-10 * rng.uniform(-1, 1, values.shape))).astype(np.float32)
        for name, values in innocent.items()
    }
    verdict = caveats(made, innocent, "F32", "BF16")
    assert verdict.direction == "a->b"
    assert any("if neither file was made to fit" in caveat for caveat in verdict.caveats)


def test_without_a_direction_nothing_is_said_of_marks():
    assert not [caveat for caveat in caveats(PARENT, CHILD, "F32", "F32").caveats if "marks fit" in caveat]
