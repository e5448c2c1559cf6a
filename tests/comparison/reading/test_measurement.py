"""What one pass over a pair measures, against the same sums written plainly."""

from __future__ import annotations

import json

import numpy as np
import pytest

from lineage_audit.checkpoint.dtypes import round_to
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import TensorKey
from lineage_audit.comparison import compare_checkpoints
from lineage_audit.comparison.pairing.tensors import pair_tensors
from lineage_audit.comparison.progress import NoProgress
from lineage_audit.comparison.reading import measurement, streaming
from lineage_audit.comparison.reading.kernels.numpy_kernel import NumpyKernel
from lineage_audit.comparison.reading.measurement import measure_all
from lineage_audit.comparison.reading.plan import plan_reading
from tests.models import SMALL, Weights, bfloat16, checkpoint, gpt2, gpt2_config, llama, llama_config, model, noisy

UP = TensorKey(Role.UP, "weight", 1, None)
NAME = "model.layers.1.mlp.up_proj.weight"


def _measured(a: Weights, b: Weights, dtypes: tuple[str, str] = ("F32", "F32")) -> dict:
    one, other = model(a, dtype=dtypes[0]), model(b, dtype=dtypes[1])
    return measure_all(one, other, plan_reading(pair_tensors(one, other).pairs, "full"), NoProgress())


@pytest.mark.parametrize("threads", [False, True])
@pytest.mark.parametrize("chunk", [10**6, 100])
def test_sums_are_those_of_the_whole_matrices(chunk: int, threads: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a tensor is read at once or in chunks of a few rows, in one thread or several."""
    monkeypatch.setattr(NumpyKernel, "chunk_elements", chunk)
    monkeypatch.setattr(streaming, "BATCH_ELEMENTS", chunk)
    monkeypatch.setattr(measurement, "_WORTH_THREADS", 0 if threads else 10**9)
    a, b = llama(1), noisy(llama(1), 2, 0.5)
    part = _measured(a, b)[UP]
    x, y = a[NAME].astype(np.float64), b[NAME].astype(np.float64)
    np.testing.assert_allclose(part.rows.dot, (x * y).sum(axis=1), rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(part.columns.aa, (x * x).sum(axis=0), rtol=1e-5)
    np.testing.assert_allclose(
        part.columns.cosine, (x * y).sum(0) / np.sqrt((x * x).sum(0) * (y * y).sum(0)), rtol=1e-4
    )
    assert part.delta_squared == pytest.approx(((y - x) ** 2).sum(), rel=1e-5)
    assert part.correlation == pytest.approx((x * y).sum() / np.sqrt((x * x).sum() * (y * y).sum()), abs=1e-6)
    assert part.elements == x.size
    np.testing.assert_array_equal(part.kept_a, a[NAME])


def test_vectors_are_centred_before_they_are_correlated() -> None:
    a, b = llama(1), llama(2)
    part = _measured(a, b)[TensorKey(Role.FINAL_NORM, "weight", None, None)]
    expected = np.corrcoef(a["model.norm.weight"], b["model.norm.weight"])[0, 1]
    assert part.correlation == pytest.approx(expected, abs=1e-5)


def test_constant_vectors_have_no_correlation_and_cannot_be_copied() -> None:
    a = llama(1) | {"model.norm.weight": np.ones(SMALL.hidden, np.float32)}
    part = _measured(a, a)[TensorKey(Role.FINAL_NORM, "weight", None, None)]
    assert part.correlation is None
    assert part.comparable == part.copied == 0
    assert part.equal == part.elements


def test_zeros_and_constant_rows_cannot_be_copied() -> None:
    a = llama(1)
    a[NAME][:10] = 0.0
    a[NAME][10:20] = 3.0
    part = _measured(a, a)[UP]
    assert part.comparable == part.copied == (SMALL.ffn - 20) * SMALL.hidden
    assert np.isnan(part.rows.cosine[:10]).all()


def test_coarse_values_that_coincide_by_chance_are_no_copies() -> None:
    a, b = ({n: np.round(v * 50).astype(np.float32) / 50 for n, v in llama(seed).items()} for seed in (1, 2))
    assert (_measured(a, b)[UP].copied / _measured(a, b)[UP].comparable) > 0.1
    assert (compare_checkpoints(model(a), model(b)).verdict.copied_share or 0.0) < 0.05


def test_values_that_are_no_numbers_are_left_out_on_both_sides() -> None:
    a, b = llama(1), noisy(llama(1), 2, 0.1)
    b[NAME][3, 4], b[NAME][5, 6], b[NAME][7, 8] = np.nan, np.inf, 1e30
    part = _measured(a, b)[UP]
    assert part.not_finite == 3
    assert np.isfinite([part.delta_squared, part.sum_a, part.sum_b, part.correlation]).all()
    verdict = compare_checkpoints(model(a), model(b)).verdict
    assert verdict.relation == "derived"
    assert any("3 weights are NaN" in text for text in verdict.caveats)


def test_a_rounded_copy_is_recognised() -> None:
    part = _measured(llama(1), llama(1), ("F32", "BF16"))[UP]
    assert part.rounded == part.elements
    assert part.equal < part.elements


@pytest.mark.parametrize("dtype", ["BF16", "F16"])
def test_rounding_is_that_of_a_cast(dtype: str) -> None:
    rng = np.random.default_rng(1)
    values = rng.standard_normal(100_000).astype(np.float32)
    values[:4] = (1 + 2**-8, 1 + 3 * 2**-8, -0.0, 0.0)
    expected = bfloat16(values) if dtype == "BF16" else values.astype(np.float16).astype(np.float32)
    np.testing.assert_array_equal(round_to(values, dtype), expected)
    np.testing.assert_array_equal(round_to(values, "F32"), values)


def test_empty_tensors_are_passed_over() -> None:
    empty = {"model.layers.0.mlp.up_proj.weight": np.zeros((48, 0), np.float32), "x": np.zeros((0, 4), np.float32)}
    a, b = llama(1) | empty, noisy(llama(1), 2, 0.1) | empty
    assert compare_checkpoints(model(a), model(b)).verdict.relation == "derived"


def test_single_numbers_are_compared_too() -> None:
    a = llama(1) | {"logit_scale": np.array(2.5, np.float32)}
    in_shards = {"config.json": json.dumps(llama_config()).encode()}
    from tests.models import sharded

    assert compare_checkpoints(model(a), checkpoint(sharded(a, 2) | in_shards)).verdict.relation == "identical"
    changed = a | {"logit_scale": np.array(2.6, np.float32)}
    assert compare_checkpoints(model(a), model(changed)).verdict.relation == "derived"


def test_layers_with_other_head_counts_are_measured() -> None:
    """Pruned models keep fewer KV heads in some layers."""
    for layer in (0, 1):
        a = llama(1)
        for part in ("k", "v"):
            name = f"model.layers.{layer}.self_attn.{part}_proj.weight"
            a[name] = a[name][: SMALL.head_dim]
        assert compare_checkpoints(model(a), model(noisy(a, 2, 0.1))).verdict.relation == "derived"


def test_transposed_matrices_are_measured_like_others() -> None:
    a = gpt2(1)
    report = compare_checkpoints(model(a, gpt2_config()), model(noisy(a, 2, 0.1), gpt2_config()))
    up = next(role for role in report.weights.roles if role.role == "up")
    assert up.row_cosine == pytest.approx(0.995, abs=0.003)
