"""What was not looked at is no pass: it is named, whatever the rest of the weights shows."""

import json

import pytest

from lineage_audit import check
from tests.claims.repositories import TINY, base_weights, card, derived_weights, write_model
from tests.models import Weights, llama_config, safetensors, sharded

FRONT = {"license": "cc-by-4.0", "base_model": "base"}


@pytest.fixture
def subject(tmp_path):
    """A fine-tune that names its base, which lies beside it."""
    write_model(tmp_path / "base", base_weights(), card({"license": "cc-by-4.0"}))
    return write_model(tmp_path / "subject", derived_weights(), card(FRONT))


def unread(subject) -> list[str]:
    """The evidence of what could not be read; the check must not pass."""
    report = check(subject)
    assert report.outcome == "inconclusive"
    named = [finding for finding in report.findings if finding.rule_id in ("LA901", "LA907")]
    assert named
    return [line for finding in named for line in (finding.message, *finding.evidence)]


def test_the_whole_of_it_passes(subject):
    assert check(subject).outcome == "passed"


def test_weights_in_a_folder_beside_are_named(subject):
    (subject / "checkpoint-500").mkdir()
    (subject / "checkpoint-500" / "model.safetensors").write_bytes(safetensors(base_weights()))
    assert any("checkpoint-500" in line for line in unread(subject))


def test_a_missing_shard_is_named(subject):
    shards = {name: data for name, data in sharded(derived_weights(), 2).items() if name.endswith(".safetensors")}
    (subject / "model.safetensors").unlink()
    name = min(shards)
    (subject / "model-00001-of-00002.safetensors").write_bytes(shards[name])
    assert any("of 2" in line or "shard" in line for line in unread(subject))


def emptied(weights: Weights) -> Weights:
    return {name: values[:0] if "layers.1" in name else values for name, values in weights.items()}


def test_tensors_without_a_number_are_no_layer(subject):
    (subject / "model.safetensors").write_bytes(safetensors(emptied(derived_weights())))
    assert unread(subject)


def test_fewer_layers_than_the_configuration_says_are_no_pass(subject):
    config = {**llama_config(TINY), "num_hidden_layers": TINY.layers + 2}
    (subject / "config.json").write_text(json.dumps(config))
    assert any("layer" in line for line in unread(subject))


def test_what_a_comparison_warns_of_stands_in_the_check(subject):
    report = check(subject, effort="sample")
    assert any(caveat.startswith("base: ") for caveat in report.caveats)
    assert report.references[0].compared_share is not None


def test_nothing_is_concluded_where_nothing_was_compared(subject):
    report = check(subject, with_declared=False)
    assert (report.outcome, report.concluded_licence) == ("not-checked", None)
    assert check(subject).concluded_licence is not None
