"""Rows of tensor references: any layout, any rows, as few bytes as it takes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage_audit.checkpoint.reading import RowRequest, is_readable, read_rows
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import Part, RowLayout, StoredTensor, TensorRef, contiguous
from tests.checkpoint.memory_source import MemorySource

VALUES = np.random.default_rng(1).standard_normal((12, 6)).astype(np.float32)
SOURCE = MemorySource({"f": b"\xff" * 16 + VALUES.tobytes()})


def _stored(shape: tuple[int, ...], strides: tuple[int, ...] | None = None, start: int = 16) -> StoredTensor:
    return StoredTensor("x", "F32", shape, "f", start, start + 4 * int(np.prod(shape, dtype=int)), strides)


def _ref(shape: tuple[int, ...], *parts: Part, axis: int = 0, quantization: str | None = None) -> TensorRef:
    return TensorRef("x", Role.OTHER, "weight", None, None, shape, "F32", quantization, "f", parts, axis)  # type: ignore[arg-type]


def _read(ref: TensorRef, rows: list[int]) -> np.ndarray:
    return read_rows(SOURCE, [RowRequest(ref, np.array(rows, dtype=np.int64))])[0]


PLAIN = _ref((12, 6), Part(_stored((12, 6)), contiguous(12)))


@given(st.lists(st.integers(0, 11), max_size=30))
def test_any_rows_in_any_order_and_repeated(rows: list[int]) -> None:
    np.testing.assert_array_equal(_read(PLAIN, rows), VALUES[rows].reshape(-1, 6))


def test_close_rows_share_a_read_and_distant_ones_do_not() -> None:
    values = np.arange(100 * 16384, dtype=np.float32).reshape(100, 16384)
    source = MemorySource({"f": values.tobytes()})
    ref = _ref(values.shape, Part(_stored(values.shape, start=0), contiguous(100)))
    rows = np.array([0, 2, 99], dtype=np.int64)
    np.testing.assert_array_equal(read_rows(source, [RowRequest(ref, rows)])[0], values[rows])
    assert source.bytes_read == 4 * 65536


def test_short_rows_between_two_are_read_along() -> None:
    values = np.arange(4000, dtype=np.float32).reshape(1000, 4)
    source = MemorySource({"f": values.tobytes()})
    ref = _ref(values.shape, Part(_stored(values.shape, start=0), contiguous(1000)))
    rows = np.array([0, 2, 999], dtype=np.int64)
    np.testing.assert_array_equal(read_rows(source, [RowRequest(ref, rows)])[0], values[rows])
    assert source.bytes_read == 1000 * 16


def test_a_transposed_matrix_gives_its_columns() -> None:
    ref = _ref((6, 12), Part(_stored((12, 6)), contiguous(6), transposed=True))
    np.testing.assert_array_equal(_read(ref, [5, 0]), VALUES.T[[5, 0]])


def test_one_matrix_of_a_stack() -> None:
    stack = VALUES.reshape(3, 4, 6)
    straight = _ref((4, 6), Part(_stored((3, 4, 6)), contiguous(4), index=2))
    turned = _ref((6, 4), Part(_stored((3, 4, 6)), contiguous(6), index=1, transposed=True))
    np.testing.assert_array_equal(_read(straight, [3, 1]), stack[2][[3, 1]])
    np.testing.assert_array_equal(_read(turned, [3, 1]), stack[1].T[[3, 1]])


def test_rows_that_are_interleaved_in_the_file() -> None:
    """Two groups of six stored rows, of which the role has rows one and three of each."""
    ref = _ref((4, 6), Part(_stored((12, 6)), RowLayout(1, (2, 2), (6, 2))))
    np.testing.assert_array_equal(_read(ref, [0, 1, 2, 3]), VALUES[[1, 3, 7, 9]])


def test_parts_joined_by_rows() -> None:
    top, bottom = Part(_stored((4, 6)), contiguous(4)), Part(_stored((8, 6), start=16 + 4 * 24), contiguous(8))
    np.testing.assert_array_equal(_read(_ref((12, 6), top, bottom), [11, 3, 4, 0]), VALUES[[11, 3, 4, 0]])


def test_parts_joined_by_columns() -> None:
    left, right = (Part(_stored((6, 6), start=16 + 144 * i), contiguous(6)) for i in (0, 1))
    joined = np.concatenate([VALUES[:6], VALUES[6:]], axis=1)
    np.testing.assert_array_equal(_read(_ref((6, 12), left, right, axis=1), [4, 1]), joined[[4, 1]])


def test_strides_of_a_view() -> None:
    """Stored column by column, as a transposed view that PyTorch saved."""
    ref = _ref((6, 12), Part(_stored((6, 12), strides=(1, 6)), contiguous(6)))
    np.testing.assert_array_equal(_read(ref, [2, 5]), VALUES.T[[2, 5]])


@pytest.mark.parametrize("shape", [(72,), (3, 4, 6)])
def test_other_numbers_of_axes(shape: tuple[int, ...]) -> None:
    ref = _ref(shape, Part(_stored(shape), contiguous(shape[0])))
    np.testing.assert_array_equal(_read(ref, [2, 0]), VALUES.reshape(shape)[[2, 0]])


@pytest.mark.parametrize("shape", [(0, 6), (4, 0), (0,)])
def test_empty_tensors(shape: tuple[int, ...]) -> None:
    ref = _ref(shape, Part(_stored(shape), contiguous(shape[0])))
    assert _read(ref, list(range(shape[0]))).shape == shape


def test_many_requests_keep_their_order() -> None:
    turned = _ref((6, 12), Part(_stored((12, 6)), contiguous(6), transposed=True))
    requests = [RowRequest(PLAIN, np.array([7])), RowRequest(turned, np.array([1, 0])), RowRequest(PLAIN, np.array([]))]
    first, second, third = read_rows(SOURCE, [RowRequest(r.tensor, r.rows.astype(np.int64)) for r in requests])
    np.testing.assert_array_equal(first, VALUES[[7]])
    np.testing.assert_array_equal(second, VALUES.T[[1, 0]])
    assert third.shape == (0, 6)


def test_what_is_packed_without_an_encoding_is_not_readable() -> None:
    assert is_readable(PLAIN)
    packed = StoredTensor("x", "F4", (12, 6), "f", 0, 36)
    assert not is_readable(_ref((12, 6), Part(packed, contiguous(12))))
