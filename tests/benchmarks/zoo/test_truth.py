from __future__ import annotations

from collections import Counter
from typing import get_args

import pytest

from benchmarks.zoo.catalogue import HALVES, catalogue
from benchmarks.zoo.disguises.registry import DISGUISES
from benchmarks.zoo.pairs import pairs
from benchmarks.zoo.recipe_table import RECIPES
from benchmarks.zoo.truth import ancestors, nearest_common_ancestor, steps_between, truth_of
from lineage_audit.results import OperationKind

RELATED = {"identical", "derived", "shared-origin"}


def _truth(a, b, half="threshold", named=()):
    entries = catalogue(half)
    return truth_of(entries[a], entries[b], [entries[name] for name in named])


class TestTruth:
    def test_a_fine_tune_and_its_base_in_both_orders(self):
        truth = _truth("llama-1", "llama-1_light")
        assert (truth.relation, truth.direction, truth.operations) == ("derived", "a->b", ("fine-tuned",))
        assert truth.accepted == {"derived"}
        assert _truth("llama-1_light", "llama-1").direction == "b->a"

    def test_operations_add_up_over_two_steps(self):
        truth = _truth("llama-1", "llama-1_light_units")
        assert truth.operations == ("fine-tuned", "units-permuted")
        assert truth.accepted == {"derived"}

    def test_another_form_of_the_same_weights_may_be_called_identical(self):
        assert _truth("llama-1", "llama-1_hidden-rotated").accepted == {"derived", "identical"}
        assert _truth("llama-1", "llama-1_bfloat16").accepted == {"derived", "identical"}

    def test_other_names_alone_are_identical_and_have_no_direction(self):
        truth = _truth("llama-1", "llama-1_renamed")
        assert (truth.relation, truth.accepted, truth.direction) == ("identical", {"identical"}, "undetermined")
        assert truth.operations == ("renamed-tensors",)

    def test_siblings_have_no_direction_and_need_no_operation(self):
        truth = _truth("llama-1_light", "llama-1_heavy")
        assert (truth.relation, truth.direction, truth.operations) == ("derived", "undetermined", ())
        assert "fine-tuned" in truth.also

    @pytest.mark.parametrize(
        ("a", "b", "direction"),
        [
            ("llama-1_signs", "llama-1_light", "a->b"),
            ("llama-1_light", "llama-1_bfloat16", "b->a"),
            ("llama-1_int8", "llama-1_dropped", "a->b"),
            ("llama-1_int4", "llama-1_bfloat16", "b->a"),
            ("llama-1_bfloat16", "llama-1_float16", "b->a"),
            ("llama-1_signs", "llama-1_int8", "a->b"),
            ("llama-1_signs", "llama-1_heads", "undetermined"),
            ("llama-1_noise-1", "llama-1_noise-10", "undetermined"),
            ("llama-1_dropped", "llama-1_ablated", "undetermined"),
            ("llama-1_rotated", "llama-1_light", "undetermined"),
            ("llama-1_light_int8", "llama-1_light_units", "b->a"),
        ],
    )
    def test_a_base_in_another_form_stands_for_the_base_and_the_finer_for_the_coarser(self, a, b, direction):
        assert _truth(a, b).direction == direction

    def test_siblings_that_both_moved_far_share_an_origin(self):
        truth = _truth("llama-1_continued", "llama-1_pruned")
        assert truth.relation == "shared-origin"
        assert truth.accepted == {"derived", "shared-origin"}

    def test_one_initialisation_is_never_derived(self):
        for name in ("llama-1", "llama-1_light", "llama-1_hidden-rotated"):
            assert _truth("llama-1-elsewhere", name).accepted == {"shared-origin"}

    def test_twins_and_students_are_independent(self):
        for a, b in (("llama-1", "llama-2"), ("llama-1", "llama-1_distilled"), ("llama-1", "mistral-1")):
            assert _truth(a, b).accepted == {"independent"}

    def test_a_merge_is_named_only_where_its_parents_are(self):
        assert _truth("llama-1", "llama-1_ties").operations == ()
        named = _truth("llama-1", "llama-1_ties", named=("llama-1_light", "llama-1_heavy"))
        assert named.operations == ("merged",)

    def test_both_parents_of_a_frankenmerge_are_ancestors(self):
        for parent in ("llama-1", "llama-2"):
            truth = _truth(parent, "llama-1_stacked")
            assert (truth.relation, truth.operations) == ("derived", ("layers-replaced",))

    def test_the_shortest_way_counts(self):
        entries = catalogue("threshold")
        steps = steps_between(entries["llama-1"], entries["llama-1_linear"])
        assert [step.name for step in steps] == ["llama-1_linear"]
        assert steps_between(entries["llama-1_linear"], entries["llama-1"]) is None
        common = nearest_common_ancestor(entries["llama-1_light_units"], entries["llama-1_light_int8"])
        assert common.name == "llama-1_light"


NOT_MADE = {
    *("changed", "edited", "interpolated", "low-rank-truncated", "pruned-unstructured", "pruned-n:m", "rescaled"),
    *("gains-moved", "stream-scaled", "stream-shifted"),
    *("heads-merged", "layers-inserted", "layers-merged", "layers-reordered", "width-grown"),
}
"""Kinds of operations that no model of the zoo went through; the tests of operations and the evasions make them."""


@pytest.mark.parametrize("half", HALVES)
class TestCatalogue:
    def test_parents_come_first_and_digests_differ(self, half):
        seen = set()
        for name, entry in catalogue(half).items():
            assert {parent.name for parent in entry.parents} <= seen
            seen.add(name)
        assert len({entry.digest for entry in catalogue(half).values()}) == len(seen)

    def test_every_family_has_two_independent_seeds(self, half):
        bases = [entry for entry in catalogue(half).values() if entry.recipe is None]
        for family in {entry.family for entry in bases}:
            first, second = (catalogue(half)[f"{family}-{seed}"] for seed in (1, 2))
            assert first.base.initial_seed != second.base.initial_seed
            assert truth_of(first, second).relation == "independent"

    def test_every_kind_of_operation_occurs(self, half):
        named = {kind for pair in pairs(half) for kind in pair.truth.operations}
        assert named == set(get_args(OperationKind)) - NOT_MADE


def test_the_halves_share_no_seed_and_no_shape():
    threshold, report = ([e.base for e in catalogue(half).values() if e.recipe is None] for half in HALVES)
    assert not {base.initial_seed for base in threshold} & {base.initial_seed for base in report}
    assert not {base.data_seed for base in threshold} & {base.data_seed for base in report}
    sizes = [
        {tuple(base.config.get(k) for k in ("model_type", "hidden_size", "n_embd")) for base in half}
        for half in (threshold, report)
    ]
    assert not sizes[0] & sizes[1]


def test_the_set_of_siblings_shares_no_seed_with_the_halves_and_is_mostly_of_them():
    seeds = [
        {entry.base.initial_seed for entry in catalogue(name).values() if entry.recipe is None}
        for name in ("threshold", "report", "siblings")
    ]
    assert not seeds[2] & (seeds[0] | seeds[1])
    found = Counter(pair.kinship for pair in pairs("siblings"))
    assert found["kin"] > found["descent"] >= 30


def test_every_recipe_and_every_disguise_is_used():
    used = {name.rsplit("_", 1)[1] for half in HALVES for name, entry in catalogue(half).items() if entry.recipe}
    assert used == set(RECIPES)
    assert set(DISGUISES) <= used


@pytest.mark.parametrize("half", HALVES)
class TestPairs:
    def test_truth_fits_kinship(self, half):
        allowed = {
            "descent": {"derived", "identical"},
            "kin": {"derived", "shared-origin"},
            "one-initialisation": {"shared-origin"},
            "unrelated": {"independent"},
        }
        for pair in pairs(half):
            truth = pair.truth
            assert truth.relation in allowed[pair.kinship], (pair.a.name, pair.b.name)
            assert truth.relation in truth.accepted

    def test_unrelated_pairs_share_no_ancestor_and_no_initialisation(self, half):
        for pair in pairs(half):
            if pair.kinship == "unrelated":
                assert not ancestors(pair.a).keys() & ancestors(pair.b).keys()
                roots = [
                    {x.base.initial_seed for x in ancestors(side).values() if x.recipe is None}
                    for side in (pair.a, pair.b)
                ]
                assert not roots[0] & roots[1]

    def test_every_descendant_stands_against_each_parent_and_an_unrelated_model(self, half):
        found = {frozenset((pair.a.name, pair.b.name)): pair.kinship for pair in pairs(half)}
        strangers = {name for names, kinship in found.items() if kinship == "unrelated" for name in names}
        for name, entry in catalogue(half).items():
            for parent in entry.weight_parents:
                assert found[frozenset((name, parent.name))] == "descent"
            # Of its own family's second seed the frankenmerge is a child.
            assert name in strangers or name.endswith("_stacked")

    def test_there_are_many_and_in_both_orders(self, half):
        all_pairs = pairs(half)
        assert len({(pair.a.name, pair.b.name) for pair in all_pairs}) == len(all_pairs) > 700
        directions = [pair.truth.direction for pair in all_pairs]
        assert directions.count("b->a") > 80
        assert directions.count("a->b") > 150

    def test_disguised_models_of_two_seeds_stand_against_each_other(self, half):
        hidden = [
            p for p in pairs(half) if p.kinship == "unrelated" and "_hidden-" in p.a.name and "_hidden-" in p.b.name
        ]
        assert {pair.a.family for pair in hidden} == {"llama", "gpt2", "mistral", "qwen2", "gemma", "neox", "mixtral"}
