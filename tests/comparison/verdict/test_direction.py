"""A mark says who was not made from whom; it shows a direction where nothing else lies between the two."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from lineage_audit.comparison import compare_checkpoints
from lineage_audit.comparison.operations.directed import directed
from lineage_audit.comparison.shares.weights import Shares
from lineage_audit.comparison.verdict.direction import precedence_of, words_of
from lineage_audit.comparison.verdict.findings import Findings
from lineage_audit.comparison.verdict.thresholds import ORDER
from lineage_audit.results import OperationKind, Verdict
from tests.models import SMALL, Weights, checkpoint, llama, llama_config, repository, tokenizer_json

KEPT = Shares(derived=1.0, explained=1.0, best_part=1.0, copied=0.5, compared=0.8, relative_delta=0.0)
UNSEEN = replace(KEPT, explained=None, best_part=None, copied=None, relative_delta=None)
UNDER_A_ROTATION = replace(UNSEEN, explained=0.99999)
TUNED_UNDER_A_ROTATION = replace(UNSEEN, explained=0.98)

CUT = directed("layers-removed", "", "", "a->b")
GROWN = directed("width-grown", "", "", "a->b")
GROWN_A = directed("vocabulary-extended", "", "", "b->a")
ROUNDED = directed("quantized", "", "", "a->b")
ROUNDED_AND_MORE = directed("quantized", "", "", leaves_more=True)


def beside(kind: OperationKind):
    return directed(kind, "", "")


def findings(*operations, shares: Shares = KEPT, **changed: object) -> Findings:
    found = Findings(
        evidence=(), shares=shares, operations=operations, same_weights=False, left_in_a="tensors", left_in_b="nothing",
        architecture="", caveats=(), searched=True, moved=True, rotated=False, obstacle=None,
    )  # fmt: skip
    return replace(found, **changed)


@pytest.mark.parametrize(
    ("found", "direction"),
    [
        (findings(CUT), "a->b"),
        (findings(CUT, beside("units-permuted"), beside("renamed-tensors")), "a->b"),
        (findings(CUT, beside("cast")), "a->b"),
        (findings(CUT, shares=replace(KEPT, relative_delta=ORDER.kept)), "a->b"),
        (findings(CUT, shares=replace(KEPT, relative_delta=1.1 * ORDER.kept)), "undetermined"),
        (findings(CUT, beside("fine-tuned")), "undetermined"),
        (findings(CUT, beside("continued-pretrained")), "undetermined"),
        (findings(CUT, beside("edited")), "undetermined"),
        (findings(CUT, ROUNDED_AND_MORE), "undetermined"),
        (findings(CUT, beside("vocabulary-replaced")), "undetermined"),
        (findings(CUT, GROWN_A), "undetermined"),
        (findings(CUT, shares=UNSEEN), "undetermined"),
        (findings(CUT, shares=UNDER_A_ROTATION), "a->b"),
        (findings(CUT, shares=TUNED_UNDER_A_ROTATION), "undetermined"),
        (findings(GROWN, shares=replace(KEPT, relative_delta=0.5)), "a->b"),
        (findings(GROWN, shares=replace(KEPT, relative_delta=0.0, explained=0.99)), "undetermined"),
        (findings(ROUNDED, shares=replace(KEPT, relative_delta=0.1)), "a->b"),
        (findings(ROUNDED, CUT, shares=replace(KEPT, relative_delta=0.1)), "a->b"),
        (findings(ROUNDED, beside("fine-tuned")), "undetermined"),
        (findings(beside("fine-tuned"), excluded_by_slopes="b->a"), "undetermined"),
        (findings(), "undetermined"),
    ],
)
def test_a_direction_needs_marks_that_are_the_whole_difference(found, direction):
    assert precedence_of(found, "derived").direction == direction


@pytest.mark.parametrize(
    ("found", "excluded"),
    [
        (findings(CUT), ("b->a",)),
        (findings(CUT, beside("fine-tuned")), ("b->a",)),
        (findings(CUT, GROWN_A), ("b->a", "a->b")),
        (findings(CUT, beside("fine-tuned"), excluded_by_slopes="a->b"), ("b->a",)),
        (findings(beside("fine-tuned"), excluded_by_slopes="a->b"), ("a->b",)),
        (findings(beside("fine-tuned")), ()),
        (findings(ROUNDED_AND_MORE), ()),
    ],
)
def test_a_mark_excludes_that_its_bearer_came_first_and_slopes_speak_where_there_is_none(found, excluded):
    assert precedence_of(found, "derived").excluded == excluded


@pytest.mark.parametrize("relation", ["identical", "independent", "shared-origin", "inconclusive"])
def test_other_relations_exclude_nothing(relation):
    order = precedence_of(findings(CUT, excluded_by_slopes="b->a"), relation)
    assert (order.direction, order.excluded) == ("undetermined", ())


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (findings(CUT), "The marks fit A → B, if neither file was made to fit: layers-removed (to plant it: "),
        (findings(CUT, beside("fine-tuned")), "A was not made from B, if neither file was made to fit: layers-removed"),
        (findings(CUT, GROWN_A), "Neither was made from the other, if neither file was made to fit: layers-removed"),
        (
            findings(excluded_by_slopes="a->b"),
            "B was not made from A by training, if neither file was made to fit: A is B",
        ),
    ],
)
def test_what_is_shown_is_said_with_the_cost_of_planting_it(found, words):
    said = words_of(precedence_of(found, "derived"), found)
    assert said is not None
    assert said.startswith(words)
    assert "to plant it" in said


def test_where_nothing_is_shown_nothing_is_said():
    found = findings(beside("fine-tuned"))
    assert words_of(precedence_of(found, "derived"), found) is None


PARENT = llama(1)
TOKENS = [f"t{number:03}" for number in range(SMALL.vocab)]


def tuned(weights: Weights, seed: int, size: float) -> Weights:
    """Something new in a few directions of every matrix, as training adds it."""
    rng = np.random.default_rng(seed)

    def moved(values):
        if values.ndim == 1:
            return (values + 0.01 * rng.standard_normal(values.shape)).astype(np.float32)
        added = rng.standard_normal((len(values), 6)) @ rng.standard_normal((6, values.shape[1]))
        return (values + size * np.linalg.norm(values) / np.linalg.norm(added) * added).astype(np.float32)

    return {name: moved(values) for name, values in weights.items()}


def with_more_tokens(weights: Weights) -> Weights:
    more = np.random.default_rng(1).standard_normal((16, SMALL.hidden)).astype(np.float32) * 0.02
    token_rows = ("model.embed_tokens.weight", "lm_head.weight")
    return weights | {name: np.concatenate([weights[name], more]) for name in token_rows}


def verdict_on(a: Weights, b: Weights) -> Verdict:
    """Of a model with the tokens, and one with some more."""
    config = llama_config(SMALL)
    first = repository(a, config) | {"tokenizer.json": tokenizer_json(TOKENS)}
    more = tokenizer_json(TOKENS, [f"<extra_{number}>" for number in range(16)])
    second = repository(b, config | {"vocab_size": SMALL.vocab + 16}) | {"tokenizer.json": more}
    return compare_checkpoints(checkpoint(first), checkpoint(second)).verdict


@pytest.mark.parametrize("size", [0.01, 0.03])
def test_a_sibling_that_was_tuned_lightly_is_not_called_the_ancestor_of_one_that_bears_a_mark(size):
    verdict = verdict_on(tuned(PARENT, 2, size), tuned(with_more_tokens(PARENT), 3, 0.1))
    assert (verdict.relation, verdict.direction, verdict.excluded) == ("derived", "undetermined", ("b->a",))
    assert any(caveat.startswith("A was not made from B") for caveat in verdict.caveats)


def test_nor_one_that_was_tuned_beside_a_mark_on_the_untouched_base():
    verdict = verdict_on(tuned(PARENT, 2, 0.03), with_more_tokens(PARENT))
    assert (verdict.direction, verdict.excluded) == ("undetermined", ("b->a",))


def test_the_base_itself_is_where_nothing_else_was_done():
    verdict = verdict_on(PARENT, with_more_tokens(PARENT))
    assert (verdict.direction, verdict.excluded) == ("a->b", ("b->a",))
