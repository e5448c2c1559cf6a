"""Every stored byte and every weight is read or named: over all quantised layouts, formats and what is not known."""

from __future__ import annotations

import numpy as np
import pytest

from lineage_audit.checkpoint import Checkpoint, read_checkpoint
from lineage_audit.checkpoint.coverage import coverage_of
from lineage_audit.checkpoint.formats import read_container
from lineage_audit.checkpoint.left_out import LeftOut
from tests.checkpoint.memory_source import MemorySource
from tests.checkpoint.stored_forms import STORED, opaque, quantised
from tests.models import safetensors

UNKNOWN = "codes of an unknown scheme"


def stored_bytes(source: MemorySource) -> int:
    return sum(tensor.stored_bytes for tensor in read_container(source).tensors)


@pytest.mark.parametrize("name", STORED)
def test_every_stored_byte_and_every_weight_is_in_one_row(name: str) -> None:
    source = STORED[name]()
    model = read_checkpoint(source)
    assert sum(row.bytes for row in model.coverage) == stored_bytes(source)
    assert sum(row.parameters for row in model.coverage) == model.parameters
    assert all(row.part != "not placed" for row in model.coverage)


def _only_unread(model: Checkpoint) -> str:
    (sentence,) = [caveat for caveat in model.caveats if caveat.startswith("Not read: ")]
    return sentence


@pytest.mark.parametrize(("name", "reason"), [("exl3", "EXL3"), ("unknown", UNKNOWN), ("fp6", UNKNOWN)])
def test_what_is_not_read_is_named_by_part_and_reason(name: str, reason: str) -> None:
    model = read_checkpoint(opaque(name))
    assert f"2 tensors of the language model: {reason} (the first is model.layers.0.mlp.up_proj" in _only_unread(model)


def test_a_model_that_is_read_has_nothing_to_say() -> None:
    assert not read_checkpoint(quantised("gptq-4")).caveats
    assert {row.reason for row in read_checkpoint(quantised("gptq-4")).coverage} == {None}


def test_an_empty_tensor_is_said_once_and_is_no_weight_that_was_left_out() -> None:
    files = {"model.safetensors": safetensors({"a.weight": np.ones((8, 8)), "b.weight": np.zeros((0, 8))})}
    (sentence,) = [caveat for caveat in read_checkpoint(MemorySource(files)).caveats if "b.weight" in caveat]
    assert sentence.startswith("1 tensor without elements")


def test_files_that_were_left_out_are_rows_of_their_own() -> None:
    model = read_checkpoint(STORED["llama"]())
    (row,) = coverage_of(model.tensors, model.container.tensors, (LeftOut("Not read: another.", bytes=1234),))[1:]
    assert (row.part, row.reason, row.parameters, row.bytes) == ("beside the model", "Not read: another.", 0, 1234)
