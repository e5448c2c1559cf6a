"""Related is not derived: an order, and what is shared beyond a declared base, decide what a check may conclude."""

import numpy as np
import pytest

from lineage_audit import check
from lineage_audit.claims import given_reference
from tests.claims.repositories import (
    FILLER,
    TINY,
    base_weights,
    card,
    derived_weights,
    independent_weights,
    write_model,
)
from tests.models import Weights, noisy
from tests.multimodal import beside, multimodal_config, tower, tower_config

FREE = {"license": "cc-by-4.0"}
NON_COMMERCIAL = {"license": "cc-by-nc-4.0"}


@pytest.fixture(autouse=True)
def offline(monkeypatch, tmp_path_factory):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path_factory.mktemp("hub")))


def found(report):
    return [(finding.rule_id, finding.level) for finding in report.findings]


def sibling_of_base(seed: int) -> Weights:
    return noisy(base_weights(), seed, 0.05)


def merged(first: Weights, second: Weights, weight: float) -> Weights:
    return {
        name: (weight * values.astype(np.float32) + (1 - weight) * second[name].astype(np.float32)).astype(np.float32)
        for name, values in first.items()
    }


def with_parts_of(donor: Weights, model: Weights) -> Weights:
    """A model whose token rows and norm gains are another's, its layers its own."""
    return {name: donor[name] if "embed" in name or "norm" in name else values for name, values in model.items()}


def with_units_moved(weights: Weights) -> Weights:
    """The same function: FFN units, and the dimensions of every head's values, stand in another order."""
    rng = np.random.default_rng(6)
    moved = dict(weights)
    for layer in range(TINY.layers):
        at, order = f"model.layers.{layer}.mlp.", rng.permutation(TINY.ffn)
        for name in ("gate_proj", "up_proj"):
            moved[f"{at}{name}.weight"] = weights[f"{at}{name}.weight"][order]
        moved[f"{at}down_proj.weight"] = weights[f"{at}down_proj.weight"][:, order]
    return moved


class TestOrder:
    def test_without_an_order_nothing_is_concluded(self, tmp_path):
        subject = write_model(tmp_path / "subject", derived_weights(), card(FREE, "We trained it from scratch."))
        other = write_model(tmp_path / "other", base_weights(), card(NON_COMMERCIAL))
        report = check(str(subject), [str(other)])
        assert found(report) == [("LA107", "warning")]
        assert (report.outcome, report.concluded_licence) == ("inconclusive", None)
        assert "one was made from the other, or both from a third" in report.findings[0].message

    def test_an_original_is_not_accused_by_its_own_derivative(self, tmp_path):
        subject = write_model(tmp_path / "original", base_weights(), card(FREE, "We trained it from scratch."))
        taken = write_model(tmp_path / "taken", derived_weights(), card(NON_COMMERCIAL))
        assert found(check(str(subject), [str(taken)])) == [("LA107", "warning")]

    def test_a_declared_base_of_some_parts_alone_is_owed_its_licence(self, tmp_path):
        weights = with_parts_of(base_weights(), independent_weights())
        write_model(tmp_path / "base", base_weights(), card(NON_COMMERCIAL))
        subject = write_model(tmp_path / "subject", weights, card({**FREE, "base_model": "base"}))
        report = check(str(subject))
        assert report.references[0].relation == "shared-origin"
        assert found(report) == [("LA202", "error"), ("LA912", "warning")]

    def test_a_declared_base_of_some_parts_alone_is_no_pass(self, tmp_path):
        weights = with_parts_of(base_weights(), independent_weights())
        write_model(tmp_path / "base", base_weights(), card(FREE))
        subject = write_model(tmp_path / "subject", weights, card({**FREE, "base_model": "base"}))
        report = check(str(subject))
        assert found(report) == [("LA912", "warning")]
        assert (report.outcome, report.concluded_licence) == ("inconclusive", None)

    def test_what_the_auditor_states_is_an_order(self, tmp_path):
        subject = write_model(tmp_path / "subject", derived_weights(), card(FREE))
        other = write_model(tmp_path / "other", base_weights(), card(NON_COMMERCIAL))
        report = check(str(subject), earlier=[str(other)])
        assert found(report) == [("LA101", "error"), ("LA202", "error")]
        assert any(line.startswith("order: it is stated") for line in report.findings[0].evidence)
        assert report.findings[0].properties["order"] == "stated"

    @pytest.mark.parametrize(("subject_date", "expected"), [("2024-05-01", "LA101"), ("2023-07-01", "LA107")])
    def test_dates_of_release_in_the_policy_are_an_order(self, subject_date, expected, tmp_path):
        subject = write_model(tmp_path / "subject", derived_weights(), card(FREE))
        other = write_model(tmp_path / "other", base_weights(), card(FREE))
        policy = tmp_path / "policy.yaml"
        policy.write_text(f"released: {subject_date}\nreferences:\n  - ref: {other}\n    released: 2023-07-18\n")
        assert found(check(str(subject), policy=policy))[0][0] == expected

    def test_a_policy_states_that_a_reference_is_earlier(self, tmp_path):
        subject = write_model(tmp_path / "subject", derived_weights(), card(FREE))
        other = write_model(tmp_path / "other", base_weights(), card(FREE))
        policy = tmp_path / "policy.yaml"
        policy.write_text(f"references:\n  - ref: {other}\n    earlier: true\n")
        assert found(check(str(subject), policy=policy)) == [("LA101", "error")]

    def test_a_merge_recipe_that_names_the_reference_is_the_subjects_own_word(self, tmp_path):
        other = write_model(tmp_path / "other", base_weights(), card(FREE))
        recipe = {"mergekit_config.yml": "models:\n  - model: org/other\nmerge_method: linear\n"}
        subject = write_model(tmp_path / "subject", derived_weights(), card(FREE), recipe)
        assert ("LA101", "error") in found(check(str(subject), [str(other)]))


class TestExclusion:
    """A subject that truly names its base, held against another model made from that base."""

    def held(self, tmp_path, reference: Weights, subject: Weights | None = None, *, earlier: bool = True, files=None):
        write_model(tmp_path / "base", base_weights(), card(FREE))
        other = str(write_model(tmp_path / "other", reference, card(NON_COMMERCIAL)))
        weights = derived_weights() if subject is None else subject
        ours = write_model(tmp_path / "subject", weights, card({**FREE, "base_model": "base"}, FILLER), files)
        return check(str(ours), [] if earlier else [other], earlier=[other] if earlier else [])

    @pytest.mark.parametrize("earlier", [False, True])
    def test_a_sibling_is_related_through_the_base_and_no_further(self, earlier, tmp_path):
        report = self.held(tmp_path, sibling_of_base(9), earlier=earlier)
        assert found(report) == [("LA110", "note")]
        assert report.outcome == "passed"
        assert abs(report.findings[0].properties["shared_change_slope"]) < 0.2

    def test_a_copy_of_the_base_is_the_base(self, tmp_path):
        assert found(self.held(tmp_path, base_weights())) == []

    @pytest.mark.parametrize(("earlier", "expected"), [(True, ["LA101", "LA202"]), (False, ["LA107"])])
    def test_a_fine_tune_of_the_reference_holds_its_change(self, earlier, expected, tmp_path):
        reference = sibling_of_base(9)
        report = self.held(tmp_path, reference, noisy(reference, 8, 0.03), earlier=earlier)
        assert [rule for rule, _ in found(report)] == expected
        assert report.findings[0].properties["shared_change_slope"] == pytest.approx(1.0, abs=0.1)

    def test_a_merge_holds_a_part(self, tmp_path):
        reference = sibling_of_base(9)
        report = self.held(tmp_path, reference, merged(reference, sibling_of_base(7), 0.6))
        assert found(report) == [("LA109", "warning")]
        assert report.outcome == "inconclusive"

    @pytest.mark.parametrize(("earlier", "expected"), [(True, ["LA101", "LA202"]), (False, ["LA107"])])
    @pytest.mark.parametrize("weight", [0.3, 0.5, 0.8])
    def test_a_merge_with_the_base_is_a_multiple_of_the_change(self, weight, earlier, expected, tmp_path):
        reference = sibling_of_base(9)
        report = self.held(tmp_path, reference, merged(reference, base_weights(), weight), earlier=earlier)
        assert [rule for rule, _ in found(report)] == expected
        assert report.findings[0].properties["shared_change_slope"] == pytest.approx(weight, abs=0.02)

    @pytest.mark.parametrize("weight", [0.5, 0.65, 0.8])
    def test_a_merge_that_names_its_parents_is_honest(self, weight, tmp_path):
        write_model(tmp_path / "base", base_weights(), card(FREE))
        parent = sibling_of_base(9)
        write_model(tmp_path / "parent", parent, card({**FREE, "base_model": "base"}))
        front = {**FREE, "base_model": "[base, parent]", "base_model_relation": "merge"}
        subject = write_model(tmp_path / "subject", merged(parent, base_weights(), weight), card(front))
        report = check(str(subject))
        assert (report.findings, report.outcome) == ((), "passed")

    def test_a_parent_that_prose_alone_names_is_a_note(self, tmp_path):
        write_model(tmp_path / "base", base_weights(), card(FREE))
        parent, third = sibling_of_base(9), sibling_of_base(7)
        other = write_model(tmp_path / "other-7b", parent, card({**FREE, "base_model": "base"}))
        words = card({**FREE, "base_model": "base"}, "This model is a merge of org/other-7b and org/third-7b.")
        subject = write_model(tmp_path / "subject", merged(parent, third, 0.6), words)
        assert found(check(str(subject), [str(other)])) == [("LA101", "note")]

    @pytest.mark.parametrize("child", [False, True])
    def test_of_a_disguised_relative_nothing_is_shown_and_nobody_is_accused(self, child, tmp_path):
        reference = sibling_of_base(9)
        made = noisy(reference, 8, 0.03) if child else derived_weights()
        reset = {name: values if "mlp" in name else base_weights()[name] for name, values in made.items()}
        report = self.held(tmp_path, reference, with_units_moved(reset))
        assert found(report) == [("LA108", "warning")]
        assert (report.outcome, report.references[1].standing) == ("inconclusive", "declared")
        (finding,) = report.findings
        assert "through the declared base base or otherwise: not shown" in finding.message
        assert any("do not stand in the base's order" in line for line in finding.evidence)
        assert "as they were published" in finding.fix

    def test_a_base_that_the_auditor_names_accounts_for_what_it_explains(self, tmp_path):
        base = write_model(tmp_path / "base", base_weights(), card(FREE))
        other = write_model(tmp_path / "other", sibling_of_base(9), card(NON_COMMERCIAL))
        subject = write_model(tmp_path / "subject", derived_weights(), card(FREE))
        report = check(str(subject), earlier=[str(other)], bases=[str(base)])
        assert [(finding.rule_id, finding.reference) for finding in report.findings] == [
            ("LA101", base.name),
            ("LA110", other.name),
        ]

    def test_without_the_base_at_hand_nothing_is_shown(self, tmp_path):
        front = {**FREE, "base_model": "org/not-here"}
        subject = write_model(tmp_path / "subject", derived_weights(), card(front))
        other = write_model(tmp_path / "other", sibling_of_base(9), card(NON_COMMERCIAL))
        report = check(str(subject), earlier=[str(other)])
        assert [rule for rule, _ in found(report)] == ["LA108", "LA903"]
        assert "through the declared base org/not-here or otherwise" in report.findings[0].message
        assert report.outcome == "inconclusive"


@pytest.mark.parametrize(("name", "level"), [("yi-6b", "warning"), ("gpt2", "warning"), ("base", "error")])
def test_a_name_that_tells_a_model_is_no_silence_however_short(name, level, tmp_path):
    base = write_model(tmp_path / name, base_weights(), card(FREE))
    subject = write_model(tmp_path / "subject", derived_weights(), card(FREE, f"As large as {name} and others."))
    assert found(check(str(subject), earlier=[str(base)])) == [("LA101", level)]


class TestNamedFolders:
    def test_a_folder_is_the_declared_base_that_it_is_said_to_be(self, tmp_path):
        folder = write_model(tmp_path / "downloaded", base_weights(), card(FREE))
        subject = write_model(tmp_path / "subject", derived_weights(), card({**FREE, "base_model": "org/gated"}))
        report = check(str(subject), [f"org/gated={folder}"])
        assert report.findings == ()
        assert (report.references[0].declared, report.outcome) == (True, "passed")

    @pytest.mark.parametrize("said", ["org/gated=", ""])
    def test_independent_weights_in_a_folder_leave_the_claim_unverified(self, said, tmp_path):
        folder = write_model(tmp_path / "gated", independent_weights(), card(FREE))
        subject = write_model(tmp_path / "subject", derived_weights(), card({**FREE, "base_model": "org/gated"}))
        report = check(str(subject), [f"{said}{folder}"])
        assert found(report) == [("LA908", "warning")]
        assert report.outcome == "inconclusive"

    def test_a_name_stands_before_the_first_equals_sign(self, tmp_path):
        assert (given_reference("org/name=/a=b").name, given_reference("org/name=/a=b").ref) == ("org/name", "/a=b")
        assert given_reference("https://host/x?y=z").name is None
        (tmp_path / "a=b").mkdir()
        assert given_reference(str(tmp_path / "a=b")).name is None


class TestParts:
    """A model of two parts, each with a base of its own."""

    LANGUAGE, VISION = base_weights(), tower(5)

    def written(self, folder, language: Weights, vision: Weights, front):
        weights = beside(language, vision)
        return str(write_model(folder, weights, card(front), config=multimodal_config(TINY)))

    def bases(self, tmp_path):
        write_model(tmp_path / "language-base", self.LANGUAGE, card(FREE))
        write_model(tmp_path / "vision-base", self.VISION, card(FREE), config=tower_config())

    def test_the_bases_of_language_model_and_tower_are_borne_out(self, tmp_path):
        self.bases(tmp_path)
        front = {**FREE, "base_model": "[language-base, vision-base]"}
        ours = self.written(tmp_path / "both", noisy(self.LANGUAGE, 3, 0.05), noisy(self.VISION, 4, 0.05), front)
        report = check(ours)
        assert [reference.relation for reference in report.references] == ["derived", "derived"]
        assert report.findings == ()

    def test_a_sibling_with_the_same_frozen_tower_is_related_through_the_bases(self, tmp_path):
        self.bases(tmp_path)
        front = {**FREE, "base_model": "[language-base, vision-base]"}
        ours = self.written(tmp_path / "ours", noisy(self.LANGUAGE, 3, 0.05), self.VISION, front)
        other = self.written(tmp_path / "other", noisy(self.LANGUAGE, 13, 0.05), self.VISION, NON_COMMERCIAL)
        assert found(check(ours, earlier=[other])) == [("LA110", "note")]

    def test_a_tower_that_no_declared_base_has_is_not_accounted_for(self, tmp_path):
        self.bases(tmp_path)
        front = {**FREE, "base_model": "language-base"}
        own = tower(77)
        ours = self.written(tmp_path / "ours", noisy(self.LANGUAGE, 3, 0.05), own, front)
        other = self.written(tmp_path / "other", noisy(self.LANGUAGE, 13, 0.05), own, NON_COMMERCIAL)
        assert [rule for rule, _ in found(check(ours, earlier=[other]))] == ["LA101", "LA202"]


class TestSeveralParents:
    @pytest.fixture
    def ground(self, tmp_path):
        """A base, and two non-commercial fine-tunes of it that name none."""
        write_model(tmp_path / "base", base_weights(), card(FREE))
        for name, seed in (("one", 9), ("two", 12)):
            write_model(tmp_path / name, sibling_of_base(seed), card(NON_COMMERCIAL))
        return tmp_path

    def merge(self, ground, front, weight=0.6):
        weights = merged(sibling_of_base(9), sibling_of_base(12), weight)
        return write_model(ground / "merge", weights, card({**FREE, "base_model": front}))

    def test_a_merge_of_two_hidden_parents_names_neither(self, ground):
        report = check(str(self.merge(ground, "base")), earlier=[str(ground / "one"), str(ground / "two")])
        assert found(report)[:3] == [("LA101", "error"), ("LA101", "error"), ("LA202", "error")]
        assert any("0.60 of one's and 0.40 of two's" in line for line in report.findings[0].evidence)

    def test_without_an_order_nobody_is_accused(self, ground):
        report = check(str(self.merge(ground, "base")), [str(ground / "one"), str(ground / "two")])
        assert found(report) == [("LA107", "warning")] * 2

    def test_a_hidden_parent_beside_one_that_is_named(self, ground):
        subject = self.merge(ground, "[base, one]")
        report = check(str(subject), earlier=[str(ground / "two")])
        assert ("LA101", "error") in found(report)

    def test_one_of_two_hidden_parents_alone_is_a_part(self, ground):
        report = check(str(self.merge(ground, "base")), earlier=[str(ground / "one")])
        assert found(report) == [("LA109", "warning")]

    def test_siblings_stay_siblings_however_many_are_given(self, ground):
        subject = write_model(ground / "own", derived_weights(), card({**FREE, "base_model": "base"}))
        report = check(str(subject), earlier=[str(ground / "one"), str(ground / "two")])
        assert found(report) == [("LA110", "note")] * 2
