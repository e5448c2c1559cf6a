"""What a sample reads: a little of everything, and no more where a little is not to be had."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import lineage_audit
from benchmarks.speed.checkpoints import write_sparse
from benchmarks.speed.shapes import SHAPES, Json, LlamaShape, Tensor
from lineage_audit.checkpoint import open_checkpoint
from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.pairing.tensors import pair_tensors
from lineage_audit.comparison.reading.plan import SAMPLE_BYTES, WHOLE_BYTES, bytes_of, plan_reading, plan_search

MEBI = 2**20


@dataclass(frozen=True)
class Packed:
    """Llama-2-7B as GPTQ stores it: eight codes a word, along the inputs, so that an output row is a column."""

    plain: LlamaShape = SHAPES["7B"]

    def config(self) -> Json:
        settings = {"quant_method": "gptq", "bits": 4, "group_size": 128, "desc_act": False, "sym": True}
        return {**self.plain.config(), "quantization_config": settings}

    def tensors(self) -> Iterator[Tensor]:
        for tensor in self.plain.tensors():
            if "_proj" not in tensor.name:
                yield tensor
                continue
            stem, (rows, columns) = tensor.name.removesuffix(".weight"), tensor.shape
            yield Tensor(f"{stem}.qweight", (columns // 8, rows), "I32")
            yield Tensor(f"{stem}.qzeros", (columns // 128, rows // 8), "I32")
            yield Tensor(f"{stem}.scales", (columns // 128, rows), "F16")
            yield Tensor(f"{stem}.g_idx", (columns,), "I32")


@pytest.fixture
def plain(tmp_path: Path) -> str:
    write_sparse(tmp_path / "plain", SHAPES["7B"], 3)
    return str(tmp_path / "plain")


@pytest.fixture
def packed(tmp_path: Path) -> str:
    write_sparse(tmp_path / "packed", Packed(), 1)
    return str(tmp_path / "packed")


def test_a_sample_keeps_to_its_bytes(plain: str) -> None:
    one = open_checkpoint(plain)
    readings = plan_reading(pair_tensors(one, one).pairs, "sample")
    assert SAMPLE_BYTES / 2 < sum(bytes_of(reading) for reading in readings) / 2 <= SAMPLE_BYTES + MEBI
    assert {reading.pair.b.layer for reading in readings} == {None, *np.linspace(0, 31, 8).round().astype(int)}


def test_a_search_of_a_large_pair_measures_whole_layers_that_fit(plain: str) -> None:
    one = open_checkpoint(plain)
    pairs = pair_tensors(one, one).pairs
    everything = sum(bytes_of(reading) for reading in plan_reading(pairs, "full"))
    readings = plan_search(pairs)
    of_layers = [reading for reading in readings if reading.pair.b.layer is not None]
    assert everything > 4 * 2**30 >= sum(bytes_of(reading) for reading in readings) > 2**30
    assert all(len(reading.positions) == len(reading.pair.b_rows) for reading in of_layers)
    layers = {reading.pair.b.layer for reading in of_layers}
    assert {0, 31} <= layers
    assert len(of_layers) == len(layers) * sum(pair.b.layer == 0 for pair in pairs)


@pytest.mark.parametrize("order", ["packed first", "packed second", "both packed"])
def test_matrices_that_cannot_be_read_in_part_are_read_whole_and_few(plain: str, packed: str, order: str) -> None:
    a, b = {"packed first": (packed, plain), "packed second": (plain, packed), "both packed": (packed, packed)}[order]
    one, other = open_checkpoint(a), open_checkpoint(b)
    readings = plan_reading(pair_tensors(one, other).pairs, "sample")
    whole = [reading for reading in readings if reading.pair.b.role in (Role.V, Role.K, Role.Q, Role.UP, Role.GATE)]
    assert [reading.pair.b.role for reading in whole] == [Role.V]
    assert len(whole[0].positions) == (4096 if order == "both packed" else WHOLE_BYTES // 2 // 8192)
    report = lineage_audit.compare(a, b, effort="sample")
    for model in (report.a, report.b):
        assert model.bytes_read <= 16 * MEBI + 2 * MEBI  # headers of tens of shards and more
