"""DoRA where lengths are those of columns, on a base that is read by ranges: nothing is read before a row is wanted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("peft")

from lineage_audit.checkpoint import Checkpoint, open_checkpoint, read_checkpoint
from lineage_audit.checkpoint.composed.composing import compose
from lineage_audit.checkpoint.reading import bytes_for_rows
from lineage_audit.checkpoint.tensors import TensorRef
from lineage_audit.comparison.pairing.tensors import pair_tensors
from lineage_audit.comparison.reading.plan import plan_reading
from tests.checkpoint.composed.test_against_peft import LAST_PLACES
from tests.checkpoint.memory_source import MemorySource
from tests.peft_models import Folders, adapted, gpt2, llama

CASES: dict[str, tuple[Any, dict[str, Any]]] = {
    "embeddings": (llama, {"target_modules": ["embed_tokens"], "use_dora": True}),
    "conv1d": (gpt2, {"target_modules": ["c_attn", "c_proj"], "fan_in_fan_out": True, "use_dora": True}),
}


def remote(folder: str) -> Checkpoint:
    """A model whose files are not here."""
    source = MemorySource({path.name: path.read_bytes() for path in Path(folder).iterdir()})
    source.is_local = False
    return read_checkpoint(source)


def of_columns(composed: Checkpoint) -> TensorRef:
    """A tensor that DoRA gives lengths by columns."""
    names = ("embed_tokens.weight", "0.attn.c_proj.weight")
    return next(one for one in composed.tensors if one.parts[0].stored.name.endswith(names))


@pytest.fixture(scope="module", params=list(CASES))
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Folders:
    make, settings = CASES[request.param]
    return adapted(tmp_path_factory.mktemp(request.param), make, **settings)


def test_rows_are_those_that_peft_merges(case: Folders) -> None:
    composed, merged = compose(remote(case.base), remote(case.adapter)), open_checkpoint(case.merged)
    assert not composed.caveats
    for tensor in merged.tensors:
        low, high = tensor.shape[0] // 3, tensor.shape[0] // 2
        values, truth = composed.rows(composed.by_key[tensor.key], low, high), merged.rows(tensor, low, high)
        np.testing.assert_allclose(values, truth, rtol=LAST_PLACES, atol=LAST_PLACES * np.abs(truth).max())


def test_no_weight_is_read_to_open_it_and_the_matrix_once_to_read_rows(case: Folders) -> None:
    composed = compose(base := remote(case.base), added := remote(case.adapter))
    opened = base.source.bytes_read + added.source.bytes_read
    assert opened == sum(remote(folder).source.bytes_read for folder in (case.base, case.adapter))
    tensor = of_columns(composed)
    whole = tensor.size * 4
    composed.rows(tensor, 0, 2)
    first = composed.source.bytes_read - opened
    composed.rows(tensor, 0, 2)
    assert whole <= first < 3 * whole
    again = composed.source.bytes_read - opened - first
    assert again < (first - whole if tensor.role == "embed" else first)  # a row of a Conv1D is a column of the whole


def test_what_is_read_beforehand_is_foreseen(case: Folders) -> None:
    composed, local = compose(remote(case.base), remote(case.adapter)), open_checkpoint(case.composed)
    tensor, rows = of_columns(composed), np.arange(2)
    without = bytes_for_rows(local.by_key[tensor.key], rows)
    assert bytes_for_rows(tensor, rows) == without + tensor.size * 4
    composed.rows(tensor, 0, 2)
    assert bytes_for_rows(tensor, rows) == without


def test_a_sample_does_not_fetch_a_large_embedding_for_it(case: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lineage_audit.comparison.reading.plan.WHOLE_BYTES", 1000)
    monkeypatch.setattr("lineage_audit.comparison.reading.plan._COSTLY_ROW", 1000)
    composed, merged = compose(remote(case.base), remote(case.adapter)), open_checkpoint(case.merged)
    planned = {one.pair.b.name for one in plan_reading(pair_tensors(composed, merged).pairs, "sample")}
    assert "model.embed_tokens.weight" not in planned
