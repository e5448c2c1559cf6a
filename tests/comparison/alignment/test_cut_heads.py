"""Attention heads that were cut are mapped and named, in whatever order the rest stands."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lineage_audit import Verdict
from lineage_audit.comparison import compare_checkpoints
from tests.comparison.alignment import disguises
from tests.depth import TIMES
from tests.models import WIDE, Array, Config, Weights, bert, bert_config, llama, llama_config, model, noisy

CONFIG = llama_config(WIDE)
PER_GROUP = WIDE.heads // WIDE.kv_heads


def _rows(heads: Array) -> Array:
    rows: Array = (np.asarray(heads)[:, None] * WIDE.head_dim + np.arange(WIDE.head_dim)).ravel()
    return rows


def _keep(weights: Weights, groups: Array, heads: Array) -> Weights:
    """A Llama with some KV groups and query heads, in the order given."""
    changed = dict(weights)
    for layer in range(WIDE.layers):
        at = f"model.layers.{layer}.self_attn."
        for part, rows in (("q", _rows(heads)), ("k", _rows(groups)), ("v", _rows(groups))):
            changed[f"{at}{part}_proj.weight"] = weights[f"{at}{part}_proj.weight"][rows]
        changed[f"{at}o_proj.weight"] = weights[f"{at}o_proj.weight"][:, _rows(heads)]
    return changed


def _of_groups(groups: Array, inside: tuple[int, ...]) -> Array:
    heads: Array = (np.asarray(groups)[:, None] * PER_GROUP + np.array(inside)).ravel()
    return heads


def _config(kv_heads: int, per_group: int) -> Config:
    return CONFIG | {
        "num_attention_heads": kv_heads * per_group,
        "num_key_value_heads": kv_heads,
        "head_dim": WIDE.head_dim,
    }


def _kinds(verdict: Verdict) -> set[str]:
    return {operation.kind for operation in verdict.operations}


def _pruned_detail(verdict: Verdict) -> str:
    return next(operation.detail for operation in verdict.operations if operation.kind == "width-pruned")


@pytest.mark.parametrize(
    ("groups", "inside", "detail", "moved"),
    [
        ((0, 1, 3), (0, 1), "3 of 4 KV groups kept", False),
        ((0, 1, 2), (0, 1), "3 of 4 KV groups kept", False),
        ((3, 0, 1), (1, 0), "3 of 4 KV groups kept", True),
        ((0, 1, 2, 3), (1,), "1 of 2 query heads kept in a group", False),
        ((2, 0, 3), (1,), "3 of 4 KV groups kept; 1 of 2 query heads kept in a group", True),
    ],
)
@pytest.mark.parametrize("part_first", [False, True])
def test_heads_cut_and_permuted_are_both_named(
    groups: tuple[int, ...], inside: tuple[int, ...], detail: str, moved: bool, part_first: bool
) -> None:
    parent = llama(1, WIDE)
    cut = _keep(noisy(parent, 2, 0.1), np.array(groups), _of_groups(np.array(groups), inside))
    models = [model(parent, CONFIG), model(cut, _config(len(groups), len(inside)))]
    verdict = compare_checkpoints(*(models[::-1] if part_first else models)).verdict
    assert (verdict.relation, verdict.excluded) == ("derived", ("a->b" if part_first else "b->a",))
    assert _pruned_detail(verdict) == detail
    assert ("heads-permuted" in _kinds(verdict)) is moved
    assert verdict.explained_variance is not None
    assert verdict.explained_variance > 0.98


@pytest.mark.parametrize("part_first", [False, True])
def test_cut_under_every_disguise(part_first: bool) -> None:
    """Groups cut, the rest permuted and flipped, units rescaled, channels cut and permuted."""
    rng = np.random.default_rng(3)
    parent = llama(1, WIDE)
    groups = np.array([2, 0, 1])
    hidden = noisy(parent, 2, 0.1)
    for disguise in (disguises.rescale_units, disguises.flip_attention, disguises.permute_heads):
        hidden = disguise(hidden, rng)
    cut = disguises.keep_channels(_keep(hidden, groups, _of_groups(groups, (0, 1))), rng.permutation(WIDE.hidden)[:112])
    models = [model(parent, CONFIG), model(cut, _config(3, PER_GROUP) | {"hidden_size": 112})]
    verdict = compare_checkpoints(*(models[::-1] if part_first else models)).verdict
    assert (verdict.relation, verdict.excluded) == ("derived", ("a->b" if part_first else "b->a",))
    assert _pruned_detail(verdict) == "112 of 128 residual channels kept; 3 of 4 KV groups kept"
    assert _kinds(verdict) >= {"heads-permuted", "units-permuted", "units-rescaled", "channels-permuted"}
    details = " ".join(operation.detail for operation in verdict.operations)
    assert "value dimensions have the other sign" in details
    assert "query-key units have the other sign" in details
    assert verdict.explained_variance is not None
    assert verdict.explained_variance > 0.97


def test_heads_of_an_ungated_encoder_are_cut_as_well() -> None:
    parent = bert(1, WIDE)
    kept = np.array([5, 0, 7, 2, 3, 1])
    cut = noisy(parent, 2, 0.1)
    for layer in range(WIDE.layers):
        at = f"bert.encoder.layer.{layer}.attention."
        for part in ("query", "key", "value"):
            cut[f"{at}self.{part}.weight"] = cut[f"{at}self.{part}.weight"][_rows(kept)]
        cut[f"{at}output.dense.weight"] = cut[f"{at}output.dense.weight"][:, _rows(kept)]
    config = bert_config(WIDE) | {"num_attention_heads": len(kept)}
    verdict = compare_checkpoints(model(parent, bert_config(WIDE)), model(cut, config)).verdict
    assert (verdict.relation, verdict.excluded) == ("derived", ("b->a",))
    assert _pruned_detail(verdict) == "6 of 8 heads kept"
    assert "heads-permuted" in _kinds(verdict)
    assert verdict.explained_variance is not None
    assert verdict.explained_variance > 0.98


def test_the_tests_of_attention_run_on_the_heads_that_are_left() -> None:
    parent = llama(1, WIDE)
    groups = np.array([3, 1, 0])
    cut = _keep(noisy(parent, 2, 0.1), groups, _of_groups(groups, (1, 0)))
    report = compare_checkpoints(model(parent, CONFIG), model(cut, _config(3, PER_GROUP)))
    evidence = {item.test_id: item for item in report.evidence}
    values, keys = evidence["aligned-value-output-signs"], evidence["aligned-query-key-signs"]
    assert values.count == WIDE.layers * 3 * WIDE.head_dim
    assert keys.count == WIDE.layers * 3 * WIDE.head_dim // 2
    assert min(values.effect or 0.0, keys.effect or 0.0) > 0.98


def test_an_independent_model_with_fewer_heads_is_not_accused() -> None:
    groups = np.array([3, 1, 0])
    for seed in range(TIMES):
        cut = _keep(llama(20 + seed, WIDE), groups, _of_groups(groups, (1, 0)))
        report = compare_checkpoints(model(llama(seed, WIDE), CONFIG), model(cut, _config(3, PER_GROUP)))
        assert report.verdict.relation in ("independent", "inconclusive")
        assert not report.verdict.operations


def test_a_model_with_more_query_heads_in_a_group_is_left_alone() -> None:
    """Groups that share keys and values between more query heads are no cut of groups that share less."""
    size = replace(WIDE, kv_heads=2)
    parent, fewer = llama(1, WIDE), llama(1, size)
    verdict = compare_checkpoints(model(parent, CONFIG), model(fewer, llama_config(size))).verdict
    assert "width-pruned" not in _kinds(verdict)
    assert "heads-permuted" not in _kinds(verdict)
