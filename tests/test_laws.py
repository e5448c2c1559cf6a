"""Laws that hold for every pair: a model is identical to itself, packaging does not matter, A and B mirror."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.comparison import compare_checkpoints
from lineage_audit.report import render
from lineage_audit.report.json import schema_of
from lineage_audit.results import Report
from tests.models import (
    Config,
    Weights,
    bert,
    bert_config,
    checkpoint,
    gpt2,
    gpt2_config,
    llama,
    llama_config,
    model,
    noisy,
    related,
    repository,
    safetensors,
    sharded,
)

FAMILIES = {
    "llama": (llama, llama_config()),
    "gpt2": (gpt2, gpt2_config()),
    "bert": (bert, bert_config()),
    "unknown": (llama, {}),
}
FEW = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
MIRRORED = {"a->b": "b->a", "b->a": "a->b", "undetermined": "undetermined"}
VALIDATOR = Draft202012Validator(schema_of(Report))


def _packed(weights: Weights, config: Config, shards: int, seed: int, dtype: str = "F32") -> Checkpoint:
    """The same weights in another order, over some shards."""
    order = [int(i) for i in np.random.default_rng(seed).permutation(len(weights))]
    names = [list(weights)[i] for i in order]
    if shards == 1:
        content = {"model.safetensors": safetensors({name: weights[name] for name in names}, dtype)}
    else:
        content = sharded(weights, shards, order)
    return checkpoint(content | ({"config.json": json.dumps(config).encode()} if config else {}))


def _comparable(report: Report) -> tuple[object, ...]:
    """What packaging must not change."""
    verdict = report.verdict
    evidence = tuple(
        (item.test_id, item.status, item.count, None if item.log10_p is None else round(item.log10_p, 6))
        for item in report.evidence
    )
    return verdict.relation, verdict.direction, verdict.summary, evidence


@FEW
@given(family=st.sampled_from(sorted(FAMILIES)), seed=st.integers(0, 99), shards=st.integers(1, 4))
def test_a_model_is_identical_to_itself(family: str, seed: int, shards: int) -> None:
    make, config = FAMILIES[family]
    weights = make(seed)
    whole = checkpoint(repository(weights, config))
    for other in (checkpoint(repository(weights, config)), _packed(weights, config, shards, seed)):
        verdict = compare_checkpoints(whole, other).verdict
        assert verdict.relation == "identical"
        assert verdict.copied_share == 1.0
        assert not [item for item in verdict.operations if item.kind != "renamed-tensors"]


@FEW
@given(
    family=st.sampled_from(sorted(FAMILIES)), seed=st.integers(0, 99), shards=st.integers(1, 4),
    noise=st.sampled_from([0.0, 0.1, 1.0, None]),
)  # fmt: skip
def test_the_order_of_shards_and_tensors_does_not_matter(
    family: str, seed: int, shards: int, noise: float | None
) -> None:
    make, config = FAMILIES[family]
    a = make(seed)
    b = make(seed + 100) if noise is None else noisy(a, seed, noise)
    plain = compare_checkpoints(model(a, config), model(b, config))
    packed = compare_checkpoints(_packed(a, config, shards, seed), _packed(b, config, 1, seed + 1))
    if noise == 0.0:
        assert plain.verdict.relation == packed.verdict.relation == "identical"
    elif config:
        assert _comparable(packed) == _comparable(plain)
    else:
        assert packed.verdict.relation == plain.verdict.relation


@pytest.mark.parametrize("prefix", ["base_model.", "module.", "_orig_mod."])
def test_a_prefix_of_all_names_does_not_matter(prefix: str) -> None:
    a = llama(1)
    renamed = {prefix + name: values for name, values in a.items()}
    report = compare_checkpoints(model(a), model(renamed))
    assert report.verdict.relation == "identical"
    assert report.names.renamed == len(a)


@FEW
@given(
    family=st.sampled_from(["llama", "gpt2", "bert"]), seed=st.integers(0, 99),
    change=st.sampled_from(["noise", "cosine", "independent", "cast", "subset", "head", "same", "wide noise"]),
)  # fmt: skip
def test_swapping_the_models_mirrors_the_report(family: str, seed: int, change: str) -> None:
    make, config = FAMILIES[family]
    a = make(seed)
    b, dtype = _changed(a, make, seed, change)
    one, other = model(a, config), model(b, config, dtype)
    forwards, backwards = compare_checkpoints(one, other).verdict, compare_checkpoints(other, one).verdict
    assert backwards.relation == forwards.relation
    assert backwards.direction == MIRRORED[forwards.direction]
    assert backwards.grade == forwards.grade
    if forwards.log10_p is not None and change != "independent":
        assert backwards.log10_p == pytest.approx(forwards.log10_p, rel=0.02, abs=0.1)
    if forwards.explained_variance is not None and change not in ("subset", "head"):
        assert backwards.explained_variance == pytest.approx(forwards.explained_variance, abs=0.02)


def _changed(a: Weights, make, seed: int, change: str) -> tuple[Weights, str]:
    if change == "cast":
        return a, "BF16"
    if change == "subset":
        return {name: values for name, values in a.items() if ".1." not in name}, "F32"
    if change == "head":
        return {name: values for name, values in a.items() if name not in ("lm_head.weight", "ln_f.weight")}, "F32"
    made = {
        "same": lambda: a,
        "noise": lambda: noisy(a, seed, 0.1),
        "wide noise": lambda: noisy(a, seed, 1.0),
        "cosine": lambda: related(a, seed, 0.5),
        "independent": lambda: make(seed + 100),
    }
    return made[change](), "F32"


@pytest.mark.parametrize("effort", ["metadata", "sample", "search", "full", "auto"])
@pytest.mark.parametrize("change", ["noise", "independent", "subset", "cast"])
def test_every_report_keeps_to_its_schema(effort: str, change: str) -> None:
    a = llama(1)
    b, dtype = _changed(a, llama, 1, change)
    report = compare_checkpoints(model(a), model(b, dtype=dtype), effort)  # type: ignore[arg-type]
    document = json.loads(render(report, "json"))
    VALIDATOR.validate(document)
    assert render(report, "terminal")
    assert render(report, "markdown")


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_more_effort_never_reads_less_nor_contradicts(family: str) -> None:
    make, config = FAMILIES[family]
    a = make(1)
    for b in (noisy(a, 2, 0.1), make(2)):
        pair = model(a, config), model(b, config)
        relations = {compare_checkpoints(*pair, effort).verdict.relation for effort in ("sample", "full")}  # type: ignore[arg-type]
        assert len(relations - {"inconclusive"}) <= 1


def test_the_same_run_gives_the_same_report_twice() -> None:
    pair = model(llama(1)), model(noisy(llama(1), 2, 0.3))
    assert _comparable(compare_checkpoints(*pair)) == _comparable(compare_checkpoints(*pair))
