"""Decoding of stored elements, against PyTorch's own."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lineage_audit.checkpoint.dtypes import BITS, EXACT_BITS, READABLE, decode
from lineage_audit.errors import UnsupportedFormatError
from tests.checkpoint.formats.torch_files import TORCH_DTYPES


@pytest.mark.parametrize("dtype", sorted(READABLE))
def test_every_readable_type_decodes_as_pytorch_does(dtype: str) -> None:
    raw = np.random.default_rng(1).integers(0, 256, 4096, dtype=np.uint8)
    if dtype == "BOOL":
        raw &= 1
    if BITS[dtype] == 8:
        raw[:256] = np.arange(256) if dtype != "BOOL" else 0
    expected = torch.frombuffer(bytearray(raw.tobytes()), dtype=TORCH_DTYPES[dtype]).to(torch.float32).numpy()
    decoded = decode(raw.tobytes(), dtype)
    assert decoded.dtype == np.float32
    np.testing.assert_array_equal(decoded, expected)


@pytest.mark.parametrize("dtype", sorted(set(BITS) - READABLE))
def test_other_types_are_refused_in_one_line(dtype: str) -> None:
    with pytest.raises(UnsupportedFormatError, match=dtype) as error:
        decode(b"\x00" * 16, dtype)
    assert "\n" not in str(error.value)


def test_infinities_and_subnormals_survive() -> None:
    values = torch.tensor([float("inf"), -float("inf"), float("nan"), 2**-24, 65504.0], dtype=torch.float16)
    raw = values.view(torch.uint8).numpy().tobytes()
    np.testing.assert_array_equal(decode(raw, "F16"), values.float().numpy())


def test_a_double_beyond_float32_becomes_infinite_without_a_warning() -> None:
    with np.errstate(all="raise"):
        assert np.isinf(decode(np.array([1e300]).tobytes(), "F64"))[0]


@pytest.mark.parametrize("dtype", sorted(EXACT_BITS))
def test_the_stated_precision_is_that_of_the_type(dtype: str) -> None:
    assert torch.finfo(TORCH_DTYPES[dtype]).eps == 2.0 ** -EXACT_BITS[dtype]
