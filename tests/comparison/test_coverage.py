"""The law of coverage: whatever is compared, the rows of a model add up to all that it stores."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lineage_audit import check
from lineage_audit.checkpoint import Checkpoint, read_checkpoint
from lineage_audit.comparison import EffortChoice, compare_checkpoints
from lineage_audit.comparison.coverage import BEYOND_SAMPLE, NOT_ASKED
from lineage_audit.results import Coverage
from tests.checkpoint.memory_source import MemorySource
from tests.checkpoint.stored_forms import STORED, opaque
from tests.models import WIDE, llama, llama_config, model, noisy, repository, safetensors, write

EFFORTS: tuple[EffortChoice, ...] = ("metadata", "sample", "full")


def assert_whole(rows: tuple[Coverage, ...], model: Checkpoint) -> None:
    assert sum(row.parameters for row in rows) == model.parameters
    assert sum(row.bytes for row in rows) == sum(one.stored_bytes for one in model.container.tensors)
    assert len({(row.part, row.reason) for row in rows}) == len(rows)


@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize("name", STORED)
def test_rows_add_up_in_every_stored_form(name: str, effort: EffortChoice) -> None:
    a, b = read_checkpoint(STORED["llama"]()), read_checkpoint(STORED[name]())
    for first, second in ((a, b), (b, a)):
        coverage = compare_checkpoints(first, second, effort=effort).coverage
        assert_whole(coverage.a, first)
        assert_whole(coverage.b, second)


def test_what_was_left_out_has_its_reason() -> None:
    a, b = model(llama(1)), model(noisy(llama(1), 2, 0.1))
    assert {row.reason for row in compare_checkpoints(a, b, effort="full").coverage.b} == {None}
    assert {row.reason for row in compare_checkpoints(a, b, effort="metadata").coverage.b} == {NOT_ASKED}
    assert BEYOND_SAMPLE in {row.reason for row in compare_checkpoints(a, b, effort="sample", budget=2**17).coverage.b}


def test_what_one_model_lacks_is_a_row_of_the_other() -> None:
    smaller = {name: values for name, values in llama(1).items() if "layers.1." not in name}
    coverage = compare_checkpoints(model(smaller), model(llama(1)), effort="full").coverage
    assert {row.reason for row in coverage.a} == {None}
    (lacking,) = [row for row in coverage.b if row.reason is not None]
    assert lacking.reason == "the other model has no counterpart"
    assert lacking.first.startswith("model.layers.1.")


def test_numbers_that_are_none_are_named() -> None:
    broken = {name: values.copy() for name, values in llama(1).items()}
    broken["model.layers.0.mlp.up_proj.weight"][0, :3] = np.nan
    coverage = compare_checkpoints(model(llama(1)), model(broken), effort="full").coverage
    (row,) = [row for row in coverage.b if row.reason is not None]
    assert (row.reason, row.parameters) == ("no numbers: NaN, infinite or absurdly large", 3)


def test_adapters_are_accounted_for() -> None:
    def adapter(seed: int) -> Checkpoint:
        rng = np.random.default_rng(seed)
        width = llama(1)["model.layers.0.self_attn.q_proj.weight"].shape[0]
        module = "base_model.model.model.layers.0.self_attn.q_proj"
        tensors = {f"{module}.lora_A.weight": rng.standard_normal((4, width), np.float32),
                   f"{module}.lora_B.weight": rng.standard_normal((width, 4), np.float32)}  # fmt: skip
        settings = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": ["q_proj"]}
        files = {"adapter_model.safetensors": safetensors(tensors), "adapter_config.json": json.dumps(settings)}
        return read_checkpoint(MemorySource(files))

    base = model(llama(1))
    for a, b, reasons in ((adapter(1), adapter(2), {None}), (base, adapter(1), {NOT_ASKED})):
        coverage = compare_checkpoints(a, b, effort="full").coverage
        assert_whole(coverage.a, a)
        assert_whole(coverage.b, b)
        assert {row.reason for row in coverage.b} == reasons


def test_a_check_says_what_was_compared_with_each_reference(tmp_path: Path) -> None:
    base = write(tmp_path / "base", repository(llama(1), llama_config()))
    subject = write(tmp_path / "subject", opaque("exl3").contents)
    report = check(str(subject), references=[str(base)])
    assert {row.reason for row in report.coverage} == {None, "EXL3"}
    (reference,) = report.references
    assert sum(row.parameters for row in reference.coverage) == report.subject.parameters
    assert "EXL3" in {row.reason for row in reference.coverage}


@pytest.mark.parametrize("beside", ["copy", "stranger", "nothing"])
def test_independence_is_said_only_where_all_weights_were_looked_at(beside: str) -> None:
    """A stranger's file, and beside it one that another loader takes: only a copy of what was read settles it."""
    config, stranger = llama_config(WIDE), llama(2, WIDE)
    files = repository(stranger, config)
    if beside != "nothing":
        files["model.fp16.safetensors"] = safetensors(stranger if beside == "copy" else llama(3, WIDE), "F16")
    parent, other = model(llama(1, WIDE), config), read_checkpoint(MemorySource(files))
    for verdict in (compare_checkpoints(*pair).verdict for pair in ((parent, other), (other, parent))):
        assert verdict.relation == ("inconclusive" if beside == "stranger" else "independent")
        assert ("model.fp16.safetensors" in verdict.summary) is (beside == "stranger")
