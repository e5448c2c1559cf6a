"""The policy: read strictly, with file, line and key in every refusal; and what it changes."""

import datetime
import json

import pytest

from lineage_audit import check
from lineage_audit.claims import PolicyError, baseline_text, read_baseline, read_policy, rule_ids, worth_a_baseline
from lineage_audit.claims.policy import find_policy
from tests.claims.repositories import base_weights, card, derived_weights, write_model

YAML = """\
claims:
  license: cc-by-nc-4.0
  base_model: [first-base, org/second]
  base_model_relation: finetune
references:
  - org/third
  - ref: org/fourth
    revision: 0123abc
    base: true
budget: 64 MiB
severity:
  undeclared-base: warning
  LA103: off
allow:
  - rule: LA213
    reference: org/third
    reason: its authors agreed by letter
    expires: 2031-12-31
baseline: known.json
fail-on: warning
inconclusive: warn
"""
TOML = """\
[project]
name = "nova"
[tool.lineage-audit]
fail-on = "warning"
budget = "64 MiB"
inconclusive = "warn"
baseline = "known.json"
references = ["org/third", { ref = "org/fourth", revision = "0123abc", base = true }]
[tool.lineage-audit.claims]
license = "cc-by-nc-4.0"
base_model = ["first-base", "org/second"]
base_model_relation = "finetune"
[tool.lineage-audit.severity]
undeclared-base = "warning"
LA103 = "off"
[[tool.lineage-audit.allow]]
rule = "LA213"
reference = "org/third"
reason = "its authors agreed by letter"
expires = 2031-12-31
"""


def written(tmp_path, text, name="policy.yml"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(("name", "text"), [("policy.yml", YAML), ("pyproject.toml", TOML)])
def test_both_forms_say_the_same(name, text, tmp_path):
    policy = read_policy(written(tmp_path, text, name), rule_ids())
    assert [(claim.kind, claim.value) for claim in policy.claims] == [
        ("license", "cc-by-nc-4.0"),
        ("base_model", "first-base"),
        ("base_model", "org/second"),
        ("base_model_relation", "finetune"),
    ]
    assert [(reference.ref, reference.revision) for reference in policy.references] == [
        ("org/third", None),
        ("org/fourth", "0123abc"),
    ]
    assert [reference.is_base for reference in policy.references] == [False, True]
    assert policy.budget == 64 * 2**20
    assert policy.severity == {"LA101": "warning", "LA103": "off"}
    (allowed,) = policy.allow
    assert (allowed.rule, allowed.reference, allowed.expires) == ("LA213", "org/third", datetime.date(2031, 12, 31))
    assert policy.baseline == tmp_path / "known.json"
    assert (policy.fail_on, policy.inconclusive) == ("warning", "warn")


REFUSED = [
    ("clams:\n  license: mit\n", ":1: policy key 'clams' is not known"),
    ("claims:\n  licence: mit\n", ":2: policy key 'licence' is not known"),
    ("fail-on: error\nseverity:\n  LA999: note\n", ":3: policy key 'severity' names no rule: 'LA999'"),
    ("severity:\n  LA101: fatal\n", ":2: policy key 'severity.LA101' must be one of error, warning, note, off"),
    ("allow:\n  - rule: LA101\n", ":2: policy key 'allow.reason' is missing"),
    ("allow:\n  - rule: LA101\n    reason: x\n    expires: soon\n", ":4: policy key 'allow.expires' must be a date"),
    ("references: org/name\n", ":1: policy key 'references' must be a list"),
    ("references:\n  - revision: x\n", ":2: policy key 'references.ref' is missing"),
    ("claims:\n  base_model_relation: cousin\n", ":2: policy key 'claims.base_model_relation' must be one of"),
    ("- a\n- b\n", ":1: policy key 'policy' must hold keys"),
    ("inconclusive: ignore\n", ":1: policy key 'inconclusive' must be one of fail, warn, pass"),
    ("budget: a lot\n", ":1: policy key 'budget' must be a size of at least 1MiB"),
    ("budget: 12kB\n", ":1: policy key 'budget' must be a size of at least 1MiB"),
    ("fail-on: error\nfail-on: note\n", ":2: policy key 'fail-on' stands twice"),
    ("claims: {license: [\n", ": policy is not valid YAML"),
    ("claims:\n  license: ''\n", ":2: policy key 'claims.license' must be text"),
]


@pytest.mark.parametrize(("text", "complaint"), REFUSED, ids=[complaint for _text, complaint in REFUSED])
def test_what_is_not_understood_is_refused_with_file_line_and_key(text, complaint, tmp_path):
    path = written(tmp_path, text)
    with pytest.raises(PolicyError) as refused:
        read_policy(path, rule_ids())
    message = str(refused.value)
    assert message.startswith(str(path))
    assert complaint in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ('[tool.lineage-audit]\nfail-on = "red"\n', 2, "fail-on"),
        ('[tool.other]\nfail-on = 1\n[tool.lineage-audit.severity]\nLA101 = "fatal"\n', 4, "severity.LA101"),
        (
            '[tool.lineage-audit]\n\n[[tool.lineage-audit.allow]]\nrule = "LA101"\nreason = "x"\nexpires = 7\n',
            6,
            "expires",
        ),
        ('[tool.lineage-audit.claims]\nlicense = "mit"\nlicence = "mit"\n', 3, "licence"),
    ],
)
def test_toml_lines_are_found(text, line, key, tmp_path):
    path = written(tmp_path, text, "pyproject.toml")
    with pytest.raises(PolicyError, match=rf"pyproject\.toml:{line}: policy key '.*{key}'"):
        read_policy(path, rule_ids())


def test_a_working_directory_without_the_table_has_no_policy(tmp_path):
    assert find_policy(tmp_path, "org/model", rule_ids()).file is None
    written(tmp_path, "[project]\nname = 'x'\n", "pyproject.toml")
    assert find_policy(tmp_path, "org/model", rule_ids()).file is None
    written(tmp_path, TOML, "pyproject.toml")
    assert find_policy(tmp_path, "org/model", rule_ids()).fail_on == "warning"


class TestWhereAPolicyIsFound:
    @pytest.mark.parametrize("name", ["lineage-audit.yaml", "lineage-audit.yml"])
    def test_beside_the_model_before_the_working_directory(self, name, tmp_path):
        model, here = tmp_path / "models" / "nova", tmp_path / "here"
        model.mkdir(parents=True)
        here.mkdir()
        written(here, "fail-on: note\n", name)
        assert find_policy(here, str(model), rule_ids()).fail_on == "note"
        written(model.parent, "fail-on: warning\n", name)
        assert find_policy(here, str(model), rule_ids()).fail_on == "warning"

    def test_never_inside_a_model_that_is_not_the_working_directory(self, tmp_path):
        model = tmp_path / "nova"
        model.mkdir()
        written(model, "fail-on: never\n", "lineage-audit.yaml")
        assert find_policy(tmp_path, str(model), rule_ids()).file is None
        assert find_policy(model, str(model), rule_ids()).fail_on == "never"


def test_a_policy_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(PolicyError, match="cannot be read"):
        read_policy(tmp_path / "none.yml", rule_ids())


class TestEffects:
    @pytest.fixture
    def models(self, tmp_path):
        base = write_model(tmp_path / "first-base", base_weights(), card({"license": "cc-by-nc-4.0"}))
        subject = write_model(tmp_path / "subject", derived_weights(), card({"license": "mit"}))
        return subject, base

    def checked(self, tmp_path, models, text):
        subject, base = models
        return check(str(subject), earlier=[str(base)], policy=written(tmp_path, text))

    def test_claims_override_the_card(self, tmp_path, models):
        report = self.checked(tmp_path, models, "claims: {license: cc-by-nc-4.0, base_model: first-base}\n")
        assert report.findings == ()
        assert report.declared_licence.key == "cc-by-nc-4.0"
        first = report.claims[0]
        assert (first.origin, first.file, first.line) == ("policy", "policy.yml", 1)
        assert ("license", "mit", "repository") in [(claim.kind, claim.value, claim.origin) for claim in report.claims]

    def test_severities_decide_the_outcome(self, tmp_path, models):
        report = self.checked(tmp_path, models, "severity: {LA101: note, LA202: off}\n")
        assert [(finding.rule_id, finding.level) for finding in report.findings] == [("LA101", "note")]
        assert report.outcome == "passed"
        assert next(rule for rule in report.rules if rule.rule_id == "LA101").level == "note"

    def test_an_allowance_suppresses_with_its_reason(self, tmp_path, models):
        allow = "allow:\n- {rule: LA202, reason: asked, expires: 9999-01-01}\n- {rule: LA101, reason: known}\n"
        report = self.checked(tmp_path, models, allow)
        assert {(found.rule_id, found.suppression.reason) for found in report.findings} == {
            ("LA202", "asked"),
            ("LA101", "known"),
        }
        assert report.outcome == "passed"

    def test_an_expired_allowance_suppresses_nothing_and_is_noted(self, tmp_path, models):
        report = self.checked(tmp_path, models, "allow:\n- {rule: LA202, reason: asked, expires: 2020-01-01}\n")
        assert [(found.rule_id, found.counts) for found in report.findings] == [
            ("LA101", True),
            ("LA202", True),
            ("LA906", True),
        ]
        assert report.findings[2].evidence == ("policy.yml:2: asked",)
        assert report.outcome == "failed"

    def test_an_allowance_for_another_model_does_not_hold(self, tmp_path, models):
        report = self.checked(tmp_path, models, "allow:\n- {rule: LA202, reference: org/other, reason: asked}\n")
        assert all(finding.counts for finding in report.findings)

    @pytest.mark.parametrize(
        ("said", "outcome", "level"),
        [("fail", "failed", "error"), ("warn", "passed", "warning"), ("pass", "passed", "note")],
    )
    def test_the_policy_says_what_inconclusive_means_and_the_caller_overrides_it(
        self, said, outcome, level, tmp_path, models
    ):
        subject, base = models
        policy = written(tmp_path, f"inconclusive: {said}\n")
        other = written(tmp_path, "inconclusive: warn\n", "other.yml")
        for options in ({"policy": policy}, {"policy": other, "inconclusive": said}):
            report = check(str(subject), earlier=[str(base)], effort="metadata", **options)
            assert report.outcome == outcome
            assert [(finding.rule_id, finding.level) for finding in report.findings] == [("LA905", level)]

    @pytest.mark.parametrize(
        ("said", "outcome"), [("fail", "failed"), ("warn", "not-checked"), ("pass", "not-checked")]
    )
    def test_nothing_to_check_is_never_a_pass(self, said, outcome, models):
        subject, _base = models
        assert check(str(subject), inconclusive=said).outcome == outcome

    def test_pinned_references_are_added_once(self, tmp_path, models):
        subject, base = models
        report = check(str(subject), earlier=[str(base)], policy=written(tmp_path, f"references: ['{base}']\n"))
        assert len(report.references) == 1

    def test_a_policy_inside_the_subject_is_said(self, models):
        subject, base = models
        report = check(str(subject), earlier=[str(base)], policy=written(subject, "fail-on: never\n"))
        assert report.outcome == "passed"
        assert any("a file of the subject's own repository" in caveat for caveat in report.caveats)


class TestBaseline:
    @pytest.fixture
    def models(self, tmp_path):
        base = write_model(tmp_path / "first-base", base_weights(), card({"license": "cc-by-nc-4.0"}))
        subject = write_model(tmp_path / "subject", derived_weights(), card({"license": "mit"}))
        return subject, base

    def test_it_holds_for_these_weights_and_no_others(self, tmp_path, models):
        subject, base = models
        (tmp_path / "known.json").write_text(baseline_text(worth_a_baseline(check(str(subject), earlier=[str(base)]))))
        policy = written(tmp_path, "baseline: known.json\n")
        again = check(str(subject), earlier=[str(base)], policy=policy)
        assert [finding.suppression.kind for finding in again.findings] == ["baseline", "baseline"]
        assert again.outcome == "passed"
        other = write_model(tmp_path / "other", base_weights(), card({"license": "mit"}))
        assert check(str(other), earlier=[str(base)], policy=policy).outcome == "failed"

    def test_what_could_not_be_checked_is_never_in_it(self, models):
        subject, _base = models
        report = check(str(subject))
        assert report.findings
        assert worth_a_baseline(report) == ()

    def test_unread_weights_are_pinned_by_nothing(self, tmp_path):
        front = {"license": "apache-2.0"}
        subject = write_model(tmp_path / "x", None, card(front, "It was made by fine-tuning LLaMA."))
        report = check(str(subject))
        assert "LA303" in {finding.rule_id for finding in worth_a_baseline(report)}
        assert json.loads(baseline_text(worth_a_baseline(report)))["findings"] == []

    @pytest.mark.parametrize("text", ["{}", "[]", "no json", '{"schema": "lineage-audit/baseline/1", "findings": [1]}'])
    def test_what_is_no_baseline_is_refused_in_one_line(self, text, tmp_path):
        with pytest.raises(PolicyError, match="write it again with --update-baseline") as refused:
            read_baseline(written(tmp_path, text, "known.json"))
        assert "\n" not in str(refused.value)


def test_a_reference_that_is_given_twice_keeps_what_the_policy_states_of_it(tmp_path):
    base = write_model(tmp_path / "base", base_weights(), card({"license": "mit"}))
    subject = write_model(tmp_path / "tuned", derived_weights(), card({"license": "mit"}))
    stated = f"released: 2024-05-01\nreferences:\n  - ref: '{base}'\n    released: 2023-01-01\n"
    for references in ([str(base)], []):
        report = check(str(subject), references, policy=written(tmp_path, stated))
        assert [reference.ref for reference in report.references] == ["base"]
        assert "LA101" in {finding.rule_id for finding in report.findings}
