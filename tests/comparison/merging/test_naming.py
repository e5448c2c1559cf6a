"""Merges of named parents are decomposed; what is no merge of them is not called one."""

from __future__ import annotations

import re

import numpy as np
import pytest

from lineage_audit import Verdict
from lineage_audit.comparison import compare_checkpoints
from lineage_audit.comparison.merging import Ancestors, find_merge
from lineage_audit.comparison.operations.directed import DirectedOperation
from tests.models import WIDE, Weights, llama, llama_config, model, noisy

BASE = llama(1, WIDE)
CODE, CHAT = noisy(BASE, 2, 0.2), noisy(BASE, 3, 0.3)


def _verdict(child: Weights, *parents: Weights) -> Verdict:
    checkpoints = [model(weights, llama_config(WIDE)) for weights in (BASE, child, *parents)]
    return compare_checkpoints(checkpoints[0], checkpoints[1], parents=checkpoints[2:]).verdict


def _merged(share: float) -> Weights:
    return {name: share * CODE[name] + (1 - share) * CHAT[name] for name in BASE}


def test_a_linear_merge_gives_its_weights() -> None:
    (operation,) = _verdict(_merged(0.7), CODE, CHAT).operations
    assert operation.kind == "merged"
    assert [float(weight) for weight in re.findall(r"(\d\.\d\d) \(", operation.detail)] == [0.7, 0.3]
    assert "explain 100.0%" in operation.evidence


def test_with_the_base_named_a_merge_is_held_against_a_and_the_parents() -> None:
    a, b, other, base = (model(weights, llama_config(WIDE)) for weights in (CODE, _merged(0.7), CHAT, BASE))
    verdict = compare_checkpoints(a, b, parents=(other,), base=base).verdict
    (operation,) = (one for one in verdict.operations if one.kind == "merged")
    assert [float(weight) for weight in re.findall(r"(\d\.\d\d) \(", operation.detail)] == [0.7, 0.3]
    assert "of B - base" in operation.evidence


def test_trained_on_after_the_merge_it_is_still_one() -> None:
    (operation,) = _verdict(noisy(_merged(0.5), 5, 0.05), CODE, CHAT).operations
    assert operation.kind == "merged"
    weights = [float(weight) for weight in re.findall(r"(\d\.\d\d) \(", operation.detail)]
    assert all(abs(weight - 0.5) < 0.03 for weight in weights)


def test_parents_that_add_nothing_are_not_named() -> None:
    for child, parents in (
        (CODE, (CODE, CHAT)),  # one of the parents itself
        (noisy(BASE, 9, 0.2), (CODE, CHAT)),  # a third fine-tune
        (_merged(0.5), (CODE,)),  # one parent alone is no merge
    ):
        assert "merged" not in [operation.kind for operation in _verdict(child, *parents).operations]


def test_a_parent_of_another_shape_is_passed_over() -> None:
    other = model(llama(4), llama_config())
    base, child = (model(weights, llama_config(WIDE)) for weights in (BASE, CODE))
    verdict = compare_checkpoints(base, child, parents=[other]).verdict
    assert verdict.relation == "derived"
    assert "merged" not in [operation.kind for operation in verdict.operations]


def _ties(child_density: float) -> Weights:
    """TIES of a small and a large delta, the large one dominating."""
    merged = {}
    for name, base in BASE.items():
        deltas = np.stack([SMALL[name] - base, CHAT[name] - base])
        edges = np.quantile(np.abs(deltas.reshape(2, -1)), 1 - child_density, axis=1)
        kept = deltas * (np.abs(deltas) >= edges.reshape(-1, *[1] * base.ndim))
        agrees = (np.sign(kept) == np.sign(kept.sum(axis=0))) & (kept != 0)
        merged[name] = (base + (kept * agrees).sum(axis=0) / np.maximum(agrees.sum(axis=0), 1)).astype(np.float32)
    return merged


SMALL = noisy(BASE, 6, 0.03)


def _found(a: Weights, b: Weights, *parents: Weights) -> DirectedOperation | None:
    one, other, *named = (model(weights, llama_config(WIDE)) for weights in (a, b, *parents))
    return find_merge(one, other, Ancestors(tuple(named)))


def test_ties_is_named_where_one_parent_dominates() -> None:
    found = _found(BASE, _ties(0.5), SMALL, CHAT)
    assert found is not None
    assert "TIES" in found.operation.evidence
    assert re.findall(r"(\d\.\d\d) \(", found.operation.detail) == ["0.50", "0.50"]


def test_a_merge_is_named_when_it_stands_as_a() -> None:
    found = _found(_merged(0.6), BASE, CODE, CHAT)
    assert found is not None
    assert found.shows == "b->a"


@pytest.mark.parametrize(("share", "noise"), [(0.0, 0.1), (0.15, 0.1), (0.25, 0.2)])
def test_a_fine_tune_of_one_parent_is_no_merge_even_if_it_drifts_towards_the_other(share: float, noise: float) -> None:
    drifted = {name: CODE[name] + share * (CHAT[name] - BASE[name]) for name in BASE}
    assert _found(BASE, noisy(drifted, 8, noise), CODE, CHAT) is None


def test_a_base_among_its_fine_tunes_is_no_merge_of_them() -> None:
    assert _found(noisy(BASE, 9, 0.2), BASE, CODE, CHAT) is None
    assert _found(BASE, noisy(BASE, 9, 0.2), CODE, CHAT) is None
