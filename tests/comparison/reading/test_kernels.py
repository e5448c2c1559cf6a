"""Every kernel gives the same sums as plain arithmetic, and the device is chosen in one place."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lineage_audit
from lineage_audit.cli import run
from lineage_audit.comparison.reading import kernels
from lineage_audit.comparison.reading.kernels import Kernel, Rounding
from lineage_audit.comparison.reading.kernels.numpy_kernel import NumpyKernel
from lineage_audit.comparison.reading.kernels.torch_kernel import TorchKernel
from lineage_audit.errors import LineageAuditError
from tests.cli.running import FINETUNE, PARENT, TWIN
from tests.models import Array, bfloat16

KERNELS: list[Kernel] = [NumpyKernel(), TorchKernel("cpu")]
IDS = ["numpy", "torch"]


def _blocks(seed: int, rows: int, width: int) -> tuple[Array, Array]:
    """Related blocks with equal elements, zeros, constant rows and a few values that are no numbers."""
    rng = np.random.default_rng(seed)
    a = bfloat16(rng.standard_normal((rows, width)).astype(np.float32))
    b = np.where(rng.random(a.shape) < 0.3, a, a + rng.standard_normal(a.shape) * 0.1).astype(np.float32)
    a[rng.random(a.shape) < 0.1] = 0
    a[rng.random(rows) < 0.2] = 1.5
    b[rng.random(b.shape) < 0.02] = np.nan
    a[rng.random(a.shape) < 0.02] = np.inf
    a[rng.random(a.shape) < 0.02] = 1e30
    return a, b


@pytest.mark.parametrize("kernel", KERNELS, ids=IDS)
@given(seed=st.integers(0, 2**31), rows=st.integers(1, 40), width=st.integers(1, 30))
def test_sums_are_those_of_plain_arithmetic(kernel: Kernel, seed: int, rows: int, width: int) -> None:
    a, b = _blocks(seed, rows, width)
    found = kernel.sums(a, b, Rounding(b="BF16"))
    usable = (np.abs(a) < 1e16) & (np.abs(b) < 1e16)
    apart = ~usable & ~((a == b) | (np.isnan(a) & np.isnan(b)))
    x, y = (np.where(usable, side, 0).astype(np.float64) for side in (a, b))
    varies = (x != x[:, :1]).any(axis=1)
    comparable = (x != 0) & varies[:, None]
    for axis, sums in ((1, found.rows), (0, found.columns)):
        for got, product in zip(sums, (x * y, x * x, y * y), strict=True):
            np.testing.assert_allclose(got, product.sum(axis=axis), rtol=1e-5, atol=1e-5)
    assert found.delta_squared == pytest.approx(((y - x) ** 2).sum(), rel=1e-4, abs=1e-6)
    assert (found.equal, found.comparable) == ((x == y).sum(), comparable.sum())
    assert found.copied == (comparable & (x == y)).sum()
    assert found.rounded == (bfloat16(y.astype(np.float32)) == x).sum()
    assert (found.not_finite, found.not_finite_apart) == ((~usable).sum(), apart.sum())
    np.testing.assert_array_equal(found.varying, varies & (y != y[:, :1]).any(axis=1))


@pytest.mark.parametrize("kernel", KERNELS, ids=IDS)
def test_many_pieces_give_what_one_gives(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    from lineage_audit.comparison.reading.kernels import numpy_kernel

    a, b = _blocks(1, 50, 20)
    whole = kernel.sums(a, b, Rounding())
    monkeypatch.setattr(numpy_kernel, "_PIECE_ELEMENTS", 64)
    pieces = kernel.sums(a, b, Rounding())
    np.testing.assert_allclose(whole.columns, pieces.columns, rtol=1e-6, atol=1e-6)
    assert (whole.equal, whole.copied, whole.not_finite) == (pieces.equal, pieces.copied, pieces.not_finite)


@pytest.mark.parametrize("kernel", KERNELS, ids=IDS)
def test_products_of_rows(kernel: Kernel) -> None:
    rng = np.random.default_rng(1)
    a, b = (rng.standard_normal((n, 8)).astype(np.float32) for n in (5, 3))
    np.testing.assert_allclose(kernel.product_sizes(b, a), np.abs(b @ a.T), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("other", [FINETUNE, TWIN])
def test_reports_agree_on_every_device(other: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch on the processor stands for a graphics card."""
    plain = lineage_audit.compare(PARENT, other, effort="full")
    monkeypatch.setattr(kernels, "_kernel_for", lambda _: TorchKernel("cpu"))
    found = lineage_audit.compare(PARENT, other, effort="full", device="cuda")
    assert found.verdict.relation == plain.verdict.relation
    assert [o.kind for o in found.verdict.operations] == [o.kind for o in plain.verdict.operations]
    for ours, theirs in zip(plain.evidence, found.evidence, strict=True):
        assert theirs.status == ours.status
        for got, expected in ((theirs.effect, ours.effect), (theirs.log10_p, ours.log10_p)):
            assert got is expected or got == pytest.approx(expected, rel=1e-4, abs=1e-4)
    for ours, theirs in zip(plain.weights.roles, found.weights.roles, strict=True):
        assert theirs.correlation == pytest.approx(ours.correlation, abs=1e-4)
        assert theirs.copied_share == pytest.approx(ours.copied_share, abs=1e-4)


def test_checks_agree_on_every_device(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = lineage_audit.check(FINETUNE, [PARENT], effort="full")
    asked: list[str] = []
    monkeypatch.setattr(kernels, "_kernel_for", lambda device: asked.append(device) or TorchKernel("cpu"))
    found = lineage_audit.check(FINETUNE, [PARENT], effort="full", device="cuda")
    assert asked == ["cuda"]
    assert (found.outcome, [f.rule_id for f in found.findings]) == (plain.outcome, [f.rule_id for f in plain.findings])
    for ours, theirs in zip(plain.references, found.references, strict=True):
        assert theirs.relation == ours.relation
        assert theirs.derived_share == pytest.approx(ours.derived_share, abs=1e-4)


@pytest.mark.parametrize("asked", [("compare", PARENT, FINETUNE), ("check", FINETUNE, "--reference", PARENT)])
def test_a_machine_without_a_card_is_told_so_in_one_line(
    asked: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a card here")
    assert run([*asked, "--device", "cuda"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "leave out --device cuda" in said


def test_without_pytorch_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(LineageAuditError, match=r"lineage-audit\[torch\]"), kernels.computing_on("cuda"):
        pass
