from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.zoo.baselines import BASELINES
from benchmarks.zoo.baselines.modeldna import run_modeldna
from benchmarks.zoo.baselines.same_index import same_index_explained
from benchmarks.zoo.disguises.registry import disguise
from benchmarks.zoo.model import write_model
from lineage_audit.checkpoint import Checkpoint, open_checkpoint
from tests.benchmarks.zoo.tiny import tiny


@pytest.fixture(scope="module")
def opened(tmp_path_factory) -> dict[str, Checkpoint]:
    models = {
        "a": tiny("llama"),
        "copy": tiny("llama"),
        "other": tiny("llama", 9),
        "permuted": disguise(tiny("llama"), "units", 3),
        "gpt2": tiny("gpt2"),
    }
    checkpoints = {}
    for name, model in models.items():
        folder = tmp_path_factory.mktemp(name)
        write_model(folder, model)
        checkpoints[name] = open_checkpoint(str(folder))
    return checkpoints


@pytest.mark.parametrize("name", BASELINES)
def test_a_copy_has_the_highest_score(name, opened):
    copy = BASELINES[name](opened["a"], opened["copy"])
    other = BASELINES[name](opened["a"], opened["other"])
    assert copy == pytest.approx(1.0, abs=1e-5) or copy > 50
    assert other <= copy


def test_what_each_sees_of_permuted_units(opened):
    a, permuted = opened["a"], opened["permuted"]
    assert BASELINES["config-equality"](a, permuted) == 1.0
    assert BASELINES["norm-vector-cosine"](a, permuted) == pytest.approx(1.0)
    assert BASELINES["sigma-curves"](a, permuted) == pytest.approx(1.0)
    assert BASELINES["gate-up-match"](a, permuted) > 50
    assert 0.2 < BASELINES["same-index-cosine"](a, permuted) < 0.7
    assert 0.2 < same_index_explained(a, permuted) < 0.7
    assert same_index_explained(a, opened["copy"]) == pytest.approx(1.0, abs=0.02)


def test_no_answer_where_there_is_no_gate(opened):
    for a, b in (("gpt2", "gpt2"), ("gpt2", "a"), ("a", "gpt2")):
        assert BASELINES["gate-up-match"](opened[a], opened[b]) is None


def test_a_program_that_fails_gives_no_probability(tmp_path):
    program = tmp_path / "modeldna"
    program.write_text("#!/bin/sh\nexit 2\n")
    program.chmod(0o755)
    answer = run_modeldna(program, Path("b"), Path("a"))
    assert (answer.verdict, answer.probability) == ("failed", None)


def test_a_program_that_answers_is_read(tmp_path):
    program = tmp_path / "modeldna"
    program.write_text("""#!/bin/sh\necho '{"verdict": {"verdict": "FINE_TUNE", "probability": 0.9}}'\n""")
    program.chmod(0o755)
    answer = run_modeldna(program, Path("b"), Path("a"))
    assert (answer.verdict, answer.probability) == ("FINE_TUNE", 0.9)
