"""A full comparison reads every byte once, in the order of the files, and hands results on in order."""

from __future__ import annotations

import time
from itertools import pairwise

import numpy as np
import pytest

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.source.base import ByteRange
from lineage_audit.comparison.alignment.aligned_tensor import AlignedTensor
from lineage_audit.comparison.operations.delta import windows
from lineage_audit.comparison.operations.delta.windows import read_window
from lineage_audit.comparison.pairing.tensors import TensorPair, pair_tensors
from lineage_audit.comparison.reading import measurement, streaming
from lineage_audit.comparison.reading.kernels.numpy_kernel import NumpyKernel
from lineage_audit.comparison.reading.measurement import measure_all
from lineage_audit.comparison.reading.plan import bytes_of, plan_reading
from lineage_audit.comparison.reading.streaming import in_order
from tests.models import WIDE, gpt2, gpt2_config, llama, llama_config, model, noisy


class _Heard:
    """Adds up what a comparison tells of its progress."""

    def __init__(self) -> None:
        self.total = 0

    def begin(self, total: int, what: str) -> None:
        """Nothing to do."""

    def advance(self, read: int, what: str) -> None:  # noqa: ARG002
        self.total += read


def _logged(checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> list[ByteRange]:
    """The ranges that are read from now on."""
    log: list[ByteRange] = []
    source = checkpoint.source
    read = source.read_ranges
    monkeypatch.setattr(source, "read_ranges", lambda ranges: (log.extend(ranges), read(ranges))[1])
    return log


@pytest.mark.parametrize("threads", [False, True])
@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_every_byte_is_read_once_and_in_order(family: str, threads: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """In chunks of a few rows; GPT-2's matrices are stored transposed and fused."""
    monkeypatch.setattr(NumpyKernel, "chunk_elements", 300)
    monkeypatch.setattr(streaming, "BATCH_ELEMENTS", 300)
    monkeypatch.setattr(measurement, "_WORTH_THREADS", 0 if threads else 10**9)
    weights, config = (llama(1), None) if family == "llama" else (gpt2(1), gpt2_config())
    a, b = model(weights, config), model(noisy(weights, 2, 0.1), config)
    logs = [_logged(side, monkeypatch) for side in (a, b)]
    heard, readings = _Heard(), plan_reading(pair_tensors(a, b).pairs, "full")
    measure_all(a, b, readings, heard)
    assert heard.total == sum(bytes_of(reading) for reading in readings)
    for log, side in zip(logs, (a, b), strict=True):
        assert len(log) > 20
        assert all(one.stop <= after.start for one, after in pairwise(log))
        stored = sum(tensor.stop - tensor.start for tensor in side.container.tensors)
        assert sum(one.stop - one.start for one in log) == stored


def test_results_come_in_the_order_of_the_jobs() -> None:
    jobs = [(number, lambda number=number: (time.sleep(0.01 * (number % 3)), number)[1]) for number in range(20)]
    assert list(in_order(iter(jobs), 3)) == [(number, number) for number in range(20)]
    assert list(in_order(iter(jobs), 0)) == [(number, number) for number in range(20)]


def test_the_first_failure_is_raised_and_the_rest_is_not_started() -> None:
    started = []

    def job(number: int) -> int:
        started.append(number)
        if number == 3:
            raise ValueError("three")
        return number

    jobs = ((number, lambda number=number: job(number)) for number in range(1000))
    with pytest.raises(ValueError, match="three"):
        list(in_order(jobs, 2))
    assert len(started) < 50


@pytest.mark.parametrize("name", ["up_proj", "down_proj"])
@pytest.mark.parametrize("turned", [False, True])
def test_a_window_is_part_of_the_image(name: str, turned: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read in chunks, with channels and units permuted and, for what writes to the stream, rows mixed."""
    monkeypatch.setattr(windows, "UNITS", 20)
    monkeypatch.setattr(windows, "_CHUNK_ELEMENTS", 500)
    rng = np.random.default_rng(1)
    a, b = (model(llama(seed, WIDE), llama_config(WIDE)) for seed in (1, 2))
    pair = next(pair for pair in pair_tensors(a, b).pairs if pair.b.name == f"model.layers.1.mlp.{name}.weight")
    rows, columns = pair.b.shape
    rotation = rng.standard_normal((rows, rows)).astype(np.float32) if turned else None
    aligned_a = AlignedTensor(
        columns=rng.permutation(columns), row_rotation=rotation, row_factor=rng.random(rows, np.float32)
    )
    pair = TensorPair(pair.a, pair.b, pair.b_rows, pair.a_rows, aligned_a)
    whole_b = b.rows(pair.b, 0, rows)
    whole_a = aligned_a.of_a(a.rows(pair.a, 0, rows), np.arange(rows))
    window = read_window(a, b, pair)
    units = np.linspace(0, (columns if name == "down_proj" or turned else rows) - 1, 20).round().astype(int)
    some = (slice(None), units) if name == "down_proj" or turned else (units, slice(None))
    np.testing.assert_allclose(window.a, whole_a[some], rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(window.b, whole_b[some])
    np.testing.assert_allclose(window.rows_a, whole_a[:: max(1, rows // 64)], rtol=1e-4, atol=1e-6)
